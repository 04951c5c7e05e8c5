import { phone } from '$lib/i18n/format';
import type { Conversation } from '$lib/platform';

/** Signs that turn the direction of what follows: in a name they would rewrite the sentence around it. */
const TURNS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** What cannot be seen: a name of nothing else is none. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Z}\u2800\u3164\u115f\u1160\uffa0]/gu;

/** Whether the contact has a name of its own: without one, the core puts the number in its place. */
export const isNamed = ({ name, phone: digits }: Pick<Conversation, 'name' | 'phone'>): boolean =>
  name.replace(UNSEEN, '') !== '' && name.replace(/[\s+()-]/g, '') !== digits;

/** The name, or the number as it is read. */
export const displayName = (conversation: Pick<Conversation, 'name' | 'phone'>): string =>
  isNamed(conversation) ? conversation.name.replace(TURNS, '') : phone(conversation.phone);
