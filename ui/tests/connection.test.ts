import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError } from '$lib/platform';
import { connectionOf } from '$lib/platform/fake/world';
import { accessible, callsOf, open, row, start } from './app';

describe('connection and session', () => {
  test.each([
    ['online', 'En línea', null],
    ['connecting', 'Conectando', null],
    ['syncing', 'Poniendo al día', 'syncing-banner'],
    ['polling', 'Consultando', null],
    ['offline', 'Sin conexión', 'offline-banner'],
    ['stopped', 'Sesión cerrada', null],
  ] as const)('%s is shown', async (state, words, banner) => {
    const since = new Date(Date.now() - 5_000);
    start({}, (world) => {
      world.connection = { ...connectionOf(state, since), progress: state === 'syncing' ? [18, 31] : null };
    });
    const pill = await screen.findByTestId('connection-state');
    expect(pill).toHaveAttribute('data-state', state);
    expect(pill).toHaveTextContent(words);
    if (banner) expect(await screen.findByTestId(banner)).toBeInTheDocument();
    else expect(screen.queryByTestId('offline-banner')).toBeNull();
    if (state === 'syncing') expect(screen.getByTestId('syncing-banner')).toHaveTextContent('18 de 31 conversaciones');
    await accessible();
  });

  test('offline, the operator can ask for a retry', async () => {
    const { world, user } = start({}, (fake) => (fake.connection = connectionOf('offline', new Date())));
    await user.click(within(await screen.findByTestId('offline-banner')).getByRole('button'));
    expect(callsOf(world, 'reconnect_now')).toHaveLength(1);
  });

  test('an ended session can be browsed and leads to the password', async () => {
    const { world, user } = start({}, (fake) => (fake.session = { ...fake.session, state: 'expired' }));
    await open(user, 6);
    expect(screen.getByTestId('connection-state')).toHaveAttribute('data-state', 'stopped');
    await user.click(within(screen.getByTestId('session-banner')).getByRole('button', { name: 'Entrar' }));
    const dialog = await screen.findByRole('dialog');
    expect(dialog).toHaveTextContent('Distribuidora Los Cardones · CARDONES');
    await waitFor(() => expect(screen.getByTestId('login-password')).toHaveFocus());
    await accessible();
    await user.click(within(dialog).getByRole('button', { name: 'Seguir leyendo' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(screen.getByTestId('composer')).toBeInTheDocument();

    await user.click(within(screen.getByTestId('session-banner')).getByRole('button', { name: 'Entrar' }));
    await user.type(await screen.findByTestId('login-password'), 'otra{Enter}');
    expect(await screen.findByTestId('login-error')).toHaveTextContent('El código o la contraseña no coinciden.');
    await user.clear(screen.getByTestId('login-password'));
    await user.type(screen.getByTestId('login-password'), 'condor{Enter}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(screen.queryByTestId('session-banner')).toBeNull();
    expect(world.session.state).toBe('signedIn');
    expect(screen.getByTestId('composer')).toBeInTheDocument();
  });

  test('a pause the server asks for is told until it ends', async () => {
    const until = new Date(Date.now() + 90_000);
    const { world } = start({}, (fake) => {
      fake.connection = { ...connectionOf('online', new Date()), limitedUntil: until.toISOString() };
    });
    const banner = await screen.findByTestId('limited-banner');
    expect(banner).toHaveTextContent(/El servidor pide una pausa hasta las \d\d:\d\d\./);
    expect(screen.getByTestId('connection-state')).toHaveAttribute('data-state', 'limited');
    expect(screen.getByTestId('connection-state')).toHaveTextContent('En pausa');
    await accessible();
    world.setConnection('online', { limitedUntil: new Date(Date.now() - 1).toISOString() });
    await waitFor(() => expect(screen.queryByTestId('limited-banner')).toBeNull());
    expect(screen.getByTestId('connection-state')).toHaveTextContent('En línea');
  });

  test('offline, the next attempt is counted down', async () => {
    start({}, (fake) => {
      fake.connection = { ...connectionOf('offline', new Date()), nextRetryAt: new Date(Date.now() + 12_000).toISOString() };
    });
    expect(await screen.findByTestId('offline-banner')).toHaveTextContent(/Reintento en 1\d s/);
  });

  test('one thing is told at a time: the session before WhatsApp, WhatsApp before the rest', async () => {
    const { world } = start({}, (fake) => {
      fake.session = { ...fake.session, state: 'expired' };
      fake.connection = connectionOf('offline', new Date());
    });
    await screen.findByTestId('session-banner');
    world.setWhatsapp({ state: 'disconnected' });
    expect(screen.queryByTestId('whatsapp-banner')).toBeNull();
    world.setSession('signedIn');
    await screen.findByTestId('whatsapp-banner');
    expect(screen.queryByTestId('offline-banner')).toBeNull();
    world.setWhatsapp({ state: 'connected' });
    await screen.findByTestId('offline-banner');
  });

  test('what fails elsewhere is told with the way to it; what is on the screen is not', async () => {
    const { world, user } = start();
    await open(user, 6);
    const failing = async (conversationId: number) => {
      const { localId } = await world.call('send_text', { conversationId, text: 'Va' });
      world.settle(localId, 'failed');
    };
    await failing(6);
    await failing(11);
    const notice = await screen.findByTestId('notice');
    expect(notice).toHaveTextContent('No se envió un mensaje a Estela Mamaní.');
    expect(screen.getAllByTestId('notice')).toHaveLength(1);
    await accessible();
    await user.click(within(notice).getByRole('button', { name: 'Ver' }));
    await waitFor(() => expect(screen.getByRole('heading', { level: 2 })).toHaveTextContent('Estela Mamaní'));
    expect(screen.queryByTestId('notice')).toBeNull();
  });

  test('another company sees nothing of the one before', async () => {
    const { world, user } = start({}, (fake) => (fake.session = { ...fake.session, state: 'expired' }));
    await open(user, 6);
    await user.keyboard('a medias');
    let release = () => {};
    world.holds.set('list_conversations', new Promise((resolve) => (release = resolve)));

    const account = { id: 8, clientCode: 'OTRA', companyName: 'Otra', email: null, phone: null, isAdmin: false };
    world.emit('session', { state: 'signedIn', account, backend: null });

    await screen.findByTestId('no-conversation');
    expect(screen.queryAllByTestId('conversation-row')).toEqual([]);
    release();
    await row(1);
    expect(callsOf(world, 'save_draft')).toEqual([]);
  });

  test('what could not be read offline is read when the connection is back', async () => {
    const { world, user } = start({}, (fake) => (fake.connection = connectionOf('offline', new Date())));
    world.failures.set('list_messages', new CommandError({ code: 'offline', message: 'Sin red.', source: 'network', retryable: true }));
    await user.click(await row(6));
    expect(await screen.findByTestId('thread-failed')).toHaveTextContent('Sin red.');
    await accessible();
    world.setConnection('online');
    await waitFor(() => expect(screen.getAllByTestId('message').length).toBeGreaterThan(0));
  });
});
