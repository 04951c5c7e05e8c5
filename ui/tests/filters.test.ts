import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { accessible, callsOf, open, row, start } from './app';

const ids = () => screen.getAllByTestId('conversation-row').map((element) => Number(element.dataset.id));
const tabStops = (testId: string) => screen.getAllByTestId(testId).filter((element) => element.tabIndex === 0);

describe('the filters of the list', () => {
  test('count, and show who waits from the longest wait on', async () => {
    const { world, user } = start();
    await row(1);
    await waitFor(() => expect(screen.getByTestId('filter-waiting')).toHaveTextContent('6'));
    expect(screen.getByTestId('filter-unread')).toHaveTextContent('4');

    await user.click(screen.getByTestId('filter-waiting'));
    await waitFor(() => expect(ids()).toEqual([11, 2, 7, 3, 4, 5]));
    expect(screen.getByTestId('filter-waiting')).toHaveAttribute('aria-pressed', 'true');
    expect(callsOf(world, 'list_conversations').at(-1)).toMatchObject({ waiting: true });

    // Once answered it is nobody who waits; the open one keeps its place until it is left.
    await open(user, 2);
    await user.keyboard('Va{Enter}');
    await waitFor(() => expect(screen.getByTestId('filter-waiting')).toHaveTextContent('5'));
    expect(ids()).toEqual([11, 2, 7, 3, 4, 5]);
    await accessible();
  });

  test('the bot switched off is a filter of its own that shows while it is on', async () => {
    const { user } = start();
    await row(6);
    await user.click(screen.getByTestId('filter-more'));
    await user.click(await screen.findByTestId('filter-bot-off'));
    await waitFor(() => expect(ids()).not.toContain(6));
    expect(screen.getByTestId('filter-active')).toHaveTextContent('Bot apagado');
    await accessible();
    await user.click(screen.getByTestId('filter-active'));
    await row(6);
    expect(screen.queryByTestId('filter-active')).toBeNull();
  });

  test('one that leaves nothing says so, with the way back', async () => {
    const { user } = start({}, (world) => {
      for (const id of [2, 3, 4, 5]) void world.call('mark_read', { conversationId: id });
    });
    await row(1);
    await user.click(screen.getByTestId('filter-unread'));
    expect(await screen.findByText('No queda nada sin leer')).toBeInTheDocument();
    await accessible();
    await user.click(screen.getByRole('button', { name: 'Ver todas' }));
    await row(1);
  });

  test('Alt W goes from one who waits longest to the next', async () => {
    const { user } = start();
    await row(1);
    await user.keyboard('{Alt>}w{/Alt}');
    await waitFor(() => expect(screen.getAllByRole('heading', { level: 2 })[0]).toHaveTextContent('Estela Mamaní'));
    await user.keyboard('{Alt>}w{/Alt}');
    await waitFor(() => expect(screen.getAllByRole('heading', { level: 2 })[0]).toHaveTextContent('Almacén El Trébol'));
  });

  test('the wait takes its colour from the settings', async () => {
    start({ now: new Date() }, (world) => {
      world.settings = { ...world.settings, waitMarks: [30, 2000], showTags: false };
    });
    const some = await row(2);
    await waitFor(() => expect(some.querySelector('.time')).toHaveClass('some'));
    expect((await row(3)).querySelector('.time')).toHaveClass('little');
    expect(some).not.toHaveTextContent('Mayorista');
  });
});

describe('rows with the keyboard', () => {
  test('the Tab key stops once in the list, where the arrow keys have gone', async () => {
    const { user } = start();
    const first = await row(1);
    expect(tabStops('conversation-row')).toEqual([first]);
    first.focus();
    await user.keyboard('{ArrowDown}');
    await waitFor(() => expect(document.activeElement).toHaveAttribute('data-index', '1'));
    expect(tabStops('conversation-row')).toEqual([document.activeElement]);
    await user.keyboard('{ArrowUp}{ArrowUp}');
    expect(screen.getByTestId('conversation-search')).toHaveFocus();
  });

  test('the menu key silences, and the row takes the focus back', async () => {
    const { world, user } = start();
    const target = await row(6);
    target.focus();
    await user.keyboard('{Shift>}{F10}{/Shift}');
    const trigger = await screen.findByTestId('mute');
    await accessible();
    trigger.focus();
    await user.keyboard('{ArrowRight}');
    await user.click(await screen.findByTestId('mute-480'));
    expect(callsOf(world, 'mute')).toEqual([{ conversationId: 6, minutes: 480 }]);
    await waitFor(async () => expect(within(await row(6)).getByText('Silenciada')).toBeInTheDocument());
    await waitFor(async () => expect(await row(6)).toHaveFocus());

    await user.keyboard('{ContextMenu}');
    await user.click(await screen.findByTestId('unmute'));
    expect(callsOf(world, 'unmute')).toEqual([{ conversationId: 6 }]);
  });

  test.each([
    ['row-read', 'mark_read', { conversationId: 2 }],
    ['row-bot', 'set_bot', { conversationId: 2, enabled: true }],
  ])('%s reaches the core', async (item, command, args) => {
    const { world, user } = start();
    await user.pointer({ target: await row(2), keys: '[MouseRight]' });
    await user.click(await screen.findByTestId(item));
    expect(callsOf(world, command)).toEqual([args]);
  });

  test('deleting from the menu asks first', async () => {
    const { world, user } = start();
    await user.pointer({ target: await row(2), keys: '[MouseRight]' });
    await user.click(await screen.findByTestId('row-delete'));
    expect(await screen.findByRole('dialog')).toHaveTextContent('Almacén El Trébol');
    expect(callsOf(world, 'delete_conversation')).toEqual([]);
  });
});
