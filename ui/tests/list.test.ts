import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { CommandError } from '$lib/platform';
import { accessible, callsOf, row, start } from './app';

describe('the list', () => {
  test('shows who waits, what is unread, drafts and trouble', async () => {
    start({ now: new Date() });
    const waiting = await row(2);
    expect(waiting).toHaveAttribute('data-unread', '3');
    expect(waiting).toHaveTextContent(/1 h 1[34]/);
    expect(waiting).toHaveTextContent('3 sin leer');
    expect(await row(7)).toHaveTextContent('Borrador: Dale Rubén');
    expect(await row(9)).toHaveTextContent('No se envió: Te paso el CBU');
    expect(await row(5)).toHaveTextContent('+54 9 387 555-0193');
    expect(screen.getByTestId('filter-unread')).toHaveTextContent('4');
    await accessible();
  });

  test('draws a window of ten thousand', async () => {
    const { world } = start({ conversations: 10_000 });
    await row(1);
    expect(screen.getAllByTestId('conversation-row').length).toBeLessThan(60);
    expect(callsOf(world, 'list_conversations').length).toBeLessThan(6);
  });

  test('finds names, numbers and messages, and opens the message', async () => {
    const { user } = start();
    await row(1);
    await user.keyboard('{Control>}f{/Control}');
    expect(screen.getByTestId('conversation-search')).toHaveFocus();
    await user.keyboard('presupuesto');
    const hits = await screen.findAllByTestId('search-hit');
    expect(hits[0]).toHaveTextContent('Marta Giménez');
    expect(within(hits[0] as HTMLElement).getByText('presupuesto').tagName).toBe('MARK');
    await accessible();

    await user.click(hits[0] as HTMLElement);
    await waitFor(() => expect(document.querySelector('.ringed')).toHaveTextContent('presupuesto'));

    // The first closes the search in the conversation, the second the one in the list.
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('find-bar')).toBeNull();
    expect(screen.getAllByTestId('search-hit').length).toBeGreaterThan(0);
    await user.keyboard('{Escape}');
    await row(2);
    expect(screen.getByTestId('conversation-search')).toHaveValue('');
  });

  test('says when nothing is found, and when there is nothing at all', async () => {
    const { user } = start();
    await row(1);
    await user.type(screen.getByTestId('conversation-search'), 'zzzz');
    expect(await screen.findByText('Nada con «zzzz»')).toBeInTheDocument();
    await accessible();
  });

  test('says why it could not be read, and tries again', async () => {
    const failure = new CommandError({ code: 'store_fault', message: 'No se pudo leer el archivo.', source: 'store', retryable: true });
    const { user } = start({}, (world) => {
      const call = world.call.bind(world);
      vi.spyOn(world, 'call').mockImplementation((name, args) =>
        name === 'list_conversations' && 'limit' in args && !('unread' in args) ? Promise.reject(failure) : call(name, args),
      );
    });
    expect(await screen.findByText('No se pudo leer el archivo.')).toBeInTheDocument();
    await accessible();
    vi.restoreAllMocks();
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await row(1);
  });

  test('is walked with the keyboard', async () => {
    const { user } = start();
    const first = await row(1);
    first.focus();
    await user.keyboard('{ArrowDown}');
    await waitFor(() => expect(document.activeElement).toHaveAttribute('data-index', '1'));
    await user.keyboard('{Enter}');
    await screen.findByTestId('composer');
    const opened = () => screen.getAllByTestId('conversation-row').findIndex((element) => element.ariaCurrent === 'true');
    expect(opened()).toBe(1);
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    await waitFor(() => expect(opened()).toBe(2));
    await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
    await waitFor(() => expect(opened()).toBe(1));
    await user.keyboard('{Escape}');
    expect(await screen.findByTestId('no-conversation')).toBeInTheDocument();
    await accessible();
  });
});

describe('nothing open', () => {
  test('says how many wait and since when the longest one does, and leads there', async () => {
    const { world, user } = start();
    const longest = await screen.findByTestId('longest-wait');
    expect(screen.getByTestId('no-conversation')).toHaveTextContent(/\d+ clientes esperan respuesta\./);
    expect(longest).toHaveTextContent(/^La espera más larga: Estela Mamaní, hace \d+ \S+ \(.+\)\.$/);
    await accessible();
    // Whoever is answered does not wait any more.
    const { items } = await world.call('list_conversations', { waiting: true });
    expect(items[0]?.name).toBe('Estela Mamaní');
    await world.call('send_text', { conversationId: items[0]?.id, text: 'Sale hoy' });
    await waitFor(() => expect(screen.getByTestId('longest-wait')).toHaveTextContent('Almacén El Trébol, hace 1 h 1'));
    await user.click(screen.getByTestId('open-longest'));
    await waitFor(() => expect(screen.getByRole('heading', { level: 2 })).toHaveTextContent('Almacén El Trébol'));
  });
});

describe('the width of the list', () => {
  test('moves with the keys within its limits, is remembered, and goes back', async () => {
    const { user } = start();
    await row(1);
    const edge = screen.getByRole('separator', { name: 'Ancho de la lista' });
    edge.focus();
    await user.keyboard('{ArrowRight}');
    expect(edge).toHaveAttribute('aria-valuenow', '240');
    for (let presses = 0; presses < 20; presses += 1) await user.keyboard('{ArrowRight}');
    expect(edge).toHaveAttribute('aria-valuenow', '400');
    expect(localStorage.getItem('condorito.list-width')).toBe('400');
    await user.dblClick(edge);
    expect(localStorage.getItem('condorito.list-width')).toBeNull();
  });
});
