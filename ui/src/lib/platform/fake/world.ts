/** A core in memory with the behaviour the interface relies on: pages, changes, an outbox. For tests and `npm run dev`. */
import {
  CommandError,
  type Account,
  type Changed,
  type CommandName,
  type Commands,
  type Connection,
  type ConnectionState,
  type Conversation,
  type EventName,
  type Events,
  type MediaInfo,
  type Message,
  type MessageState,
  type OutboxItem,
  type Platform,
  type SessionStatus,
  type Settings,
  type Whatsapp,
} from '../types';
import { LINKED, machineAnswers, SETTINGS } from './machine';
import { furtherSeed, longPast, SEEDS, TAGS, type Line, type Row, type Seed } from './data';
import { countsOf, fold, matching, phoneCheck } from './lists';

/** What the interface asks so far; the rest is refused as unknown. */
type Answers = { [N in CommandName]?: (args: Commands[N]['args']) => Commands[N]['reply'] };

export interface FakeOptions {
  /** Conversations in all; at least the written ones. */
  conversations?: number;
  signedIn?: boolean;
  now?: Date;
  /** How long each command takes, in milliseconds. */
  delay?: number;
}

const refuse = (code: string, message: string) =>
  new CommandError({ code, message, source: 'input', retryable: false });
export const connectionOf = (state: ConnectionState, since: Date): Connection => ({
  state,
  since: since.toISOString(),
  attempt: state === 'online' ? 0 : 2,
  nextRetryAt: null,
  transport: state === 'online' ? 'websocket' : null,
  rttMs: null,
  lastEventAt: null,
  progress: null,
  limitedUntil: null,
});

const ACCOUNT: Account = {
  id: 7,
  clientCode: 'CARDONES',
  companyName: 'Distribuidora Los Cardones',
  email: null,
  phone: null,
  isAdmin: false,
};

export class FakeWorld implements Platform {
  readonly calls: { name: CommandName; args: unknown }[] = [];
  readonly opened: string[] = [];
  /** Messages whose picture was put on the clipboard. */
  readonly copied: number[] = [];
  clipboardFailure: CommandError | null = null;
  /** What is known of the files of messages. */
  readonly media = new Map<number, MediaInfo>();
  /** What the operator answers when asked for a file; null thinks better of it. */
  chosenPath: string | null = '/home/ana/Documentos/elegido';
  /** What was suggested each time. */
  readonly suggested: string[] = [];
  focus: { conversationId: number | null; focused: boolean } | null = null;
  look: { theme: string; locale: string } | null = null;
  settings: Settings = { ...SETTINGS };
  whatsapp: Whatsapp = { ...LINKED };
  session: SessionStatus;
  connection: Connection;
  /** Set to make the named command fail the next time. */
  readonly failures = new Map<CommandName, CommandError>();
  /** Replaces `delay` for one command: tests hold an answer back with it. */
  readonly holds = new Map<CommandName, Promise<void>>();

  #rows = new Map<number, Row>();
  #handlers = new Map<string, Set<(payload: never) => void>>();
  #nextId = 1000;
  #nextConversation = -1;
  #delay: number;
  readonly #now: () => Date;

