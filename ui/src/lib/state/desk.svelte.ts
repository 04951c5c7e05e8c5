/** The operator's desk: session, connection, the list, and the open conversation. One per window. */
import { createContext } from 'svelte';
import {
  CommandError,
  type CommandName,
  type Commands,
  type Connection,
  type Conversation,
  type Message,
  type OutboxItem,
  type Platform,
  type SessionStatus,
} from '$lib/platform';
import { m } from '$lib/paraglide/messages.js';
import { messageText, previewText } from '$lib/text/kinds';
import { displayName } from '$lib/text/names';
import { Conversations } from './conversations.svelte';
import { Failures } from './failures.svelte';
import { Notices } from './notices.svelte';
import { Search } from './search.svelte';
import { MachineSettings } from './settings.svelte';
import { Thread } from './thread.svelte';
import { Views, type Place, type SettingsPage } from './views.svelte';
import { WhatsappLink } from './whatsapp.svelte';

/** A draft is written this long after the last key. */
const DRAFT_DELAY = 400;

export class Desk {
  readonly platform: Platform;
  readonly conversations: Conversations;
  readonly search: Search;
  readonly notices = new Notices();
  readonly settings: MachineSettings;
  readonly views = new Views();
  readonly whatsapp: WhatsappLink;
  session = $state.raw<SessionStatus | null>(null);
  connection = $state.raw<Connection | null>(null);
  thread = $state.raw<Thread | null>(null);
  /** The window has the focus and is not hidden. */
  #focused = $state(document.hasFocus() && document.visibilityState === 'visible');
  /** Asked for from the banner of an ended session; browsing stays possible behind it. */
  signingIn = $state(false);
  startFailure = $state.raw<CommandError | null>(null);
  /** Grows when the field of the list's search should take the focus. */
  searchRequests = $state(0);

  /** Texts being written, ahead of the store by at most the delay. */
  #drafts = new Map<number, { text: string; timer: ReturnType<typeof setTimeout> | null }>();
  readonly #failures: Failures;
  #stops: (() => void)[] = [];

  constructor(platform: Platform) {
    this.platform = platform;
    this.settings = new MachineSettings(platform);
    this.whatsapp = new WhatsappLink(platform);
    this.#failures = new Failures(platform);
    this.#failures.onfailure = (item) => void this.#tellFailure(item);
    this.conversations = new Conversations(platform);
    this.search = new Search(platform);
    this.conversations.onarrival = (conversation) => this.#announceRow(conversation);
  }

  /** Starts listening, then reads what is there. */
  async start(): Promise<() => void> {
    const { platform } = this;
    this.#stops = [
      platform.subscribe('session', (session) => this.#setSession(session)),
      platform.subscribe('connection', (connection) => this.#setConnection(connection)),
      platform.subscribe('changed', (change) => {
        this.conversations.changed(change.conversations);
        if (change.outbox.length > 0) void this.#failures.look();
        const open = this.thread;
        if (!open) return;
        const mine =
          change.conversations.includes(open.id) || change.messages.some(({ conversationId }) => conversationId === open.id);
        if (mine) open.changed();
      }),
      platform.subscribe('open-conversation', ({ conversationId, messageId }) => {
        void this.openAt(conversationId, messageId);
      }),
      platform.subscribe('open-view', ({ view }) => this.show(view)),
      platform.subscribe('whatsapp', (link) => this.whatsapp.take(link)),
      this.settings.start(),
      this.#watchAttention(),
    ];
    // The language has to be known before the first word.
    await this.settings.read();
    await this.#readStatus();
    return () => {
      this.flushDrafts();
      for (const stop of this.#stops) stop();
    };
  }

  /** Tries again to open what could not be opened. */
  async retryStart(): Promise<void> {
    try {
      // Where the last account could not be opened, this is what opens it.
      await this.platform.call('reconnect_now', {});
    } catch {
      // Why it still cannot be is read below.
    }
    await this.#readStatus();
  }

  /** Leaves what cannot be opened where it is, and asks for the password. */
  enterAnew(): void {
    this.startFailure = null;
  }

  /** Removes what cannot be opened from this machine. */
  async removeBroken(): Promise<void> {
    try {
      await this.platform.call('logout', { wipe: true });
      await this.#readStatus();
    } catch (thrown) {
      this.startFailure = CommandError.from(thrown);
    }
  }

  /** Somebody is looking at the chat: the window has the focus, and nothing else is in front. */
  get attentive(): boolean {
    return this.#focused && this.views.place === 'chat';
  }

  /** Whether sending has to wait for a password. */
  get expired(): boolean {
    return this.session?.state === 'expired';
  }

  async #readStatus(): Promise<void> {
    try {
      const [session, connection] = await Promise.all([
        this.platform.call('session_status', {}),
        this.platform.call('connection_status', {}),
      ]);
      const fault = session.state === 'signedOut' ? await this.#openingFault() : null;
      this.connection = connection;
      this.#setSession(session);
      this.startFailure = fault;
    } catch (thrown) {
      this.startFailure = CommandError.from(thrown);
    }
  }

  /** Why the account of last time is not open: any question about an account is answered with the reason. */
  async #openingFault(): Promise<CommandError | null> {
    try {
      await this.platform.call('conversation_counts', {});
      return null;
    } catch (thrown) {
      const error = CommandError.from(thrown);
      return error.code === 'signed_out' ? null : error;
    }
  }

