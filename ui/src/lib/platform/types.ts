/**
 * What the interface needs of its host. The shapes come from the core's own declaration; the rest of the interface
 * takes them from here.
 */
import type * as core from '$lib/bindings';
import type { ErrorSource, Locale, Theme } from '$lib/bindings';

// The names declared here win over the core's of the same name.
export type * from '$lib/bindings';

/** Every command by name: what it takes and what it answers. */
export type Commands = {
  [N in keyof core.Commands]: { args: core.Commands[N]['args']; reply: core.Commands[N]['result'] };
};

/** Every event by name. The last two come from the shell, when a notification is clicked or a link followed. */
export interface Events extends core.Events {
  'open-conversation': { conversationId: number; messageId: string | null };
  'open-view': { view: 'chat' | 'whatsapp' };
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
  /** Lets the operator choose where to write a file; null when they think better of it. */
  chooseSavePath(suggested: string): Promise<string | null>;
  /** The same for a file to be read. */
  chooseOpenPath(): Promise<string | null>;
  /** The address of a kept picture of a message, also in small. */
  mediaUrl(messageId: number, small: boolean): string;
  /** The bytes of a message's kept sound or film. */
  mediaBytes(messageId: number): Promise<ArrayBuffer>;
  /** Puts a message's picture on the clipboard. */
  copyPicture(messageId: number): Promise<void>;
  /** Opens a message's file in what the system has for it. */
  openMedia(messageId: number): Promise<void>;
  /** Tells the shell that the first screen is painted, and again when its looks change: it draws the rest alike. */
  ready(look: { theme: Theme; locale: Locale }): void;
  /** Tells the shell which conversation is open and whether the window has the focus: it decides on notifications. */
  focusState(conversationId: number | null, focused: boolean): void;
}

/** How every command fails. `message` is a sentence in the operator's language; the shell adds codes of its own. */
export interface ErrorBody {
  code: string;
  message: string;
  source: ErrorSource;
  retryable: boolean;
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