  constructor(options: FakeOptions = {}) {
    const started = Date.now();
    const fixed = options.now;
    this.#now = () => (fixed ? new Date(fixed.getTime() + Date.now() - started) : new Date());
    this.#delay = options.delay ?? 0;
    this.session = options.signedIn === false ? { state: 'signedOut', account: null, backend: 'https://crm.loscardones.example' } : this.#signedIn();
    this.connection = connectionOf('online', this.#now());
    const wanted = Math.max(options.conversations ?? SEEDS.length, SEEDS.length);
    SEEDS.forEach((seed, index) => this.#plant(index + 1, seed, index === 0 ? longPast(400) : []));
    for (let n = SEEDS.length; n < wanted; n += 1) this.#plant(n + 1, furtherSeed(n), []);
  }

  async call<N extends CommandName>(name: N, args: Commands[N]['args']): Promise<Commands[N]['reply']> {
    this.calls.push({ name, args });
    await (this.holds.get(name) ?? (this.#delay > 0 ? new Promise((done) => setTimeout(done, this.#delay)) : undefined));
    const failure = this.failures.get(name);
    if (failure) {
      this.failures.delete(name);
      throw failure;
    }
    // What leaves is a copy, as it would be over a bridge.
    const answer = this.#answers[name];
    if (!answer) throw refuse('unknown_command', `The stand-in does not know ${name}.`);
    return structuredClone(answer(args));
  }

  subscribe<N extends EventName>(event: N, handler: (payload: Events[N]) => void): () => void {
    const set = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, set);
    set.add(handler);
    return () => set.delete(handler);
  }

  emit<N extends EventName>(event: N, payload: Events[N]): void {
    for (const handler of this.#handlers.get(event) ?? []) handler(payload as never);
  }

  openLink(url: string): Promise<void> {
    this.opened.push(url);
    return Promise.resolve();
  }

  chooseSavePath(suggested: string): Promise<string | null> {
    this.suggested.push(suggested);
    return Promise.resolve(this.chosenPath);
  }

  chooseOpenPath(): Promise<string | null> {
    return Promise.resolve(this.chosenPath);
  }

  mediaUrl(messageId: number, small: boolean): string {
    return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><title>${messageId}${small ? ' small' : ''}</title><rect width="4" height="3" fill="#a8431f"/></svg>`)}`;
  }

  mediaBytes(): Promise<ArrayBuffer> {
    return Promise.resolve(new ArrayBuffer(8));
  }

  copyPicture(messageId: number): Promise<void> {
    if (this.clipboardFailure) return Promise.reject(this.clipboardFailure);
    this.copied.push(messageId);
    return Promise.resolve();
  }

  openMedia(messageId: number): Promise<void> {
    this.opened.push(`media ${messageId}`);
    return Promise.resolve();
  }

  ready(look: { theme: string; locale: string }): void {
    this.look = look;
  }

  focusState(conversationId: number | null, focused: boolean): void {
    this.focus = { conversationId, focused };
  }

  // What a test or the demo makes happen.

  setConnection(state: ConnectionState, more: Partial<Connection> = {}): void {
    this.connection = { ...connectionOf(state, this.#now()), ...more };
    this.emit('connection', this.connection);
  }

  setSession(state: SessionStatus['state']): void {
    this.session = state === 'signedIn' ? this.#signedIn() : { ...this.session, state };
    this.emit('session', this.session);
  }

  setGap(conversationId: number, gap: boolean): void {
    const row = this.#row(conversationId);
    row.gap = gap;
    const confirmed = row.lines.findLast((line) => line.messageId !== null);
    if (confirmed) confirmed.gapBefore = gap;
    this.#changed(row, []);
  }

  /** A contact writes. */
  receive(conversationId: number, text: string): Message {
    const row = this.#row(conversationId);
    const message = this.#message(row.id, { from: 'contact', ago: 0, text });
    row.lines.push(message);
    row.unreadCount += 1;
    this.#touch(row);
    this.#changed(row, [message.id]);
    return message;
  }

  /** A contact sends a file, of which the core would tell this. */
  receiveFile(
    conversationId: number,
    type: Message['type'],
    info: Partial<MediaInfo> = {},
    { content = null, available = true }: { content?: string | null; available?: boolean } = {},
  ): Message {
    const row = this.#row(conversationId);
    const message = this.#message(row.id, { from: 'contact', ago: 0, text: content, type, fileName: info.name ?? 'archivo' });
    message.media = { fileName: info.name ?? null, available, width: null, height: null };
    this.media.set(message.id, { state: 'ready', mime: null, name: 'archivo', size: 1200, width: null, height: null, openable: true, ...info });
    row.lines.push(message);
    this.#touch(row);
    this.#changed(row, [message.id]);
    return message;
  }

  /** Moves an own message on to a state. */
  settle(localId: string, state: MessageState, error: Message['error'] = null): void {
    const [row, message] = this.#own(localId);
    message.state = state;
    message.error = error;
    message.hold = null;
    if (state === 'sent') {
      message.id = this.#nextId++;
      message.messageId = `3EB0${message.id.toString(16).toUpperCase()}`;
    }
    this.#touch(row);
    this.#changed(row, [message.id], [localId]);
  }

  setWhatsapp(whatsapp: Partial<Whatsapp>): void {
    this.whatsapp = { state: 'connected', phone: null, qr: null, reason: null, ...whatsapp };
    this.emit('whatsapp', this.whatsapp);
  }

  /** What was written here and is not known to be sent. */
  outbox(): OutboxItem[] {
    return [...this.#rows.values()].flatMap((row) =>
      row.lines
        .filter(({ localId, state }) => localId !== null && state !== 'sent')
        .map(({ localId, content, sentAt, state, hold, error }) => ({
          localId: localId ?? '',
          conversationId: row.id,
          phone: row.phone,
          content,
          file: null,
          writtenAt: sentAt,
          state,
          hold,
          error,
          attempts: 1,
        })),
    );
  }

  size(): { conversations: number; messages: number } {
    const rows = [...this.#rows.values()];
    return { conversations: rows.length, messages: rows.reduce((sum, { lines }) => sum + lines.length, 0) };
  }

  conversation(id: number): Conversation {
    return structuredClone(this.#shown(this.#row(id)));
  }

  readonly #answers: Answers = {
    session_status: () => this.session,
    login: ({ clientCode, password, backend }) => {
      if (backend !== 'demo' && (password !== 'condor' || clientCode.trim() === ''))
        throw refuse('wrong_credentials', 'El código o la contraseña no coinciden.');
      this.session = { ...this.#signedIn(), backend: backend ?? 'https://crm.loscardones.example' };
      this.setConnection('online');
      queueMicrotask(() => this.emit('session', this.session));
      return { ...ACCOUNT, clientCode: clientCode || 'DEMO' };
    },
    logout: () => {
      this.setSession('signedOut');
      this.setConnection('stopped');
      return null;
    },
    connection_status: () => this.connection,
    reconnect_now: () => {
      this.setConnection('connecting');
      setTimeout(() => this.setConnection('online'), 1500);
      return null;
    },
    list_conversations: (args) => {
      const all = matching(this.#rows.values(), args);
      const from = Number(args.cursor ?? 0);
      const next = from + Math.min(args.limit ?? 50, 200);
      return {
        items: all.slice(from, next).map((row) => this.#shown(row)),
        nextCursor: next < all.length ? String(next) : null,
        total: all.length,
      };
    },
    conversation_counts: () => countsOf(this.#rows.values()),
    check_phone: ({ phone }) => {
      const check = phoneCheck(this.#rows.values(), phone);
      if (!check) throw refuse('invalid_phone', 'El número está incompleto.');
      return check;
    },
    mute: ({ conversationId, minutes }) => {
      const row = this.#row(conversationId);
      row.mute = { until: minutes == null ? null : new Date(this.#now().getTime() + minutes * 60_000).toISOString() };
      this.#changed(row, []);
      return null;
    },
    unmute: ({ conversationId }) => {
      const row = this.#row(conversationId);
      row.mute = null;
      this.#changed(row, []);
      return null;
    },
    get_conversation: ({ conversationId }) => this.#shown(this.#row(conversationId)),
    start_conversation: ({ phone }) => {
      const digits = phone.replace(/\D/g, '');
      if (digits.length < 8) throw refuse('invalid_phone', 'El número está incompleto.');
      const known = [...this.#rows.values()].find((row) => row.phone === digits);
      if (known) return this.#shown(known);
      const row = this.#plant(this.#nextConversation--, { name: null, phone: digits, tags: [], lines: [] }, []);
      row.lastMessageAt = this.#now().toISOString();
      this.#changed(row, []);
      return this.#shown(row);
    },
    mark_read: ({ conversationId }) => {
      const row = this.#row(conversationId);
      row.unreadCount = 0;
      this.#changed(row, []);
      return null;
    },
    delete_conversation: ({ conversationId }) => {
      this.#rows.delete(this.#row(conversationId).id);
      this.emit('changed', { conversations: [conversationId], messages: [], outbox: [] });
      return null;
    },
    set_bot: ({ conversationId, enabled }) => {
      const row = this.#row(conversationId);
      row.botEnabled = enabled;
      this.#changed(row, []);
      return null;
    },
    list_messages: ({ conversationId, before, after, around, limit: wanted }) => {
      const limit = wanted ?? 50;
      const row = this.#row(conversationId);
      const at = (cursor: string | number) =>
        row.lines.findIndex((line) => line.cursor === String(cursor) || line.id === Number(cursor));
      let start = Math.max(0, row.lines.length - limit);
      let end = row.lines.length;
      if (before != null) {
        end = Math.max(0, at(before));
        start = Math.max(0, end - limit);
      } else if (after != null) {
        start = at(after) + 1;
        end = Math.min(row.lines.length, start + limit);
      } else if (around != null) {
        start = Math.max(0, at(around) - Math.floor(limit / 2));
        end = Math.min(row.lines.length, start + limit);
      }
      return {
        items: row.lines.slice(start, end),
        hasOlder: start > 0,
        hasNewer: end < row.lines.length,
        gap: row.gap,
      };
    },
    search: ({ text, conversationId, limit }) => {
      const wanted = fold(text);
      const hits = [...this.#rows.values()]
        .filter((row) => conversationId == null || row.id === conversationId)
        .flatMap((row) => row.lines.map((message) => ({ row, message })))
        .filter(({ message }) => fold(message.content ?? '').includes(wanted))
        .sort((a, b) => b.message.sentAt.localeCompare(a.message.sentAt))
        .slice(0, limit ?? 50)
        .map(({ row, message }) => {
          const snippet = message.content ?? '';
          const start = fold(snippet).indexOf(wanted);
          return {
            message,
            conversation: this.#shown(row),
            snippet,
            ranges: [[start, start + text.length]] as [number, number][],
          };
        });
      return { hits, nextCursor: null };
    },
    send_text: ({ conversationId, text }) => {
      const row = this.#row(conversationId ?? 0);
      const online = this.connection.state === 'online';
      const message = this.#message(row.id, { from: 'client', ago: 0, text, state: online ? 'sending' : 'queued' });
      row.lines.push(message);
      row.botEnabled = false;
      row.draft = null;
      this.#touch(row);
      const localId = message.localId ?? '';
      this.#changed(row, [message.id], [localId]);
      if (online) this.#deliver(localId);
      return { localId };
    },
    retry: ({ localId }) => {
      this.settle(localId, 'sending');
      this.#deliver(localId);
      return null;
    },
    discard: ({ localId }) => {
      const [row, message] = this.#own(localId);
      row.lines = row.lines.filter((line) => line !== message);
      this.#touch(row);
      this.#changed(row, [message.id], [localId]);
      return null;
    },
    media_info: ({ messageId }) => {
      const info = this.media.get(messageId);
      if (!info) throw refuse('not_found', 'El mensaje ya no existe.');
      return info;
    },
    save_media: ({ path }) => ({ path }),
    clear_media: () => {
      this.media.clear();
      return null;
    },
    ...machineAnswers(this),
    save_draft: ({ conversationId, text }) => {
      const row = this.#row(conversationId);
      row.draft = text === '' ? null : text;
      this.#changed(row, []);
      return null;
    },
  };

  #deliver(localId: string): void {
    if (this.#delay === 0) return;
    setTimeout(() => this.settle(localId, 'sent'), 900);
  }

  #signedIn(): SessionStatus {
    return {
      state: 'signedIn',
      account: ACCOUNT,
      backend: 'https://crm.loscardones.example',
    };
  }

  #plant(id: number, seed: Seed, past: Line[]): Row {
    const row: Row = {
      id,
      phone: seed.phone,
      name: seed.name ?? seed.phone,
      lastMessage: null,
      lastKind: null,
      lastMessageAt: null,
      lastFrom: null,
      lastState: null,
      waitingSince: null,
      unreadCount: seed.unread ?? 0,
      botEnabled: seed.bot ?? false,
      tags: seed.tags.map((tag) => TAGS[tag]).filter((tag) => tag !== undefined),
      draft: seed.draft ?? null,
      gap: false,
      mute: null,
      lines: [],
    };
    row.lines = [...past, ...seed.lines].map((line) => this.#message(id, line));
    this.#rows.set(id, row);
    this.#touch(row);
    return row;
  }

  #message(conversationId: number, line: Line): Message {
    const number = this.#nextId++;
    const state = line.state ?? (line.from === 'contact' ? 'received' : 'sent');
    const pending = state !== 'received' && (state !== 'sent' || line.ago === 0);
    return {
      id: pending ? -number : number,
      cursor: `c${number}`,
      conversationId,
      messageId: pending ? null : `3EB0${number.toString(16).toUpperCase()}`,
      localId: pending ? `local-${number}` : null,
      from: line.from,
      type: line.type ?? 'text',
      content: line.text,
      sentAt: new Date(this.#now().getTime() - line.ago * 60_000).toISOString(),
      state,
      hold: state === 'queued' ? (this.connection?.state === 'offline' ? 'offline' : 'previous') : null,
      error: null,
      media: line.type && line.type !== 'text' ? { fileName: line.fileName ?? null, available: false, width: null, height: null } : null,
      gapBefore: false,
    };
  }

  #touch(row: Row): void {
    const last = row.lines.at(-1);
    row.lastMessage = last ? (last.content ?? (last.type === 'document' ? last.media?.fileName : null) ?? `[${last.type}]`) : null;
    row.lastKind = last?.type ?? null;
    row.lastFrom = last?.from ?? null;
    row.lastState = last && last.from !== 'contact' ? last.state : null;
    row.waitingSince = null;
    for (const line of row.lines.toReversed()) {
      if (line.from !== 'contact') break;
      if (row.unreadCount > 0 || line === last) row.waitingSince = line.sentAt;
    }
    if (last) row.lastMessageAt = last.sentAt;
  }

  #shown(row: Row): Conversation {
    const { lines: _lines, ...conversation } = row;
    return conversation;
  }

  #row(id: number): Row {
    const row = this.#rows.get(id);
    if (!row) throw refuse('not_found', 'La conversación ya no existe.');
    return row;
  }

  #own(localId: string): [Row, Message] {
    for (const row of this.#rows.values()) {
      const message = row.lines.find((line) => line.localId === localId);
      if (message) return [row, message];
    }
    throw refuse('not_found', 'El mensaje ya no existe.');
  }

  #changed(row: Row, ids: number[], outbox: string[] = []): void {
    const change: Changed = {
      conversations: [row.id],
      messages: ids.length > 0 ? [{ conversationId: row.id, ids }] : [],
      outbox,
    };
    this.emit('changed', change);
  }
}
