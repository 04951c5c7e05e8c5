/** From messages to rows: where a day begins, where a group begins, where the new ones and the gaps are. */
import { localDay } from '$lib/i18n/format';
import type { Message } from '$lib/platform';
import { keyOf } from '$lib/state/thread.svelte';

/** The same side within this time stays together. */
const GROUP = 5 * 60_000;

export interface MessageRowModel {
  key: string;
  message: Message;
  /** Nothing was ever said before it. */
  opens: boolean;
  /** The row opens a calendar day. */
  opensDay: boolean;
  /** The row opens a group of its side. */
  opensGroup: boolean;
  /** How many new messages begin here; 0 for none. */
  newMessages: number;
  /** The message before the gap that ends here; undefined when there is none to name. */
  before: Message | undefined;
}

export function rowsOf(
  messages: readonly Message[],
  divider: { key: string; count: number } | null,
  complete: boolean,
): MessageRowModel[] {
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const key = keyOf(message);
    const opensDay = !before || localDay(before.sentAt) !== localDay(message.sentAt);
    const newMessages = divider?.key === key ? divider.count : 0;
    const opensGroup =
      opensDay ||
      newMessages > 0 ||
      message.gapBefore ||
      before.from !== message.from ||
      Date.parse(message.sentAt) - Date.parse(before.sentAt) > GROUP;
    return { key, message, opens: complete && index === 0, opensDay, opensGroup, newMessages, before };
  });
}
