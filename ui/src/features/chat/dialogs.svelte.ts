/** Questions the chat asks before it acts; whoever has cause to ask opens them. */
import { createContext } from 'svelte';
import type { Conversation, Message } from '$lib/platform';

export class Dialogs {
  newConversation = $state(false);
  deleting = $state.raw<Conversation | null>(null);
  link = $state<string | null>(null);
  details = $state.raw<Message | null>(null);

  startNew(): void {
    this.newConversation = true;
  }

  confirmDelete(conversation: Conversation): void {
    this.deleting = conversation;
  }

  confirmLink(url: string): void {
    this.link = url;
  }
}

export const [getDialogs, setDialogs] = createContext<Dialogs>();
