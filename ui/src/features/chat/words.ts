/** Words for what icons and sides say, for details, menus and screen readers. */
import { m } from '$lib/paraglide/messages.js';
import type { Message, MessageState } from '$lib/platform';

const STATES: Record<MessageState, () => string> = {
  received: () => '',
  queued: m.state_queued,
  sending: m.state_sending,
  sent: m.state_sent,
  delivered: m.state_delivered,
  read: m.state_read,
  unconfirmed: m.state_unconfirmed,
  failed: m.state_failed,
};

export const stateWord = (state: MessageState): string => STATES[state]();

export const speakerOf = ({ from }: Message): string =>
  from === 'contact' ? m.from_contact() : from === 'bot' ? m.from_bot() : m.from_you();
