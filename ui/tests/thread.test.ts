import { describe, expect, test, vi } from 'vitest';
import { rowsOf } from '$features/chat/rows';
import type { Message } from '$lib/platform';
import { FakeWorld } from '$lib/platform/fake/world';
import { joinTail, keyOf, Thread } from '$lib/state/thread.svelte';
import { eventually } from './eventually';

async function given(conversationId = 1) {
  const world = new FakeWorld();
  const thread = new Thread(world, conversationId);
  world.subscribe('changed', ({ conversations }) => {
    if (conversations.includes(thread.id)) thread.changed();
  });
  await thread.load();
  return { world, thread, keys: () => thread.messages.map(keyOf) };
}

function message(id: number, more: Partial<Message> = {}): Message {
  return {
    id,
    cursor: `c${id}`,
    conversationId: 1,
    messageId: `m${id}`,
    localId: null,
    from: 'contact',
    type: 'text',
    content: `n. ${id}`,
    sentAt: new Date(2025, 10, 24, 10, id).toISOString(),
    state: 'received',
    hold: null,
    error: null,
    media: null,
    gapBefore: false,
    ...more,
  };
}

const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => message(from + n));
const ids = (messages: Message[] | null) => messages?.map(({ id }) => id) ?? null;

describe('joining a freshly read tail', () => {
  test.each([
    ['continues', numbered(1, 5), numbered(4, 7), [1, 2, 3, 4, 5, 6, 7]],
    ['the same again', numbered(1, 3), numbered(1, 3), [1, 2, 3]],
    ['one deleted', numbered(1, 4), [message(2), message(4)], [1, 2, 4]],
    ['nothing shown yet', [], numbered(1, 2), [1, 2]],
    ['all gone', numbered(1, 2), [], []],
    ['does not touch', numbered(1, 3), numbered(9, 12), null],
  ])('%s', (_what, shown, tail, expected) => expect(ids(joinTail(shown, tail))).toEqual(expected));

  test('a confirmed text moves to its place without being doubled', () => {
    const shown = [message(1), message(-7, { localId: 'a', from: 'client', state: 'sending' }), message(2)];
    const tail = [message(2), message(3, { localId: 'a', from: 'client', state: 'sent' })];
    expect(joinTail(shown, tail)?.map(keyOf)).toEqual(['1', '2', 'a']);
  });
});

describe('an open conversation', () => {
  test('reads back to its beginning, each message once and in order', async () => {
    const { thread, keys } = await given();
    expect(thread.messages).toHaveLength(50);

    while (thread.hasOlder) await thread.older();

    expect(thread.messages).toHaveLength(411);
    expect(new Set(keys()).size).toBe(411);
    const times = thread.messages.map(({ sentAt }) => sentAt);
    expect(times).toEqual([...times].sort());
  });

  test('keeps the older pages it has read when something arrives', async () => {
    const { world, thread, keys } = await given();
    await thread.older();
    await thread.older();
    const before = keys();

    world.receive(1, 'nuevo');

    await eventually(() => expect(thread.messages.at(-1)?.content).toBe('nuevo'));
    expect(keys().slice(0, -1)).toEqual(before);
    expect(thread.hasOlder).toBe(true);
    expect(thread.prepending).toBe(false);
  });

  test('an older page that comes during a re-read is not lost', async () => {
    const { world, thread, keys } = await given();
    const call = world.call.bind(world);
    const held: (() => void)[] = [];
    vi.spyOn(world, 'call').mockImplementation(async (name, args) => {
      const answer = await call(name, args);
      if (name === 'list_messages' && !('before' in args)) await new Promise<void>((resolve) => held.push(resolve));
      return answer;
    });

    world.receive(1, 'nuevo');
    await eventually(() => expect(held).toHaveLength(1));
    await thread.older();
    expect(thread.messages).toHaveLength(100);
    held[0]?.();
    await eventually(() => expect(thread.messages.at(-1)?.content).toBe('nuevo'));

    expect(keys()).toHaveLength(101);
  });

  test('an own text keeps its row from written to sent', async () => {
    const { world, thread } = await given();
    const { localId } = await world.call('send_text', { conversationId: 1, text: 'va' });
    await eventually(() => expect(thread.messages.at(-1)?.state).toBe('sending'));
    const key = keyOf(thread.messages.at(-1) ?? message(0));

    world.settle(localId, 'sent');

    await eventually(() => expect(thread.messages.at(-1)?.state).toBe('sent'));
    expect(thread.messages.at(-1)?.id).toBeGreaterThan(0);
    expect(keyOf(thread.messages.at(-1) ?? message(0))).toBe(key);
  });

  test('new messages are told once each, own ones not at all', async () => {
    const { world, thread } = await given();
    const heard: (string | null)[] = [];
    thread.arrivals.add(({ content }) => heard.push(content));

    world.receive(1, 'uno');
    world.receive(1, 'dos');
    await world.call('send_text', { conversationId: 1, text: 'mío' });
    await eventually(() => expect(thread.messages.at(-1)?.content).toBe('mío'));
    world.setGap(1, true);
    await eventually(() => expect(thread.gap).toBe(true));

    expect(heard).toEqual(['uno', 'dos']);
  });

  test('the line of new messages stands before the first unread one', async () => {
    const { thread } = await given(2);
    const at = thread.messages.findIndex((shown) => keyOf(shown) === thread.divider?.key);
    expect(thread.divider?.count).toBe(3);
    expect(thread.messages.slice(at).map(({ content }) => content?.slice(0, 4))).toEqual(['Hola', 'Quer', '¿Me ']);
  });

  test('a message far back is reached, and the end again', async () => {
    const { world, thread } = await given();
    const { items } = await world.call('list_messages', { conversationId: 1, around: 1020, limit: 1 });
    const target = items[0]?.id ?? 0;

    await thread.goTo(target);
    expect(thread.messages.map(({ id }) => id)).toContain(target);
    expect(thread.target?.id).toBe(target);
    expect(thread.hasNewer).toBe(true);

    world.receive(1, 'mientras tanto');
    await thread.newer();
    await thread.toEnd();
    expect(thread.hasNewer).toBe(false);
    expect(thread.messages.at(-1)?.content).toBe('mientras tanto');
  });

  test('says so when it is gone', async () => {
    const { world, thread } = await given(3);
    await world.call('delete_conversation', { conversationId: 3 });
    await eventually(() => expect(thread.deleted).toBe(true));
  });
});

describe('rows', () => {
  const row = (messages: Message[], divider: { key: string; count: number } | null = null) =>
    rowsOf(messages, divider, false).map(({ opensDay, opensGroup, newMessages }) =>
      [opensDay ? 'day' : '', opensGroup ? 'group' : '', newMessages || ''].join(' ').trim(),
    );

  test('a day, a side and five minutes make groups', () => {
    const sent = (minutes: number, more: Partial<Message> = {}) =>
      message(minutes, { sentAt: new Date(2025, 10, 24, 23, 40 + minutes).toISOString(), ...more });
    const messages = [
      sent(0),
      sent(4),
      sent(10),
      sent(11, { from: 'bot' }),
      sent(12, { from: 'client' }),
      sent(13, { from: 'client' }),
      sent(25, { from: 'client' }),
    ];
    expect(row(messages)).toEqual(['day group', '', 'group', 'group', 'group', '', 'day group']);
  });

  test('new messages and gaps open a group', () => {
    const messages = [message(1), message(2), message(3, { gapBefore: true })];
    expect(row(messages, { key: '2', count: 2 })).toEqual(['day group', 'group 2', 'group']);
  });
});
