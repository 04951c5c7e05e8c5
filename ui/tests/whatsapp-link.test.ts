import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError, type WhatsappState } from '$lib/platform';
import { qrPicture } from '$features/whatsapp/qr';
import { accessible, callsOf, row, start } from './app';

describe('the link to WhatsApp', () => {
  test('is shown with its number, and cut only after a yes', async () => {
    const { world, user } = start();
    await row(1);
    expect(screen.queryByTestId('whatsapp-banner')).toBeNull();
    await user.click(screen.getByTestId('nav-whatsapp'));
    const state = await screen.findByTestId('whatsapp-state');
    expect(state).toHaveTextContent('WhatsApp vinculado');
    expect(state).toHaveTextContent('+54 9 387 411-2233');
    await accessible();
    await user.click(screen.getByTestId('whatsapp-unlink'));
    const dialog = await screen.findByRole('dialog');
    await waitFor(() => expect(within(dialog).getByRole('button', { name: 'Cancelar' })).toHaveFocus());
    expect(callsOf(world, 'whatsapp_disconnect')).toEqual([]);
    await user.click(screen.getByTestId('whatsapp-unlink-confirm'));
    await waitFor(() => expect(screen.getByTestId('whatsapp-state')).toHaveAttribute('data-state', 'disconnected'));
    expect(screen.getByTestId('nav-whatsapp')).toHaveAccessibleName('WhatsApp, sin vincular');
  });

  test('is made with a code, asked for once', async () => {
    const { world, user } = start({}, (fake) => (fake.whatsapp = { state: 'disconnected', phone: null, qr: null, reason: 'LOGOUT' }));
    await row(1);
    const banner = await screen.findByTestId('whatsapp-banner');
    expect(banner).toHaveTextContent('WhatsApp no está vinculado.');
    await user.click(within(banner).getByRole('button', { name: 'Vincular…' }));
    const state = await screen.findByTestId('whatsapp-state');
    expect(screen.queryByTestId('whatsapp-banner')).toBeNull();
    expect(state).toHaveTextContent('Motivo según el servidor: LOGOUT');
    await user.click(screen.getByTestId('whatsapp-link'));
    const code = await screen.findByTestId('whatsapp-qr');
    expect(code).toHaveAttribute('src', expect.stringMatching(/^data:image\/png;base64,/));
    // A second attempt would kill the first: there is no way to begin one here.
    expect(screen.queryByTestId('whatsapp-link')).toBeNull();
    expect(callsOf(world, 'whatsapp_connect')).toHaveLength(1);
    await accessible();

    world.setWhatsapp({ state: 'authenticated' });
    await waitFor(() => expect(screen.getByTestId('whatsapp-state')).toHaveTextContent('Código aceptado.'));
    world.setWhatsapp({ state: 'connected', phone: '5493874112233' });
    await waitFor(() => expect(screen.getByTestId('whatsapp-state')).toHaveTextContent('WhatsApp vinculado'));
  });

  test('waiting for a scan can be called off', async () => {
    const { world, user } = start({}, (fake) => (fake.whatsapp = { state: 'waiting_qr', phone: null, qr: null, reason: null }));
    await row(1);
    await user.click(screen.getByTestId('nav-whatsapp'));
    await user.click(await screen.findByTestId('whatsapp-cancel'));
    expect(callsOf(world, 'whatsapp_disconnect')).toHaveLength(1);
    await waitFor(() => expect(screen.getByTestId('whatsapp-state')).toHaveAttribute('data-state', 'disconnected'));
  });

  test.each<[WhatsappState, string]>([
    ['unknown', 'Todavía no se sabe'],
    ['not_initialized', 'El servidor no tiene ningún teléfono vinculado.'],
    ['initializing', 'Pidiendo el código.'],
    ['qr_expired', 'El código venció'],
    ['auth_failure', 'WhatsApp rechazó el vínculo'],
    ['error', 'WhatsApp no funciona'],
  ])('%s is put in words', async (state, words) => {
    const { user } = start({}, (fake) => (fake.whatsapp = { state, phone: null, qr: null, reason: null }));
    await row(1);
    await user.click(screen.getByTestId('nav-whatsapp'));
    await waitFor(() => expect(screen.getByTestId('whatsapp-state')).toHaveTextContent(words));
    await accessible();
  });

  test('cannot be made offline, and a refusal says why', async () => {
    const { world, user } = start({}, (fake) => (fake.whatsapp = { state: 'disconnected', phone: null, qr: null, reason: null }));
    await row(1);
    await user.click(screen.getByTestId('nav-whatsapp'));
    world.failures.set('whatsapp_connect', new CommandError({ code: 'server_fault', message: 'El servidor falló.', source: 'server', retryable: true }));
    await user.click(await screen.findByTestId('whatsapp-link'));
    expect(await screen.findByRole('alert')).toHaveTextContent('El servidor falló.');
    world.setConnection('offline');
    await waitFor(() => expect(screen.getByTestId('whatsapp-link')).toBeDisabled());
    expect(screen.getByText('Se puede cuando vuelva la conexión.')).toBeInTheDocument();
  });

  test('shows no picture that would be fetched', () => {
    expect(qrPicture('data:image/png;base64,AAAA')).toBe('data:image/png;base64,AAAA');
    for (const other of ['https://example.com/x.png', 'data:image/svg+xml;base64,AAAA', 'data:text/html,<b>', 'javascript:1', ' data:image/png;base64,A', null]) {
      expect(qrPicture(other)).toBeNull();
    }
  });
});
