import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError } from '$lib/platform';
import { FakeWorld } from '$lib/platform/fake/world';
import { Thread } from '$lib/state/thread.svelte';
import { accessible, callsOf, composer, open, row, start } from './app';

describe('the search in a conversation', () => {
  test('walks from the newest hit to older ones and back, and returns to where one was', async () => {
    const world = new FakeWorld();
    const thread = new Thread(world, 1);
    await thread.load();
    const { search } = thread;
    const newest = thread.messages.at(-1)?.id ?? 0;
    thread.place = () => ({ end: true });

    search.start();
    search.text = '(12';
    await search.find();
    expect(search.at).toBe(0);
    const first = thread.target?.id;
    await search.step(1);
    expect(search.at).toBe(1);
    expect(thread.target?.id).toBe(search.hit?.message.id);
    await search.step(-1);
    expect(thread.target?.id).toBe(first);
    await search.step(-1);
    expect(search.at).toBe(0);
    expect(thread.messages.some(({ id }) => id === newest)).toBe(false);

    search.close();
    await waitFor(() => expect(thread.messages.at(-1)?.id).toBe(newest));
    expect(search.marked).toBe('');
    expect(thread.target).toBeNull();
  });

  test('returns to a message in the middle too', async () => {
    const world = new FakeWorld();
    const thread = new Thread(world, 1);
    await thread.load();
    const middle = thread.messages[20]?.id ?? 0;
    thread.place = () => ({ end: false, id: middle, offset: 12 });
    thread.search.start();
    thread.search.text = '(3)';
    await thread.search.find();
    expect(thread.messages.some(({ id }) => id === middle)).toBe(false);
    thread.search.close();
    await waitFor(() => expect(thread.target).toMatchObject({ id: middle, back: 12 }));
    expect(thread.messages.some(({ id }) => id === middle)).toBe(true);
  });

  test('a late answer does not replace a newer one', async () => {
    const world = new FakeWorld();
    const thread = new Thread(world, 1);
    await thread.load();
    const { search } = thread;
    search.start();
    let release = () => {};
    world.holds.set('search', new Promise((resolve) => (release = resolve)));
    search.text = 'gracias';
    const late = search.find();
    world.holds.delete('search');
    search.text = 'factura';
    await search.find();
    const found = search.hit?.message.id;
    release();
    await late;
    expect(search.hit?.message.id).toBe(found);
    expect(thread.target?.id).toBe(found);
  });

  test('is opened by the same key again, counts, marks, and Esc leads back to writing', async () => {
    const { world, user } = start();
    await open(user, 1);
    await user.keyboard('{Control>}f{/Control}');
    expect(screen.getByTestId('conversation-search')).toHaveFocus();
    await user.keyboard('{Control>}f{/Control}');
    await waitFor(() => expect(screen.getByTestId('find-field')).toHaveFocus());

    await user.keyboard('factura');
    await waitFor(() => expect(callsOf(world, 'search').at(-1)).toMatchObject({ text: 'factura', conversationId: 1 }));
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('1 de 50'));
    await waitFor(() => expect(document.querySelector('.ringed mark')).toHaveTextContent('factura'));
    await accessible();
    await user.keyboard('{Enter}');
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('2 de 50'));
    await user.click(screen.getByTestId('find-next'));
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('1 de 50'));

    await user.clear(screen.getByTestId('find-field'));
    await user.type(screen.getByTestId('find-field'), 'zzzz');
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('Nada'));
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('find-bar')).toBeNull();
    expect(composer()).toHaveFocus();
    expect(document.querySelector('mark')).toBeNull();
  });

  test('says when it could not look, and tries again', async () => {
    const { world, user } = start();
    await open(user, 1);
    await user.keyboard('{Control>}{Shift>}f{/Shift}{/Control}');
    world.failures.set('search', new CommandError({ code: 'store_busy', message: 'Ocupado.', source: 'store', retryable: true }));
    await user.type(await screen.findByTestId('find-field'), 'factura');
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('No se pudo buscar'));
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('1 de'));
  });
});

describe('results in the list', () => {
  test('a hit opens in its place with its number among the others, and there is a way back to the results', async () => {
    const { user } = start();
    await row(1);
    await user.type(screen.getByTestId('conversation-search'), 'factura');
    const third = await waitFor(() => {
      const hit = screen.getAllByTestId('search-hit')[2] as HTMLElement;
      expect(within(hit).getByText('factura').tagName).toBe('MARK');
      return hit;
    });
    await user.click(third);
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('3 de'));
    expect(third).toHaveAttribute('aria-current', 'true');
    await waitFor(() =>
      expect(screen.getAllByTestId('message').some(({ dataset, tabIndex }) => dataset.id === third.dataset.id && tabIndex === 0)).toBe(true),
    );
    await accessible();

    await user.click(screen.getByTestId('find-previous'));
    await waitFor(() => expect(screen.getByTestId('find-status')).toHaveTextContent('4 de'));
    await user.click(screen.getByTestId('find-results'));
    await waitFor(() => expect(document.activeElement).toHaveAttribute('data-testid', 'search-hit'));
  });

  test('many contacts leave room for messages, and all of them are one click away', async () => {
    const { user } = start({ conversations: 300 });
    await row(1);
    await user.type(screen.getByTestId('conversation-search'), 'mar');
    const all = await screen.findByTestId('all-contacts');
    expect(screen.getAllByTestId('conversation-row')).toHaveLength(5);
    expect(screen.getByTestId('scope-both')).toHaveAttribute('aria-pressed', 'true');
    await accessible();
    await user.click(all);
    await waitFor(() => expect(screen.getAllByTestId('conversation-row').length).toBeGreaterThan(5));
    expect(screen.getByTestId('scope-contacts')).toHaveAttribute('aria-pressed', 'true');
    await user.click(screen.getByTestId('scope-messages'));
    await waitFor(() => expect(screen.queryAllByTestId('conversation-row')).toEqual([]));
    expect(screen.getAllByTestId('search-hit').length).toBeGreaterThan(0);
    await user.keyboard('{Escape}');
    await row(1);
    expect(within(screen.getByTestId('conversation-list')).queryByTestId('search-hit')).toBeNull();
  });
});
