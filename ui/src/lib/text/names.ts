import { phone } from '$lib/i18n/format';
import type { Conversation } from '$lib/platform';

/** Whether the contact has a name of its own: without one, the core puts the number in its place. */
export const isNamed = ({ name, phone: digits }: Pick<Conversation, 'name' | 'phone'>): boolean =>
  name.trim() !== '' && name.replace(/[\s+()-]/g, '') !== digits;

/** The name, or the number as it is read. */
export const displayName = (conversation: Pick<Conversation, 'name' | 'phone'>): string =>
  isNamed(conversation) ? conversation.name : phone(conversation.phone);
