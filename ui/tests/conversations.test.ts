import { describe, expect, test } from 'vitest';
import { FakeWorld } from '$lib/platform/fake/world';
import { CommandError } from '$lib/platform';
import { Conversations } from '$lib/state/conversations.svelte';
import { Search } from '$lib/state/search.svelte';
import { eventually } from './eventually';

async function given(options: ConstructorParameters<typeof FakeWorld>[0] = {}) {
  const world = new FakeWorld(options);
  const list = new Conversations(world);
  world.subscribe('changed', ({ conversations }) => list.changed(conversations));
  await list.load();
  return { world, list, ids: () => list.rows.map(({ id }) => id) };
}

describe('the list of conversations', () => {
  test('is read page by page to its end, each row once', async () => {
    const { list } = await given({ conversations: 10_000 });

    while (list.hasMore) {
      list.seen(list.rows.length);
      await eventually(() => expect(list.rows.length % 100).toBe(0));
      await list.more();
    }

    expect(list.rows).toHaveLength(10_000);
    expect(new Set(list.rows.map(({ id }) => id)).size).toBe(10_000);
    const times = list.rows.map(({ lastMessageAt }) => lastMessageAt ?? '');
    expect(times).toEqual([...times].sort().reverse());
  });

  test('moves a conversation up when something arrives, and tells of it', async () => {
    const { world, list, ids } = await given();
    const arrived: number[] = [];
    list.onarrival = ({ id }) => arrived.push(id);

    world.receive(11, 'hola');

    await eventually(() => expect(ids()[0]).toBe(11));
    expect(list.rows[0]).toMatchObject({ lastMessage: 'hola', unreadCount: 1 });
    expect(arrived).toEqual([11]);
    await eventually(() => expect(list.counts).toMatchObject({ unread: 5, unreadMessages: 8 }));
  });

  test('keeps what did not change as it is', async () => {
    const { world, list } = await given();
    const untouched = list.rows.find(({ id }) => id === 6);

    world.receive(11, 'hola');
    await eventually(() => expect(list.rows[0]?.id).toBe(11));

    expect(list.rows.find(({ id }) => id === 6)).toBe(untouched);
  });

  test('does not read a row into a page that has not been read', async () => {
    const { world, list, ids } = await given({ conversations: 400 });
    const before = ids();

    world.setGap(399, true);
    await eventually(() => expect(world.calls.some(({ name }) => name === 'get_conversation')).toBe(true));
    await eventually(() => expect(ids()).toEqual(before));
    expect(list.hasMore).toBe(true);
  });

  test('drops a deleted conversation', async () => {
    const { world, ids } = await given();

    await world.call('delete_conversation', { conversationId: 3 });

    await eventually(() => expect(ids()).not.toContain(3));
  });

  test('reads the window again when much has changed at once', async () => {
    const { world, list, ids } = await given({ conversations: 300 });
    list.seen(150);
    await eventually(() => expect(list.rows.length).toBe(200));
    world.calls.length = 0;

    for (let id = 100; id < 160; id += 1) world.receive(id, 'todos a la vez');

    await eventually(() => expect(ids()[0]).toBe(159));
    expect(world.calls.filter(({ name }) => name === 'get_conversation').length).toBeLessThanOrEqual(20);
    expect(list.rows.length).toBeGreaterThanOrEqual(200);
  });

  test('the open conversation stays under the unread filter after it is read', async () => {
    const { world, list, ids } = await given();
    list.show('unread');
    await eventually(() => expect(ids()).toHaveLength(4));
    list.keep(2);

    await world.call('mark_read', { conversationId: 2 });
    await eventually(() => expect(list.rows.find(({ id }) => id === 2)?.unreadCount).toBe(0));
    expect(ids()).toHaveLength(4);

    list.keep(null);
    await world.call('mark_read', { conversationId: 3 });
    await eventually(() => expect(ids()).not.toContain(3));
  });

  test('a late answer to an old search never replaces the newer one', async () => {
    const { world, list, ids } = await given();
    let release = () => {};
    world.holds.set('list_conversations', new Promise((resolve) => (release = resolve)));
    list.search('mar');
    world.holds.delete('list_conversations');

    list.search('julian');
    await eventually(() => expect(ids()).toEqual([9]));
    release();
    await eventually(() => expect(list.state).toBe('ready'));

    expect(ids()).toEqual([9]);
  });

  test('says why it could not be read, and recovers', async () => {
    const world = new FakeWorld();
    const list = new Conversations(world);
    const full = new CommandError({ code: 'disk_full', message: 'No queda lugar.', source: 'store', retryable: true });
    world.failures.set('list_conversations', full);
    await list.load();
    expect(list.state).toBe('failed');
    expect(list.error?.message).toBe('No queda lugar.');

    await list.load();
    expect(list.state).toBe('ready');
    expect(list.error).toBeNull();
  });

  test('neighbours are found for the keyboard', async () => {
    const { list, ids } = await given();
    const [first, second] = ids();
    expect(list.beside(null, 1)?.id).toBe(first);
    expect(list.beside(first ?? 0, 1)?.id).toBe(second);
    expect(list.beside(first ?? 0, -1)).toBeUndefined();
  });
});

describe('search in messages', () => {
  test('finds newest first, asks nothing for one letter, and drops late answers', async () => {
    const world = new FakeWorld();
    const search = new Search(world);

    await search.find('p');
    expect(search.state).toBe('idle');
    expect(world.calls).toEqual([]);

    let release = () => {};
    world.holds.set('search', new Promise((resolve) => (release = resolve)));
    const old = search.find('hola');
    world.holds.delete('search');
    await search.find('presupuesto');
    release();
    await old;

    expect(search.hits.map(({ conversation }) => conversation.name)).toEqual([
      'Marta Giménez',
      'Rubén Quiroga',
      'Hotel Portal del Cerro',
      'Almacén El Trébol',
    ]);
  });
});
