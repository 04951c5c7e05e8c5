/** The shell as the platform. No other file knows Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { CommandError, type CommandName, type Commands, type EventName, type Events, type Platform } from './types';

type Handler = (payload: never) => void;

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
    async call<N extends CommandName>(name: N, args: Commands[N]['args']): Promise<Commands[N]['reply']> {
      try {
        return await invoke<Commands[N]['reply']>('command', { name, args });
      } catch (thrown) {
        throw CommandError.from(thrown);
      }
    },
    subscribe<N extends EventName>(event: N, handler: (payload: Events[N]) => void) {
      const set = handlers.get(event) ?? new Set<Handler>();
      handlers.set(event, set);
      set.add(handler);
      return () => set.delete(handler);
    },
    async openLink(url) {
      try {
        await invoke('open_link', { url });
      } catch (thrown) {
        throw CommandError.from(thrown);
      }
    },
    ready(look) {
      void invoke('ui_ready', look);
    },
    focusState(conversationId, focused) {
      void invoke('focus_state', { conversationId, focused });
    },
  };
}
