/**
 * What the core offers: its commands, its events and the shapes they carry.
 * The one place from which the rest of the interface takes these types.
 */

export type ConnectionState = 'offline' | 'connecting' | 'syncing' | 'online' | 'polling' | 'stopped';
export type Sender = 'contact' | 'client' | 'bot';
export type MessageState =
  | 'received'
  | 'queued'
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'unconfirmed'
  | 'failed';
export type MessageKind =
  | 'text'
  | 'image'
  | 'document'
  | 'audio'
  | 'video'
  | 'sticker'
  | 'location'
  | 'contact_card';
/** Why a queued message waits. */
export type Hold = 'offline' | 'previous' | 'not_linked' | 'rate_limited' | 'signed_out';
export type ErrorSource = 'input' | 'network' | 'server' | 'store' | 'secrets';

/** How every command fails. `message` is a sentence in the operator's language. */
export interface ErrorBody {
  code: string;
  message: string;
  source: ErrorSource;
  retryable: boolean;
}

export interface Account {
  id: number;
  clientCode: string;
  companyName: string;
  email: string | null;
  phone: string | null;
  isAdmin: boolean;
}

export interface SessionStatus {
  state: 'signedOut' | 'signedIn' | 'expired';
  account: Account | null;
  backend: string | null;
}

/** Times are RFC 3339 in UTC. */
export interface Connection {
  state: ConnectionState;
  since: string;
  attempt: number;
  nextRetryAt: string | null;
  transport: string | null;
  rttMs: number | null;
  lastEventAt: string | null;
  /** Conversations caught up and to catch up, while syncing. */
  progress: [number, number] | null;
  limitedUntil: string | null;
}

export interface Tag {
  id: number;
  name: string;
  color: string;
}

export interface Conversation {
  id: number;
  /** Digits, as the server has them. */
  phone: string;
  /** The contact's name; the number where there is none. */
  name: string;
  lastMessage: string | null;
  lastMessageAt: string | null;
  lastFrom: Sender | null;
  /** State of the newest message, when it is an own one. */
  lastState: MessageState | null;
  /** Since when the contact waits for an answer; null when nobody waits. */
  waitingSince: string | null;
  unreadCount: number;
  botEnabled: boolean;
  tags: Tag[];
  draft: string | null;
  /** Whether messages may be missing from the cache. */
  gap: boolean;
}

export interface Media {
  url: string | null;
  fileName: string | null;
}

export interface Message {
  /** The server's row id, or a negative one for what it does not know yet. */
  id: number;
  cursor: string;
  conversationId: number;
  messageId: string | null;
  /** Set on what was written here; it never changes. */
  localId: string | null;
  from: Sender;
  type: MessageKind;
  content: string | null;
  sentAt: string;
  state: MessageState;
  hold: Hold | null;
  error: MessageError | null;
  media: Media | null;
  /** Whether messages may be missing right before this one. */
  gapBefore: boolean;
}

export interface MessageError {
  code: string;
  message: string;
}

export interface ConversationPage {
  items: Conversation[];
  nextCursor: string | null;
  total: number;
}

export interface MessagePage {
  items: Message[];
  /** False only when the beginning is known. */
  hasOlder: boolean;
  hasNewer: boolean;
  gap: boolean;
}

export interface SearchHit {
  message: Message;
  conversation: Conversation;
  snippet: string;
  /** Start and end of each match in `snippet`, in UTF-16 code units. */
  ranges: [number, number][];
}

export interface SearchPage {
  hits: SearchHit[];
  nextCursor: string | null;
}

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';
export type Locale = 'es' | 'en' | 'pt';

/** How this machine shows the app; the part of the core's settings that the interface acts on. */
export interface Settings {
  /** Null: the system's. */
  locale: Locale | null;
  theme: Theme;
  density: Density;
  /** 1 for the usual size. */
  textScale: number;
}

export type Nothing = Record<string, never>;
interface Of {
  conversationId: number;
}
interface OutboxRow {
  localId: string;
}

/** Every command by name: what it takes and what it answers. */
export interface Commands {
  session_status: { args: Nothing; reply: SessionStatus };
  login: { args: { clientCode: string; password: string; backend?: string; remember?: boolean }; reply: Account };
  logout: { args: { wipe?: boolean }; reply: null };
  connection_status: { args: Nothing; reply: Connection };
  reconnect_now: { args: Nothing; reply: null };
  list_conversations: {
    args: { query?: string; unread?: boolean; cursor?: string; limit?: number };
    reply: ConversationPage;
  };
  get_conversation: { args: Of; reply: Conversation };
  start_conversation: { args: { phone: string }; reply: Conversation };
  mark_read: { args: Of; reply: null };
  delete_conversation: { args: Of; reply: null };
  set_bot: { args: Of & { enabled: boolean }; reply: null };
  list_messages: {
    args: Of & { before?: string | number; after?: string | number; around?: number; limit?: number };
    reply: MessagePage;
  };
  search: { args: { text: string; conversationId?: number; limit?: number; cursor?: string }; reply: SearchPage };
  send_text: { args: Of & { text: string }; reply: OutboxRow };
  retry: { args: OutboxRow; reply: null };
  discard: { args: OutboxRow; reply: null };
  get_settings: { args: Nothing; reply: Settings };
  set_settings: { args: { patch: Partial<Settings> }; reply: unknown };
  save_draft: { args: Of & { text: string }; reply: null };
}

/** Which rows changed; the interface reads the visible ones again. */
export interface Changed {
  conversations: number[];
  messages: { conversationId: number; ids: number[] }[];
  outbox: string[];
}

/** Every event by name. `open-conversation` comes from the shell, when a notification is clicked. */
export interface Events {
  connection: Connection;
  changed: Changed;
  session: SessionStatus;
  'open-conversation': { conversationId: number; messageId: string | null };
}

export type CommandName = keyof Commands;
export type EventName = keyof Events;

/** The host of the interface: the shell, or a stand-in for it. */
export interface Platform {
  /** Runs a command of the core. Rejects with a {@link CommandError}. */
  call<N extends CommandName>(name: N, args: Commands[N]['args']): Promise<Commands[N]['reply']>;
  /** Hears an event until the returned function is called. */
  subscribe<N extends EventName>(event: N, handler: (payload: Events[N]) => void): () => void;
  /** Opens a web or mail address outside the app. */
  openLink(url: string): Promise<void>;
  /** Tells the shell that the first screen is painted, and again when its looks change: it draws the rest alike. */
  ready(look: { theme: Theme; locale: Locale }): void;
  /** Tells the shell which conversation is open and whether the window has the focus: it decides on notifications. */
  focusState(conversationId: number | null, focused: boolean): void;
}

/** A command's refusal, as the core words it. */
export class CommandError extends Error implements ErrorBody {
  readonly code: string;
  readonly source: ErrorSource;
  readonly retryable: boolean;

  constructor(body: ErrorBody) {
    super(body.message);
    this.name = 'CommandError';
    this.code = body.code;
    this.source = body.source;
    this.retryable = body.retryable;
  }

  /** Makes one of whatever was thrown, so that callers have one shape to handle. */
  static from(thrown: unknown): CommandError {
    if (thrown instanceof CommandError) return thrown;
    if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
      const body = thrown as Partial<ErrorBody>;
      return new CommandError({
        code: String(body.code),
        message: String(body.message),
        source: body.source ?? 'store',
        retryable: body.retryable ?? false,
      });
    }
    return new CommandError({ code: 'internal', message: String(thrown), source: 'store', retryable: false });
  }
}
