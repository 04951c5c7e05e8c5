import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { CommandError } from '$lib/platform';
import { accessible, callsOf, composer, open, row, start } from './app';

describe('a conversation', () => {
  test('sends on Enter, breaks the line on Shift Enter, and keeps the focus', async () => {
    const { world, user } = start();
    await open(user, 6);
    expect(composer()).toHaveFocus();

    await user.keyboard('Hola{Shift>}{Enter}{/Shift}¿cómo va?{Enter}');

    await waitFor(() => expect(callsOf(world, 'send_text')).toEqual([{ conversationId: 6, text: 'Hola\n¿cómo va?' }]));
    expect(composer()).toHaveValue('');
    expect(composer()).toHaveFocus();
    await waitFor(() => expect(screen.getAllByTestId('message').at(-1)).toHaveTextContent('¿cómo va?'));
  });

  test('a row stays the same element from sending to sent', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.keyboard('Va{Enter}');
    const sending = await waitFor(() => {
      const last = screen.getAllByTestId('message').at(-1);
      expect(last).toHaveAttribute('data-state', 'sending');
      return last as HTMLElement;
    });

    world.settle(sending.dataset.localId ?? '', 'sent');

    await waitFor(() => expect(sending).toHaveAttribute('data-state', 'sent'));
    expect(sending).toBeInTheDocument();
    expect(Number(sending.dataset.id)).toBeGreaterThan(0);
  });

  test('a text the core did not keep goes back into the box', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.failures.set('send_text', new CommandError({ code: 'disk_full', message: 'No queda lugar en el disco.', source: 'store', retryable: true }));
    await user.keyboard('Importante{Enter}');
    expect(await screen.findByTestId('notice')).toHaveTextContent('No queda lugar en el disco.');
    expect(composer()).toHaveValue('Importante');
    await accessible();
  });

  test('a text longer than WhatsApp takes is refused before it is sent, one letter less goes', async () => {
    const { world, user } = start();
    await open(user, 6);
    // Letters outside of the basic plane count once, as WhatsApp counts them.
    await fireEvent.input(composer(), { target: { value: `${'a'.repeat(65_534)}🦅bc` } });
    expect(await screen.findByTestId('composer-too-long')).toHaveTextContent(
      'WhatsApp no acepta más de 65.536 caracteres por mensaje. Sobran 1: acortalo o mandalo en partes.',
    );
    expect(screen.getByTestId('composer-send')).toBeDisabled();
    await user.keyboard('{Enter}');
    expect(callsOf(world, 'send_text')).toEqual([]);
    await accessible();
    await fireEvent.input(composer(), { target: { value: `${'a'.repeat(65_534)}🦅b` } });
    await waitFor(() => expect(screen.queryByTestId('composer-too-long')).toBeNull());
    await user.keyboard('{Enter}');
    await waitFor(() => expect(callsOf(world, 'send_text')).toHaveLength(1));
    expect(composer()).toHaveValue('');
  });

  test('what comes fades in once, what was there does not', async () => {
    const { world, user } = start();
    await open(user, 6);
    expect(document.querySelector('.fresh')).toBeNull();
    world.receive(6, '¿Seguís ahí?');
    const came = await waitFor(() => {
      const last = screen.getAllByTestId('message').at(-1);
      expect(last).toHaveTextContent('¿Seguís ahí?');
      return last as HTMLElement;
    });
    expect(came).toHaveClass('fresh');
    expect(document.querySelectorAll('.fresh')).toHaveLength(1);
    await open(user, 2);
    await open(user, 6);
    expect(screen.getAllByTestId('message').at(-1)).toHaveTextContent('¿Seguís ahí?');
    expect(document.querySelector('.fresh')).toBeNull();
  });

  test('a draft is saved for its own conversation and comes back', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.keyboard('a medias');
    await open(user, 2);
    await waitFor(() => expect(callsOf(world, 'save_draft')).toEqual([{ conversationId: 6, text: 'a medias' }]));
    expect(composer()).toHaveValue('');
    await open(user, 6);
    await waitFor(() => expect(composer()).toHaveValue('a medias'));
  });

  test.each([
    ['queued', 1, 'En cola: sale cuando se envíe el anterior', ['Editar', 'Descartar']],
    ['unconfirmed', 1, 'No sabemos si salió. Fijate en el teléfono.', ['Enviar de nuevo', 'Descartar']],
    ['failed', 9, 'No se envió.', ['Reintentar', 'Descartar']],
  ])('a %s text says so, with what can be done', async (state, id, sentence, actions) => {
    const { world, user } = start();
    await open(user, id);
    const bubble = screen.getAllByTestId('message').find((element) => element.dataset.state === state);
    const trouble = bubble?.parentElement?.querySelector<HTMLElement>('[data-testid="message-trouble"]');
    expect(trouble).toHaveTextContent(sentence);
    const buttons = within(trouble as HTMLElement).getAllByRole('button');
    expect(buttons.map(({ textContent }) => textContent)).toEqual(actions);

    await user.click(buttons[0] as HTMLElement);
    const expected = state === 'queued' ? 'discard' : 'retry';
    expect(callsOf(world, expected)).toEqual([{ localId: bubble?.dataset.localId }]);
    if (state === 'queued') await waitFor(() => expect(composer()).toHaveValue('Mañana a primera hora sale con el reparto'));
  });

  test('draws marks as elements and asks before a link', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receive(6, '*fuerte* <b onclick="x">no</b> https://xn--bnk-ala.example/a');
    const last = await waitFor(() => {
      const found = screen.getAllByTestId('message').at(-1);
      expect(found).toHaveTextContent('fuerte');
      return found as HTMLElement;
    });
    expect(within(last).getByText('fuerte').tagName).toBe('B');
    expect(last).toHaveTextContent('<b onclick="x">no</b>');
    await user.click(within(last).getByRole('link'));
    expect(await screen.findByRole('dialog')).toHaveTextContent('xn--bnk-ala.example');
    expect(world.opened).toEqual([]);
    await accessible();
    await user.click(screen.getByTestId('link-open'));
    expect(world.opened).toEqual(['https://xn--bnk-ala.example/a']);
  });

  test('is read only when it is open, looked at, and at its end', async () => {
    const { world, user } = start();
    await row(2);
    expect(callsOf(world, 'mark_read')).toEqual([]);
    await open(user, 5);
    await waitFor(() => expect(callsOf(world, 'mark_read')).toEqual([{ conversationId: 5 }]));

    vi.spyOn(document, 'hasFocus').mockReturnValue(false);
    window.dispatchEvent(new Event('blur'));
    expect(world.focus).toEqual({ conversationId: 5, focused: false });
    world.receive(5, '¿Estás?');
    await waitFor(() => expect(screen.getByTestId('new-messages')).toHaveTextContent('1 mensaje nuevo'));
    expect(callsOf(world, 'mark_read')).toHaveLength(1);

    vi.mocked(document.hasFocus).mockReturnValue(true);
    window.dispatchEvent(new Event('focus'));
    await waitFor(() => expect(callsOf(world, 'mark_read')).toHaveLength(2));
  });

  test('new messages are read out', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receive(6, '*Hola* de nuevo');
    await waitFor(() => expect(screen.getByTestId('announcement')).toHaveTextContent('Kiosco Don Raúl: Hola de nuevo'));
  });

  test('the arrow reaches the last message and comes back', async () => {
    const { user } = start();
    await open(user, 6);
    await user.keyboard('{ArrowUp}');
    await waitFor(() => expect(document.activeElement).toBe(screen.getAllByTestId('message').at(-1)));
    await user.keyboard('{ArrowDown}');
    expect(composer()).toHaveFocus();
  });

  test('the bot is switched where it is shown', async () => {
    const { world, user } = start();
    await open(user, 6);
    const toggle = screen.getByTestId('bot-toggle');
    expect(toggle).toBeChecked();
    expect(screen.getByText(/El bot responde esta conversación/)).toBeInTheDocument();
    await user.click(toggle);
    expect(callsOf(world, 'set_bot')).toEqual([{ conversationId: 6, enabled: false }]);
    await waitFor(() => expect(toggle).not.toBeChecked());
    await accessible();
  });

  test('is deleted only after a yes', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.click(screen.getByTestId('conversation-menu'));
    await user.click(await screen.findByTestId('delete-conversation'));
    expect(await screen.findByRole('dialog')).toHaveTextContent('Kiosco Don Raúl');
    await accessible();
    await user.click(screen.getByRole('button', { name: 'Cancelar' }));
    expect(callsOf(world, 'delete_conversation')).toEqual([]);

    await user.click(screen.getByTestId('conversation-menu'));
    await user.click(await screen.findByTestId('delete-conversation'));
    await user.click(await screen.findByTestId('delete-confirm'));
    expect(callsOf(world, 'delete_conversation')).toEqual([{ conversationId: 6 }]);
    expect(await screen.findByTestId('no-conversation')).toBeInTheDocument();
  });

  test('is begun by number, with a warning for another country', async () => {
    const { world, user } = start();
    await row(1);
    await user.keyboard('{Control>}n{/Control}');
    await user.type(await screen.findByTestId('new-phone'), '+598');
    await user.click(screen.getByTestId('new-start'));
    expect(await screen.findByRole('alert')).toHaveTextContent('El número está incompleto');
    await user.type(screen.getByTestId('new-phone'), '99123456');
    expect(await screen.findByText(/No parece un número argentino/)).toBeInTheDocument();
    await accessible();
    await user.keyboard('{Enter}');
    await screen.findByText('Todavía no hay mensajes');
    expect(callsOf(world, 'start_conversation').at(-1)).toEqual({ phone: '+59899123456' });
    expect(screen.getByText(/El número no parece argentino/)).toBeInTheDocument();
    await accessible();
  });

  test('a number that is known leads to its conversation', async () => {
    const { world, user } = start();
    await row(1);
    await user.keyboard('{Control>}n{/Control}');
    await user.type(await screen.findByTestId('new-phone'), '387 455 0900');
    expect(await screen.findByText('Va a +54 9 387 455-0900')).toBeInTheDocument();
    await user.clear(screen.getByTestId('new-phone'));
    await user.type(screen.getByTestId('new-phone'), '387 422 0871');
    const existing = await screen.findByTestId('new-existing');
    expect(existing).toHaveTextContent('Kiosco Don Raúl');
    await accessible();
    await user.click(existing);
    await waitFor(() => expect(screen.getAllByRole('heading', { level: 2 })[0]).toHaveTextContent('Kiosco Don Raúl'));
    expect(callsOf(world, 'start_conversation')).toEqual([]);
  });

  test('opens from a notification', async () => {
    const { world } = start();
    await row(1);
    world.emit('open-conversation', { conversationId: 3, messageId: null });
    await waitFor(() => expect(screen.getByRole('heading', { level: 2 })).toHaveTextContent('Sofía Ledesma'));
    expect(world.focus?.conversationId).toBe(3);
  });

  test('a gap is marked, and filled on request', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.setGap(6, true);
    const gap = await screen.findByTestId('gap');
    await user.click(within(gap).getByRole('button', { name: 'Cargar' }));
    expect(callsOf(world, 'list_messages').some((args) => (args as { before?: string }).before !== undefined)).toBe(true);

    world.setConnection('offline');
    await waitFor(() => expect(gap).toHaveTextContent('Se completa al volver la conexión.'));
    expect(within(gap).queryByRole('button')).toBeNull();
  });
});
