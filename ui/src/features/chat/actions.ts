/** What the chat does from several places: rows, header, panel, menus and keys. */
import { m } from '$lib/paraglide/messages.js';
import type { Conversation, SearchHit } from '$lib/platform';
import type { Desk } from '$lib/state/desk.svelte';

/** How long notifications can be silenced, in minutes; null for always. */
export const MUTES = [
  { minutes: 60, text: m.mute_hour },
  { minutes: 8 * 60, text: m.mute_day },
  { minutes: null, text: m.mute_always },
] as const;

export const mute = (desk: Desk, conversation: Conversation, minutes: number | null): Promise<boolean> =>
  desk.run('mute', { conversationId: conversation.id, minutes });

export const unmute = (desk: Desk, conversation: Conversation): Promise<boolean> =>
  desk.run('unmute', { conversationId: conversation.id });

/** Puts a text on the clipboard. Nothing on screen shows that it worked, so a notice says it. */
export async function copy(desk: Desk, text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    desk.notices.add({ kind: 'info', text: done });
  } catch {
    desk.notices.error(m.notice_copy_failed());
  }
}

export const copyNumber = (desk: Desk, conversation: Conversation): Promise<void> =>
  copy(desk, `+${conversation.phone}`, m.notice_number_copied());

/** Opens a found message in its place, with the words that found it marked. */
export function openHit(desk: Desk, hit: SearchHit, words: string): void {
  desk.open(hit.conversation, hit.message.id);
  void desk.thread?.search.startAt(words, hit.message.id);
}

/** Opens whoever waits longest; says so when nobody does. */
export async function openLongest(desk: Desk): Promise<void> {
  const next = await desk.conversations.longestWaiting(desk.thread?.id ?? null).catch(() => null);
  if (next) desk.open(next);
  else if (desk.conversations.counts.waiting === 0) desk.notices.add({ kind: 'info', text: m.nobody_waits() });
}
