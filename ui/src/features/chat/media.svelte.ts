/** What can be done with a message's file from several places. */
import { m } from '$lib/paraglide/messages.js';
import { CommandError, type Message } from '$lib/platform';
import type { Desk } from '$lib/state/desk.svelte';
import type { MediaFile } from '$lib/state/media.svelte';
import { hasFile } from '$lib/state/media.svelte';

/** The picture that is shown large; null while none is. */
export const viewer = $state<{ shown: number | null }>({ shown: null });

export const pictures = (messages: Message[]): Message[] =>
  messages.filter((message) => message.type === 'image' && hasFile(message));

/** The voice note right after this one by the same speaker. */
export function nextVoice(messages: Message[], message: Message): number | null {
  const next = messages[messages.findIndex(({ id }) => id === message.id) + 1];
  return next?.type === 'audio' && next.from === message.from && hasFile(next) ? next.id : null;
}

/** Asks where to, and writes it there. */
export async function save(desk: Desk, file: MediaFile): Promise<void> {
  try {
    const info = await file.load(true);
    if (file.failure) throw new Error(file.failure);
    if (!info?.name) return;
    const path = await desk.platform.chooseSavePath(info.name);
    if (path === null) return;
    await desk.platform.call('save_media', { messageId: file.id, path });
    desk.notices.add({ kind: 'info', text: m.media_saved({ path }) });
  } catch (thrown) {
    desk.notices.error(CommandError.from(thrown).message.replace(/^Error: /, ''));
  }
}

/** Puts the picture on the clipboard. Nothing on screen shows that it worked, so a notice says it. */
export async function copyPicture(desk: Desk, messageId: number): Promise<void> {
  try {
    await desk.platform.copyPicture(messageId);
    desk.notices.add({ kind: 'info', text: m.media_copied() });
  } catch (thrown) {
    const { code, message } = CommandError.from(thrown);
    const known: Record<string, () => string> = {
      internal: m.notice_copy_failed,
      not_found: m.media_gone,
      file_kind: m.media_unshown,
    };
    desk.notices.error(known[code]?.() ?? message);
  }
}

/** Hands it to what the system has for it, unless it could be a program. */
export async function openFile(desk: Desk, file: MediaFile): Promise<void> {
  const info = await file.load(true);
  if (file.failure) return desk.notices.error(file.failure);
  if (info?.state !== 'ready') return;
  if (!info.openable) {
    desk.notices.add({ kind: 'info', text: m.media_not_openable() });
    return;
  }
  try {
    await desk.platform.openMedia(file.id);
  } catch (thrown) {
    desk.notices.error(CommandError.from(thrown).message);
  }
}
