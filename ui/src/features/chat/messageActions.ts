/** What can be done with an own message that is not simply sent. */
import type { Message } from '$lib/platform';
import type { Desk } from '$lib/state/desk.svelte';

const WAITS = new Set<Message['state']>(['queued', 'unconfirmed', 'failed']);

export const canRetry = ({ localId, state }: Message): boolean =>
  localId !== null && (state === 'unconfirmed' || state === 'failed');

export const canDiscard = ({ localId, state, hold }: Message): boolean =>
  localId !== null && WAITS.has(state) && (state !== 'queued' || hold !== null);

/** A text that has certainly not left can be taken back and written anew. */
export const canEdit = (message: Message): boolean =>
  canDiscard(message) && message.state !== 'unconfirmed' && message.type === 'text';

export const retry = (desk: Desk, { localId }: Message): Promise<boolean> =>
  localId === null ? Promise.resolve(false) : desk.run('retry', { localId });

export const discard = (desk: Desk, { localId }: Message): Promise<boolean> =>
  localId === null ? Promise.resolve(false) : desk.run('discard', { localId });

/** Takes a waiting text out of the queue; null when it was already gone. */
export const takeBack = async (desk: Desk, message: Message): Promise<string | null> =>
  (await discard(desk, message)) ? (message.content ?? '') : null;
