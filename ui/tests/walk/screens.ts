/** Every screen of the app, and the way there. */
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect } from 'vitest';
import { CommandError } from '$lib/platform';
import { SETTINGS_PAGES } from '$lib/state/views.svelte';
import { open, row } from '../app';
import { CHAT } from './chat';
import { click, type Screen } from './walking';

const refusal = (code: string) => new CommandError({ code, message: `Motivo de ${code}.`, source: 'store', retryable: false });

export const SCREENS: readonly Screen[] = [
  { name: 'sign-in', options: { signedIn: false }, go: () => screen.findByTestId('login-submit') },
  {
    name: 'sign-in, unreachable',
    options: { signedIn: false },
    prepare: (world) => world.failures.set('login', refusal('unreachable')),
    go: async (user) => {
      await click(user, 'login-demo');
      await screen.findByTestId('login-error');
    },
  },
  { name: 'proxy at sign-in', options: { signedIn: false }, go: (user) => click(user, 'login-network') },
  {
    name: 'a start that fails',
    options: { signedIn: false },
    prepare: (world) => world.failures.set('conversation_counts', refusal('key_missing')),
    go: () => screen.findByTestId('start-failure'),
  },
  ...CHAT,
  {
    name: 'search',
    go: async (user) => {
      await row(1);
      await user.type(screen.getByTestId('conversation-search'), 'presupuesto');
      await screen.findAllByTestId('search-hit');
    },
  },
  {
    name: 'session ended',
    prepare: (world) => (world.session = { ...world.session, state: 'expired' }),
    go: () => screen.findByTestId('session-banner'),
  },
  {
    name: 'password',
    prepare: (world) => (world.session = { ...world.session, state: 'expired' }),
    go: async (user) => {
      await user.click(within(await screen.findByTestId('session-banner')).getByRole('button'));
      await user.type(await screen.findByTestId('login-password'), 'condor');
    },
  },
  {
    name: 'offline',
    prepare: (world) => world.setConnection('offline'),
    go: () => screen.findByTestId('offline-banner'),
  },
  {
    name: 'a failure elsewhere',
    go: async (user, world) => {
      await open(user, 6);
      const { localId } = await world.call('send_text', { conversationId: 11, text: 'Va' });
      world.settle(localId, 'failed');
      await screen.findByTestId('notice');
    },
  },
  { name: 'palette', go: async (user) => (await row(1), click(user, 'open-palette'), screen.findAllByTestId('palette-option')) },
  {
    name: 'keys',
    go: async (user) => {
      await row(1);
      await user.keyboard('{Control>}/{/Control}');
      await screen.findByRole('dialog');
    },
  },
  { name: 'WhatsApp linked', go: (user) => click(user, 'nav-whatsapp') },
  {
    name: 'WhatsApp lost',
    prepare: (world) => world.setWhatsapp({ state: 'disconnected' }),
    go: (user) => click(user, 'nav-whatsapp'),
  },
  {
    name: 'WhatsApp being linked',
    prepare: (world) => world.setWhatsapp({ state: 'waiting_qr' }),
    go: (user) => click(user, 'nav-whatsapp'),
  },
  { name: 'WhatsApp unknown', prepare: (world) => world.setWhatsapp({ state: 'unknown' }), go: (user) => click(user, 'nav-whatsapp') },
  {
    name: 'unlinking',
    go: async (user) => {
      await click(user, 'nav-whatsapp');
      await click(user, 'whatsapp-unlink');
      await screen.findByRole('dialog');
    },
  },
  ...SETTINGS_PAGES.map(
    (page): Screen => ({
      name: `settings, ${page}`,
      prepare: (world) => {
        world.settings = { ...world.settings, quietHours: { from: '20:00', to: '08:00' }, startAtLogin: true, proxy: 'http://p.example:1' };
        void world.call('mute', { conversationId: 6, minutes: null });
      },
      go: async (user) => {
        await click(user, 'nav-settings');
        await click(user, `settings-${page}`);
        await waitFor(() => expect(screen.queryByText('Cargando')).toBeNull());
      },
    }),
  ),
  {
    name: 'signing out',
    go: async (user) => {
      await click(user, 'nav-settings');
      await click(user, 'sign-out');
      await screen.findByRole('dialog');
    },
  },
  {
    name: 'emptying the cache',
    go: async (user) => {
      await click(user, 'nav-settings');
      await click(user, 'settings-data');
      await click(user, 'clear-cache');
      await screen.findByRole('dialog');
    },
  },
];
