import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { accessible, callsOf, composer, open, row, start } from './app';

describe('the contact panel', () => {
  test('opens with its key, tells what is known, is remembered, and closes', async () => {
    const { user } = start();
    await open(user, 2);
    expect(screen.queryByTestId('contact-panel')).toBeNull();
    await user.keyboard('{Control>}i{/Control}');
    const panel = await screen.findByTestId('contact-panel');
    expect(panel).toHaveTextContent('Almacén El Trébol');
    expect(panel).toHaveTextContent('+54 9 387 411-0023');
    expect(panel).toHaveTextContent('Mayorista');
    expect(panel).toHaveTextContent(/Espera respuesta hace\s*1 h 1\d/);
    expect(panel).toHaveTextContent('Primer mensaje');
    expect(localStorage.getItem('condorito.contact-panel')).toBe('open');
    expect(within(panel).getByTestId('contact-close')).toHaveAttribute('title', 'Cerrar el contacto (Ctrl I)');
    await accessible();

    await user.click(within(panel).getByTestId('contact-copy'));
    expect(await navigator.clipboard.readText()).toBe('+5493874110023');

    await user.click(within(panel).getByTestId('contact-close'));
    expect(screen.queryByTestId('contact-panel')).toBeNull();
    expect(composer()).toHaveFocus();
    expect(localStorage.getItem('condorito.contact-panel')).toBeNull();
  });

  test('says nothing of a first message that is not known', async () => {
    const { user } = start();
    await open(user, 1);
    await user.click(screen.getByTestId('contact-toggle'));
    expect(await screen.findByTestId('contact-panel')).not.toHaveTextContent('Primer mensaje');
  });

  test('silences, says until when, and brings the notices back', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.click(screen.getByTestId('contact-toggle'));
    await user.click(await screen.findByTestId('contact-mute'));
    await user.click(await screen.findByText('1 hora'));
    expect(callsOf(world, 'mute')).toEqual([{ conversationId: 6, minutes: 60 }]);
    await waitFor(() => expect(screen.getByTestId('contact-panel')).toHaveTextContent(/Silenciada hasta/));
    await accessible();
    await user.click(screen.getByTestId('contact-unmute'));
    expect(callsOf(world, 'unmute')).toEqual([{ conversationId: 6 }]);
    await waitFor(() => expect(screen.getByTestId('contact-panel')).not.toHaveTextContent(/Silenciada/));
  });

  test('deletes after a yes', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.click(screen.getByTestId('contact-toggle'));
    await user.click(await screen.findByTestId('contact-delete'));
    await user.click(await screen.findByTestId('delete-confirm'));
    expect(callsOf(world, 'delete_conversation')).toEqual([{ conversationId: 6 }]);
    await waitFor(() => expect(screen.queryByTestId('contact-panel')).toBeNull());
    await row(1);
  });
});
