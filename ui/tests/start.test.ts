import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError } from '$lib/platform';
import type { FakeWorld } from '$lib/platform/fake/world';
import { accessible, callsOf, row, start } from './app';

const fault = (code: string) => new CommandError({ code, message: `Motivo de ${code}.`, source: 'store', retryable: false });

/** A start in which the core could not open the account of last time. */
const broken = (code: string) =>
  start({ signedIn: false }, (world: FakeWorld) => world.failures.set('conversation_counts', fault(code)));

describe('a start that fails', () => {
  test.each([
    ['keyring_locked', 'El llavero está bloqueado', []],
    ['keyring_missing', 'Falta un llavero de claves', []],
    ['key_missing', 'Falta la clave de tus datos', ['start-enter', 'start-remove']],
    ['store_damaged', 'Los datos guardados están dañados', ['start-remove']],
    ['store_newer', 'Los datos son de una versión más nueva', ['start-remove']],
    ['store_busy', 'Ya está abierto en otro lado', []],
    ['store_read_only', 'No se puede escribir en la carpeta de datos', []],
    ['disk_full', 'No queda lugar en el disco', []],
    ['store_fault', 'No se pudo abrir', []],
  ])('by %s says so, with what can be done', async (code, title, actions) => {
    broken(code);
    expect(await screen.findByRole('heading', { level: 1 })).toHaveTextContent(title);
    expect(screen.getByRole('alert')).toHaveTextContent(`Motivo de ${code}.`);
    expect(screen.getByRole('button', { name: 'Reintentar' })).toBeInTheDocument();
    for (const id of ['start-enter', 'start-remove']) {
      if (actions.includes(id)) expect(screen.getByTestId(id)).toBeInTheDocument();
      else expect(screen.queryByTestId(id)).toBeNull();
    }
    await accessible();
  });

  test('is tried again by what opens the account', async () => {
    const { world, user } = broken('keyring_locked');
    await screen.findByTestId('start-failure');
    world.session = { ...world.session, state: 'signedIn', account: { id: 7, clientCode: 'X', companyName: 'Y', email: null, phone: null, isAdmin: false } };
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await row(1);
    expect(callsOf(world, 'reconnect_now')).toHaveLength(1);
  });

  test('leads to the sign-in page, which can leave the old data aside', async () => {
    const { world, user } = broken('key_missing');
    await user.click(await screen.findByTestId('start-enter'));
    world.failures.set('login', fault('key_missing'));
    await user.type(await screen.findByTestId('login-code'), 'cardones');
    await user.type(screen.getByTestId('login-password'), 'condor{Enter}');
    expect(await screen.findByTestId('login-error')).toHaveTextContent('Falta la clave de lo guardado en esta computadora.');
    await accessible();
    await user.click(screen.getByTestId('login-set-aside'));
    await row(1);
    expect(callsOf(world, 'login').map((args) => (args as { setAside?: boolean }).setAside)).toEqual([undefined, true]);
  });

  test('can end in removing what cannot be opened, after a yes', async () => {
    const { world, user } = broken('store_damaged');
    await user.click(await screen.findByTestId('start-remove'));
    const dialog = await screen.findByRole('dialog');
    expect(dialog).toHaveTextContent('Los borradores y lo que no se envió se pierden.');
    await waitFor(() => expect(within(dialog).getByRole('button', { name: 'Cancelar' })).toHaveFocus());
    expect(callsOf(world, 'logout')).toEqual([]);
    await user.click(screen.getByTestId('start-remove-confirm'));
    expect(await screen.findByTestId('login-submit')).toBeInTheDocument();
    expect(callsOf(world, 'logout')).toEqual([{ wipe: true }]);
  });

  test('in any other way is said too', async () => {
    const { user } = start({}, (world) => world.failures.set('session_status', fault('internal')));
    expect(await screen.findByText('Motivo de internal.')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await row(1);
  });
});