  #setConnection(connection: Connection): void {
    const back = connection.state === 'online' && this.connection?.state !== 'online';
    this.connection = connection;
    const { thread } = this;
    // What could not be read without a connection is asked for again by itself.
    if (back && thread && (thread.state === 'failed' || (thread.gap && thread.messages.length === 0))) void thread.load();
  }

  #setSession(session: SessionStatus): void {
    const before = this.session;
    this.session = session;
    if (session.state === 'signedIn') this.signingIn = false;
    const same = before?.account != null && before.account.id === session.account?.id;
    if (session.state === 'signedOut' || !same) this.#forget();
    if (session.state !== 'signedOut' && (!same || before.state === 'signedOut')) {
      void this.conversations.load();
      void this.#failures.look();
      if (session.state === 'signedIn') void this.whatsapp.ask();
    }
  }

  /** Puts away all that belongs to an account. */
  #forget(): void {
    for (const { timer } of this.#drafts.values()) if (timer !== null) clearTimeout(timer);
    this.#drafts.clear();
    this.thread = null;
    this.conversations.clear();
    this.whatsapp.clear();
    this.#failures.clear();
    this.notices.clear();
    this.views.reset();
    void this.search.find('');
    this.#tellFocus();
  }

  /** Signs in; the session's own event may come before or after the answer. */
  async signIn(args: Commands['login']['args']): Promise<void> {
    await this.platform.call('login', args);
    this.#setSession(await this.platform.call('session_status', {}));
  }

  async signOut(wipe: boolean): Promise<void> {
    this.flushDrafts();
    if (!(await this.run('logout', { wipe }))) return;
    this.#setSession(await this.platform.call('session_status', {}));
  }

  // Conversations

  open(conversation: Conversation | number, around?: number): void {
    const id = typeof conversation === 'number' ? conversation : conversation.id;
    const same = this.thread?.id === id;
    this.show('chat');
    if (same && this.thread) {
      if (around !== undefined) void this.thread.goTo(around);
      return;
    }
    this.flushDrafts();
    const thread = new Thread(this.platform, conversation);
    thread.arrivals.add((message) => this.#announceMessage(thread, message));
    this.thread = thread;
    this.conversations.keep(id);
    this.#tellFocus();
    void thread.load(around);
  }

  /** Opens at a message known by WhatsApp's id only, as notifications carry it. */
  async openAt(conversationId: number, messageId: string | null): Promise<void> {
    this.open(conversationId);
    const { thread } = this;
    if (!thread || messageId === null) return;
    await this.platform.call('list_messages', { conversationId, limit: 200 }).then(
      ({ items }) => {
        const found = items.find((message) => message.messageId === messageId);
        if (found && this.thread === thread) void thread.goTo(found.id);
      },
      () => {
        // The conversation itself is open: enough.
      },
    );
  }

  /** Shows all that is found by a text, in the list. */
  lookFor(text: string): void {
    this.show('chat');
    this.conversations.search(text);
    void this.search.find(text);
    this.searchRequests += 1;
  }

  close(): void {
    this.flushDrafts();
    this.thread = null;
    this.conversations.keep(null);
    this.#tellFocus();
  }

  /** Opens the next or previous one of the list. */
  step(by: 1 | -1): void {
    const next = this.conversations.beside(this.thread?.id ?? null, by);
    if (next) this.open(next);
  }

  async startConversation(phone: string): Promise<void> {
    this.open(await this.platform.call('start_conversation', { phone }));
  }

  async deleteConversation(conversation: Conversation): Promise<void> {
    const done = await this.run('delete_conversation', { conversationId: conversation.id });
    if (done && this.thread?.id === conversation.id) this.close();
  }

  markRead(conversationId: number): Promise<boolean> {
    return this.run('mark_read', { conversationId });
  }

  setBot(conversationId: number, enabled: boolean): Promise<boolean> {
    return this.run('set_bot', { conversationId, enabled });
  }

  // Writing

  draftOf(conversation: Conversation): string {
    return this.#drafts.get(conversation.id)?.text ?? conversation.draft ?? '';
  }

  setDraft(conversationId: number, text: string): void {
    const timer = this.#drafts.get(conversationId)?.timer;
    if (timer != null) clearTimeout(timer);
    this.#drafts.set(conversationId, { text, timer: setTimeout(() => this.#saveDraft(conversationId), DRAFT_DELAY) });
  }

  /** Writes what is waiting to be written: on leaving a conversation, the field or the app. */
  flushDrafts(): void {
    for (const [conversationId, { timer }] of this.#drafts) if (timer !== null) this.#saveDraft(conversationId);
  }

  #saveDraft(conversationId: number): void {
    const draft = this.#drafts.get(conversationId);
    if (!draft) return;
    if (draft.timer !== null) clearTimeout(draft.timer);
    draft.timer = null;
    void this.run('save_draft', { conversationId, text: draft.text });
  }

  /** Resolves once the text is durable; `false` when it is not, and the text belongs back into the field. */
  async send(conversationId: number, text: string): Promise<boolean> {
    const waiting = this.#drafts.get(conversationId);
    if (waiting?.timer != null) clearTimeout(waiting.timer);
    this.#drafts.set(conversationId, { text: '', timer: null });
    try {
      await this.platform.call('send_text', { conversationId, text });
    } catch (thrown) {
      this.#drafts.delete(conversationId);
      this.notices.error(m.notice_send_failed({ reason: CommandError.from(thrown).message }));
      return false;
    }
    // Whatever was typed meanwhile is a draft of its own and is saved by its timer.
    if (this.#drafts.get(conversationId)?.text === '') this.#saveDraft(conversationId);
    const { thread } = this;
    if (thread?.id === conversationId) {
      thread.changed();
      void thread.toEnd();
    }
    return true;
  }

  /** Runs a command whose failure is told in a notice. */
  async run<N extends CommandName>(name: N, args: Commands[N]['args']): Promise<boolean> {
    try {
      await this.platform.call(name, args);
      return true;
    } catch (thrown) {
      this.notices.error(CommandError.from(thrown).message);
      return false;
    }
  }

  // Attention

  #watchAttention(): () => void {
    const update = () => {
      const focused = document.hasFocus() && document.visibilityState === 'visible';
      if (!focused) this.flushDrafts();
      if (focused === this.#focused) return;
      this.#focused = focused;
      this.#tellFocus();
    };
    const leave = () => this.flushDrafts();
    window.addEventListener('focus', update);
    window.addEventListener('blur', update);
    window.addEventListener('pagehide', leave);
    document.addEventListener('visibilitychange', update);
    update();
    this.#tellFocus();
    return () => {
      window.removeEventListener('focus', update);
      window.removeEventListener('blur', update);
      window.removeEventListener('pagehide', leave);
      document.removeEventListener('visibilitychange', update);
    };
  }

  /** Brings a part of the window to the front. The shell notifies of what happens behind it. */
  show(place: Place): void {
    if (place === this.views.place) return;
    this.flushDrafts();
    this.views.place = place;
    this.#tellFocus();
  }

  showSettings(page: SettingsPage): void {
    this.views.page = page;
    this.show('settings');
  }

  #tellFocus(): void {
    const { place } = this.views;
    this.platform.focusState(place === 'chat' ? (this.thread?.id ?? null) : null, this.#focused);
  }

  /** A text that failed: told unless it is in front of the operator, with the way to it. */
  async #tellFailure({ conversationId, state }: OutboxItem): Promise<void> {
    if (this.views.place === 'chat' && this.thread?.id === conversationId) return;
    try {
      const conversation = await this.platform.call('get_conversation', { conversationId });
      const name = displayName(conversation);
      this.notices.add({
        kind: 'error',
        text: state === 'failed' ? m.notice_failed({ name }) : m.notice_unconfirmed({ name }),
        action: { text: m.notice_see(), run: () => this.open(conversation) },
      });
    } catch {
      // Without its conversation there is nothing to show.
    }
  }

  /** Puts the counters of the connection, free of texts and names, on the clipboard. */
  async copyDiagnostics(): Promise<void> {
    try {
      const counters = await this.platform.call('diagnostics', {});
      await navigator.clipboard.writeText(JSON.stringify(counters, null, 2));
      this.notices.add({ kind: 'info', text: m.diagnostics_copied() });
    } catch (thrown) {
      const { code, message } = CommandError.from(thrown);
      this.notices.error(code === 'internal' ? m.notice_copy_failed() : message);
    }
  }

  #announceMessage(thread: Thread, message: Message): void {
    if (!thread.conversation || thread !== this.thread) return;
    const text = messageText(message);
    this.notices.announce(m.announce_message({ name: displayName(thread.conversation), text }));
  }

  #announceRow(conversation: Conversation): void {
    if (conversation.id === this.thread?.id) return;
    const text = previewText(conversation);
    this.notices.announce(m.announce_message({ name: displayName(conversation), text }));
  }
}

export const [getDesk, setDesk] = createContext<Desk>();
