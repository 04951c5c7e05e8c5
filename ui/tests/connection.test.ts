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
    expect(await screen.findByTestId('login-code')).toHaveValue('CARDONES');
    await user.click(screen.getByRole('button', { name: 'Volver a leer sin entrar' }));
    await row(1);
    await user.click(within(screen.getByTestId('session-banner')).getByRole('button', { name: 'Entrar' }));
    await user.type(await screen.findByTestId('login-password'), 'condor{Enter}');
    await row(1);
    expect(screen.queryByTestId('session-banner')).toBeNull();
    expect(world.session.state).toBe('signedIn');
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

  test('a start that fails says why and can be tried again', async () => {
    const failure = new CommandError({ code: 'keyring_locked', message: 'El llavero está bloqueado.', source: 'secrets', retryable: true });
    const { user } = start({}, (world) => world.failures.set('session_status', failure));
    expect(await screen.findByText('El llavero está bloqueado.')).toBeInTheDocument();
    await accessible();
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await row(1);
  });
});
