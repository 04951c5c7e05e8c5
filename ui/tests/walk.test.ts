/**
 * Every control of every screen does something: it is clicked, and either a command reaches the core or what is shown
 * changes. What does nothing yet is not there.
 */
import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError } from '$lib/platform';
import type { FakeWorld } from '$lib/platform/fake/world';
import { SETTINGS_PAGES } from '$lib/state/views.svelte';
import { open, row, start, type User } from './app';

interface Screen {
  name: string;
  options?: Parameters<typeof start>[0];
  prepare?: (world: FakeWorld) => void;
  go: (user: User, world: FakeWorld) => Promise<unknown>;
}

const refusal = (code: string) => new CommandError({ code, message: `Motivo de ${code}.`, source: 'store', retryable: false });
const click = async (user: User, id: string) => user.click(await screen.findByTestId(id));

const SCREENS: Screen[] = [
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
  { name: 'chat, nothing open', go: () => row(1) },
  {
    name: 'chat, a conversation',
    go: async (user) => {
      await open(user, 1);
      // Nothing is in the field: the button that sends is not there to be pressed.
      await user.type(screen.getByTestId('composer'), 'Hola');
    },
  },
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

const CONTROLS =
  'button, a[href], select, input[type="checkbox"], input[type="radio"], [role="option"], [role^="menuitem"], [role="tab"], [role="link"]';

/** What is chosen already does nothing when chosen again; the rest has to. */
const chosen = (element: Element) =>
  element.matches('[aria-current]:not([data-testid="conversation-row"]):not([data-testid="nav-chat"]), [aria-pressed="true"], :checked[type="radio"]');

const reachable = (element: Element) =>
  element.closest('[inert], [aria-hidden="true"], [hidden]') === null && !element.matches(':disabled, [aria-disabled="true"], [data-disabled]');

/** While a dialog or a menu is open, what lies behind it cannot be clicked. */
function controls(): HTMLElement[] {
  const over = [...document.querySelectorAll('[role="dialog"][data-state="open"], [role="menu"][data-state="open"]')].at(-1);
  return [...(over ?? document.body).querySelectorAll<HTMLElement>(CONTROLS)].filter((element) => reachable(element) && !chosen(element));
}

/** The same control on another screen, or another row of the same kind, is clicked once. */
function nameOf(element: HTMLElement): string {
  const id = element.dataset.testid ?? element.closest<HTMLElement>('[data-testid]')?.dataset.testid ?? '';
  const repeated = ['conversation-row', 'search-hit', 'palette-option'].includes(id);
  const label = element.getAttribute('aria-label') ?? (element as HTMLInputElement).labels?.[0]?.textContent ?? element.textContent;
  return repeated ? id : `${id} ${element.tagName} ${label.replace(/\s+/g, ' ').trim()}`;
}

function state(world: FakeWorld): string {
  const fields = [...document.querySelectorAll<HTMLInputElement>('input, textarea, select')].map(({ value, checked }) => `${value} ${checked}`);
  const focus = [...document.querySelectorAll('*')].indexOf(document.activeElement ?? document.body);
  const { outerHTML } = document.documentElement;
  return JSON.stringify([world.calls.length, world.opened.length, world.focus, focus, fields, outerHTML.replace(/bits-c?\d+|\bc\d+\b/g, '')]);
}

/** The state once nothing moves any more. */
async function settled(world: FakeWorld): Promise<string> {
  let before = '';
  for (let looks = 0; looks < 20; looks += 1) {
    await new Promise((next) => setTimeout(next, 25));
    const now = state(world);
    if (now === before) return now;
    before = now;
  }
  return before;
}

async function enter({ options, prepare, go }: Screen) {
  const { world, user } = start({ ...options }, prepare);
  await go(user, world);
  await settled(world);
  return { world, user };
}

async function press(user: User, element: HTMLElement) {
  if (!(element instanceof HTMLSelectElement)) return user.click(element);
  const other = [...element.options].find((option) => option.value !== element.value);
  await user.selectOptions(element, other?.value ?? []);
}

const walked = new Set<string>();

describe('every control does something', () => {
  test.each(SCREENS)('$name', { timeout: 240_000 }, async (place) => {
    await enter(place);
    const names = [...new Set(controls().map(nameOf))];
    expect(names.length).toBeGreaterThan(0);
    const idle: string[] = [];
    for (const name of names.filter((candidate) => !walked.has(candidate))) {
      cleanup();
      localStorage.clear();
      const { world, user } = await enter(place);
      const control = controls().find((element) => nameOf(element) === name);
      // A control that is there only sometimes is not one a screen is judged by.
      if (!control) continue;
      const before = await settled(world);
      await press(user, control);
      await waitFor(() => expect(state(world)).not.toBe(before), { timeout: 1500 }).catch(() => idle.push(name));
      walked.add(name);
    }
    expect(idle).toEqual([]);
  });

  test('and nothing is left out of the walk', () => {
    expect(walked.size).toBeGreaterThan(80);
  });
});
