/** What can be done in the chat, for the palette, the sheet of keys and the key handler. */
import { tick } from 'svelte';
import ArrowDownToLine from '@lucide/svelte/icons/arrow-down-to-line';
import BellOff from '@lucide/svelte/icons/bell-off';
import BellRing from '@lucide/svelte/icons/bell-ring';
import Bot from '@lucide/svelte/icons/bot';
import CheckCheck from '@lucide/svelte/icons/check-check';
import Copy from '@lucide/svelte/icons/copy';
import Hourglass from '@lucide/svelte/icons/hourglass';
import Inbox from '@lucide/svelte/icons/inbox';
import MessagesSquare from '@lucide/svelte/icons/messages-square';
import PanelRight from '@lucide/svelte/icons/panel-right';
import Search from '@lucide/svelte/icons/search';
import SquarePen from '@lucide/svelte/icons/square-pen';
import TextSearch from '@lucide/svelte/icons/text-search';
import Trash from '@lucide/svelte/icons/trash';
import type { Command } from '$lib/commands';
import { m } from '$lib/paraglide/messages.js';
import type { Conversation } from '$lib/platform';
import type { Desk } from '$lib/state/desk.svelte';
import type { View } from '$lib/state/conversations.svelte';
import { MUTES, copyNumber, mute, openLongest, unmute } from './actions';
import type { Dialogs } from './dialogs.svelte';

/** What only the drawn chat can do. */
export interface ChatHands {
  searchFocused(): boolean;
  focusSearch(): void;
  togglePanel(): void;
  /** Closes the topmost thing: search bar, panel, list search, conversation. */
  back(): unknown;
  canGoBack(): boolean;
}

const VIEWS: { view: View; title: () => string; icon: Command['icon'] }[] = [
  { view: 'all', title: m.command_show_all, icon: MessagesSquare },
  { view: 'unread', title: m.command_show_unread, icon: Inbox },
  { view: 'waiting', title: m.command_show_waiting, icon: Hourglass },
];

export function chatCommands(desk: Desk, dialogs: Dialogs, hands: ChatHands): Command[] {
  const { conversations } = desk;
  const inChat = () => desk.views.place === 'chat';
  const open = (): Conversation | null => (inChat() ? (desk.thread?.conversation ?? null) : null);
  /** Runs on the open conversation. */
  const here = (run: (conversation: Conversation) => unknown) => () => {
    const conversation = open();
    return conversation && run(conversation);
  };
  const inFront = async (run: () => void) => {
    desk.show('chat');
    await tick();
    run();
  };
  return [
    {
      id: 'chat.search',
      section: 'list',
      title: m.command_search,
      keys: ['Mod+F'],
      icon: Search,
      // Pressed again in the field, the same key looks in the open conversation.
      run: () => (hands.searchFocused() && open() ? desk.thread?.search.start() : inFront(() => hands.focusSearch())),
    },
    {
      id: 'chat.find',
      section: 'conversation',
      title: m.find_here,
      keys: ['Mod+Shift+F'],
      icon: TextSearch,
      when: () => open() !== null,
      run: () => desk.thread?.search.start(),
    },
    {
      id: 'chat.new',
      section: 'list',
      title: m.new_conversation,
      keys: ['Mod+N'],
      icon: SquarePen,
      run: () => inFront(() => dialogs.startNew()),
    },
    {
      id: 'chat.longest',
      section: 'list',
      title: m.open_longest,
      keys: ['Alt+W'],
      icon: Hourglass,
      run: () => openLongest(desk),
    },
    {
      id: 'chat.previous',
      section: 'list',
      title: m.command_previous,
      keys: ['Alt+ArrowUp'],
      keyOnly: true,
      when: inChat,
      run: () => desk.step(-1),
    },
    {
      id: 'chat.next',
      section: 'list',
      title: m.command_next,
      keys: ['Alt+ArrowDown'],
      keyOnly: true,
      when: inChat,
      run: () => desk.step(1),
    },
    ...VIEWS.map(
      ({ view, title, icon }): Command => ({
        id: `chat.show.${view}`,
        section: 'list',
        title,
        icon,
        when: () => conversations.view !== view,
        run: () => inFront(() => conversations.show(view)),
      }),
    ),
    {
      id: 'chat.show.botOff',
      section: 'list',
      title: () => (conversations.botOff ? m.filter_remove({ filter: m.filter_bot_off() }) : m.command_show_bot_off()),
      icon: Bot,
      run: () => inFront(() => conversations.showBotOff(!conversations.botOff)),
    },
    {
      id: 'chat.read',
      section: 'conversation',
      title: m.mark_read,
      keys: ['Mod+L'],
      icon: CheckCheck,
      when: () => (open()?.unreadCount ?? 0) > 0,
      run: here(({ id }) => desk.markRead(id)),
    },
    {
      id: 'chat.bot',
      section: 'conversation',
      title: () => (open()?.botEnabled ? m.bot_turn_off() : m.bot_turn_on()),
      icon: Bot,
      when: () => open() !== null,
      run: here(({ id, botEnabled }) => desk.setBot(id, !botEnabled)),
    },
    {
      id: 'chat.contact',
      section: 'conversation',
      title: m.command_contact,
      keys: ['Mod+I'],
      icon: PanelRight,
      when: () => open() !== null,
      run: () => hands.togglePanel(),
    },
    {
      id: 'chat.copyNumber',
      section: 'conversation',
      title: m.copy_number,
      icon: Copy,
      when: () => open() !== null,
      run: here((conversation) => copyNumber(desk, conversation)),
    },
    ...MUTES.map(
      ({ minutes, text }): Command => ({
        id: `chat.mute.${minutes ?? 'always'}`,
        section: 'conversation',
        title: () => `${m.mute()}: ${text()}`,
        icon: BellOff,
        when: () => open()?.mute === null,
        run: here((conversation) => mute(desk, conversation, minutes)),
      }),
    ),
    {
      id: 'chat.unmute',
      section: 'conversation',
      title: m.unmute,
      icon: BellRing,
      when: () => open()?.mute != null,
      run: here((conversation) => unmute(desk, conversation)),
    },
    {
      id: 'chat.end',
      section: 'conversation',
      title: m.jump,
      keys: ['End'],
      icon: ArrowDownToLine,
      when: () => open() !== null,
      run: () => desk.thread?.toEnd(),
    },
    {
      id: 'chat.delete',
      section: 'conversation',
      title: m.command_delete,
      icon: Trash,
      when: () => open() !== null,
      run: here((conversation) => dialogs.confirmDelete(conversation)),
    },
    {
      id: 'chat.back',
      section: 'conversation',
      title: m.command_back,
      keys: ['Escape'],
      keyOnly: true,
      when: () => inChat() && hands.canGoBack(),
      run: () => hands.back(),
    },
    // Handled where the text is written: listed here for the sheet of keys.
    { id: 'find.previous', section: 'conversation', title: m.command_find_previous, keys: ['Enter'], run: null },
    { id: 'find.next', section: 'conversation', title: m.command_find_next, keys: ['Shift+Enter'], run: null },
    { id: 'write.send', section: 'writing', title: m.send, keys: ['Enter'], run: null },
    { id: 'write.line', section: 'writing', title: m.command_line, keys: ['Shift+Enter'], run: null },
    { id: 'write.bold', section: 'writing', title: m.command_bold, keys: ['Mod+B'], run: null },
    { id: 'write.italic', section: 'writing', title: m.command_italic, keys: ['Mod+I'], run: null },
    { id: 'write.last', section: 'writing', title: m.command_last, keys: ['ArrowUp'], run: null },
  ];
}
