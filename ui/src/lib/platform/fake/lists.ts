/** The stand-in's answers about many conversations: which, in what order, and how many. */
import type { Commands, ConversationCounts, PhoneCheck } from '../types';
import type { Row } from './data';

export const fold = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase();

export function matching(rows: Iterable<Row>, args: Commands['list_conversations']['args']): Row[] {
  const text = fold(args.query ?? '');
  const digits = text.replace(/\D/g, '');
  const newest = (a: Row, b: Row) => (b.lastMessageAt ?? '').localeCompare(a.lastMessageAt ?? '') || b.id - a.id;
  const longest = (a: Row, b: Row) => (a.waitingSince ?? '').localeCompare(b.waitingSince ?? '');
  return [...rows]
    .filter((row) => args.unread == null || row.unreadCount > 0 === args.unread)
    .filter((row) => args.bot == null || row.botEnabled === args.bot)
    .filter((row) => args.waiting == null || (row.waitingSince !== null) === args.waiting)
    .filter((row) => text === '' || fold(row.name).includes(text) || (digits.length > 1 && row.phone.includes(digits)))
    .sort(args.waiting ? longest : newest);
}

export function countsOf(rows: Iterable<Row>): ConversationCounts {
  const counts = { all: 0, unread: 0, waiting: 0, botOff: 0, unreadMessages: 0 };
  for (const row of rows) {
    counts.all += 1;
    counts.unread += row.unreadCount > 0 ? 1 : 0;
    counts.waiting += row.waitingSince === null ? 0 : 1;
    counts.botOff += row.botEnabled ? 0 : 1;
    counts.unreadMessages += row.unreadCount;
  }
  return counts;
}

/** Close to what the core says of a number; null for what is none. */
export function phoneCheck(rows: Iterable<Row>, typed: string): PhoneCheck | null {
  const written = typed.replace(/\D/g, '');
  if (written.length < 8) return null;
  const abroad = /^\s*(\+|00)/.test(typed) && !written.startsWith('54');
  const digits = abroad || written.startsWith('54') ? written : `549${written}`;
  return {
    digits,
    country: abroad ? 'other' : 'argentina',
    answerable: !abroad,
    existing: [...rows].find(({ phone }) => phone === digits)?.id ?? null,
  };
}
