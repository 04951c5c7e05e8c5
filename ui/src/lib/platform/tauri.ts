/** The shell as the platform. No other file knows Tauri. */
import { convertFileSrc, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { CommandError, type CommandName, type Commands, type EventName, type Events, type Platform } from './types';

type Handler = (payload: never) => void;

/** Asks the shell itself; it refuses as the core does. */
async function shell<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    throw CommandError.from(thrown);
  }
}

export async function connectTauri(): Promise<Platform> {
  const handlers = new Map<string, Set<Handler>>();
  const deliver = (event: string, payload: unknown) => {
    for (const handler of handlers.get(event) ?? []) handler(payload as never);
  };

  // Listening is over before the first command, so that no change between the two is missed.
  await Promise.all([
    listen<{ event: string; payload: unknown }>('core', ({ payload }) => deliver(payload.event, payload.payload)),
    listen('open-conversation', ({ payload }) => deliver('open-conversation', payload)),
  ]);

  return {
    call: <N extends CommandName>(name: N, args: Commands[N]['args']) => shell<Commands[N]['reply']>('command', { name, args }),
    subscribe<N extends EventName>(event: N, handler: (payload: Events[N]) => void) {
      const set = handlers.get(event) ?? new Set<Handler>();
      handlers.set(event, set);
      set.add(handler);
      return () => set.delete(handler);
    },
    openLink: (url) => shell('open_link', { url }),
    chooseSavePath: (suggested) => shell('choose_save_path', { suggested }),
    chooseOpenPath: () => shell('choose_open_path'),
    mediaUrl: (messageId, small) => `${convertFileSrc(String(messageId), 'media')}${small ? '/small' : ''}`,
    mediaBytes: (messageId) => shell('media_bytes', { messageId }),
    copyPicture: (messageId) => shell('copy_picture', { messageId }),
    openMedia: (messageId) => shell('open_media', { messageId }),
    ready(look) {
      void invoke('ui_ready', look);
    },
    focusState(conversationId, focused) {
      void invoke('focus_state', { conversationId, focused });
    },
  };
}
