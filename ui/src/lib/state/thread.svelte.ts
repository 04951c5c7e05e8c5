/** The messages of the open conversation: a window that grows at both ends and is re-read when rows change. */
import { CommandError, type Conversation, type Message, type Platform } from '$lib/platform';
import { coalesced, Latest } from './order';
import type { ReadState } from './conversations.svelte';
import { ThreadSearch, type Place } from './threadSearch.svelte';

const PAGE = 50;
const MOST_PER_PAGE = 200;
/** How many pages a re-read goes back to join what is shown before it starts afresh. */
const MOST_JOINING_PAGES = 10;

/** A message counts as just come for this long: enough to be drawn, too short to fade in again when scrolled to. */
const FRESH = 400;

/** A row's identity: what was written here keeps its own, also when the server has given it one. */
export const keyOf = (message: Message): string => message.localId ?? String(message.id);

/** Puts a freshly read tail of the conversation in place; `null` when the two do not touch. */
export function joinTail(shown: readonly Message[], tail: readonly Message[]): Message[] | null {
  const first = tail[0];
  if (first === undefined) return [];
  const fresh = new Set(tail.map(keyOf));
  const at = shown.findIndex((message) => keyOf(message) === keyOf(first));
  if (at < 0) return shown.length === 0 ? [...tail] : null;
  return [...shown.slice(0, at).filter((message) => !fresh.has(keyOf(message))), ...tail];
}

export class Thread {
  conversation = $state.raw<Conversation | null>(null);
  messages = $state.raw<Message[]>([]);
  state = $state<ReadState>('loading');
  error = $state.raw<CommandError | null>(null);
  hasOlder = $state(false);
  hasNewer = $state(false);
  gap = $state(false);
  reading = $state<'older' | 'newer' | null>(null);
  olderFailed = $state(false);
  /** The message before which missing ones are being asked for. */
  filling = $state<string | null>(null);
  /** The message before which they were asked for in vain. */
  unfilled = $state<string | null>(null);
  /** True while rows are being put before the first one, so that the view keeps its place. */
  prepending = $state(false);
  /** The message before which the line of new messages stands, and how many came after it. */
  divider = $state.raw<{ key: string; count: number } | null>(null);
  /** A message to bring into view and ring: found by search, or clicked in a notification. */
  target = $state.raw<{ id: number; serial: number; back: number | null } | null>(null);
  deleted = $state(false);
  /** Grows when the view should go to the end: something was sent, or the operator asked. */
  endRequests = $state(0);
  /** Told of each new message of the contact, once. */
  readonly arrivals = new Set<(message: Message) => void>();
  /** Set by what draws the messages: the place in view. */
  place: () => Place | null = () => null;
  readonly search: ThreadSearch;

  /** When messages came while the conversation was open. */
  readonly #came = new Map<string, number>();
  readonly #platform: Platform;
  readonly #latest = new Latest();
  #id: number;
  #targets = 0;
  readonly #refresh = coalesced(() => this.#reread());

  constructor(platform: Platform, conversation: Conversation | number) {
    this.#platform = platform;
    this.#id = typeof conversation === 'number' ? conversation : conversation.id;
    if (typeof conversation !== 'number') this.conversation = conversation;
    this.search = new ThreadSearch(platform, {
      conversationId: () => this.id,
      place: () => this.place(),
      goTo: (messageId) => this.goTo(messageId),
      goBack: (place) => this.goBack(place),
    });
  }

  get id(): number {
    return this.conversation?.id ?? this.#id;
  }

  /** Reads the newest page, or the page around a message. */
  async load(around?: number): Promise<void> {
    this.#latest.reset();
    this.state = 'loading';
    await this.#latest.apply(
      async () => {
        const [conversation, page] = await Promise.all([
          this.#platform.call('get_conversation', { conversationId: this.id }),
          this.#platform.call('list_messages', {
            conversationId: this.id,
            limit: PAGE,
            ...(around === undefined ? {} : { around }),
          }),
        ]);
        return { conversation, page };
      },
      ({ conversation, page }) => {
        this.prepending = false;
        this.conversation = conversation;
        this.messages = page.items;
        this.hasOlder = page.hasOlder;
        this.hasNewer = page.hasNewer;
        this.gap = page.gap;
        this.error = null;
        this.state = 'ready';
        if (around === undefined) this.#placeDivider(conversation.unreadCount);
        else this.aim(around);
      },
      (thrown) => this.#fail(thrown),
    );
  }

  /** Brings a message into view, reading the page around it when it is not here. */
  async goTo(messageId: number): Promise<void> {
    if (this.messages.some(({ id }) => id === messageId)) this.aim(messageId);
    else await this.load(messageId);
  }

  /** `back`: how far above the view's edge it began, for a return; null where it was looked for. */
  aim(id: number, back: number | null = null): void {
    this.target = { id, serial: ++this.#targets, back };
  }

  /** Back to where one was before a message was looked for. */
  async goBack(place: Place): Promise<void> {
    if (place.end) return this.toEnd();
    if (!this.messages.some(({ id }) => id === place.id)) await this.load(place.id);
    this.aim(place.id, place.offset);
  }

  /** The first message shown is the first there is. */
  get complete(): boolean {
    return this.state === 'ready' && !this.hasOlder && !this.gap && this.messages[0]?.gapBefore === false;
  }

  /** Back to the newest messages. */
  async toEnd(): Promise<void> {
    this.target = null;
    this.search.stay();
    if (this.hasNewer) await this.load();
    this.endRequests += 1;
  }

  async older(): Promise<void> {
    const first = this.messages[0];
    if (!first || !this.hasOlder || this.reading !== null || this.state !== 'ready') return;
    this.reading = 'older';
    this.olderFailed = false;
    try {
      const page = await this.#platform.call('list_messages', {
        conversationId: this.id,
        before: first.cursor,
        limit: PAGE,
      });
      // Only joins if nothing else has moved the first row meanwhile.
      const current = this.messages[0];
      if (!current || keyOf(current) !== keyOf(first)) return;
      const known = new Set(this.messages.map(keyOf));
      this.prepending = true;
      this.messages = [...page.items.filter((message) => !known.has(keyOf(message))), ...this.messages];
      this.hasOlder = page.hasOlder;
      if (page.items.length === 0 && page.gap) this.olderFailed = true;
    } catch {
      this.olderFailed = true;
    } finally {
      this.reading = null;
    }
  }

  async newer(): Promise<void> {
    const last = this.messages.at(-1);
    if (!last || !this.hasNewer || this.reading !== null || this.state !== 'ready') return;
    this.reading = 'newer';
    try {
      const page = await this.#platform.call('list_messages', {
        conversationId: this.id,
        after: last.cursor,
        limit: PAGE,
      });
      const current = this.messages.at(-1);
      if (!current || keyOf(current) !== keyOf(last)) return;
      const known = new Set(this.messages.map(keyOf));
      this.prepending = false;
      this.messages = [...this.messages, ...page.items.filter((message) => !known.has(keyOf(message)))];
      this.hasNewer = page.hasNewer;
    } catch {
      // Scrolling on asks again.
    } finally {
      this.reading = null;
    }
  }

  /** Rows of this conversation, or the conversation itself, changed in the core. */
  changed(): void {
    void this.#refresh();
  }

  /** Whether a message has come this very moment: it fades in, those read with the page do not. */
  isFresh(key: string): boolean {
    return performance.now() - (this.#came.get(key) ?? -Infinity) < FRESH;
  }

  /** Where the new messages begin; stays until the conversation is left or all of them were seen and more come. */
  markNew(message: Message, first: boolean): void {
    if (first || !this.divider) this.divider = { key: keyOf(message), count: 1 };
    else this.divider = { ...this.divider, count: this.divider.count + 1 };
  }

  /** Asks for what is missing before a message; the core answers with changes. */
  async fill(message: Message): Promise<void> {
    this.filling = keyOf(message);
    this.unfilled = null;
    try {
      await this.#platform.call('list_messages', { conversationId: this.id, before: message.cursor, limit: PAGE });
      this.changed();
    } catch {
      this.unfilled = keyOf(message);
    } finally {
      this.filling = null;
    }
  }

  #placeDivider(unread: number): void {
    let left = unread;
    for (const message of this.messages.toReversed()) {
      if (message.from !== 'contact') continue;
      left -= 1;
      if (left === 0) this.divider = { key: keyOf(message), count: unread };
    }
  }

  async #reread(): Promise<void> {
    if (this.state === 'failed') return this.load();
    await this.#latest.apply(
      async () => {
        const conversation = await this.#platform.call('get_conversation', { conversationId: this.id });
        return { conversation, read: this.hasNewer ? await this.#readAround() : await this.#readTail() };
      },
      ({ conversation, read }) => {
        const window = 'tail' in read ? this.#joined(read) : read;
        const known = new Set(this.messages.map(keyOf));
        if (!window.hasNewer) this.#mark(window.messages, known);
        this.prepending = false;
        this.conversation = conversation;
        this.messages = window.messages;
        this.hasOlder = window.hasOlder;
        this.hasNewer = window.hasNewer;
        this.gap = window.gap;
        this.state = 'ready';
        for (const message of window.messages) {
          if (message.from === 'contact' && !known.has(keyOf(message)) && !window.hasNewer) {
            for (const hear of this.arrivals) hear(message);
          }
        }
      },
      (thrown) => {
        if (CommandError.from(thrown).code === 'not_found') this.deleted = true;
      },
    );
  }

  /** Remembers which messages came after the last one shown. */
  #mark(messages: readonly Message[], known: ReadonlySet<string>): void {
    const last = messages.findLastIndex((message) => known.has(keyOf(message)));
    if (last < 0) return;
    for (const message of messages.slice(last + 1)) this.#came.set(keyOf(message), performance.now());
  }

  /** The newest messages, as far back as what is shown, so that a change anywhere in it is seen. */
  async #readTail() {
    const shown = this.messages;
    let page = await this.#platform.call('list_messages', {
      conversationId: this.id,
      limit: Math.min(MOST_PER_PAGE, Math.max(PAGE, shown.length)),
    });
    let tail = page.items;
    const gap = page.gap;
    const reaches = () => {
      const joined = joinTail(shown, tail);
      return joined !== null && (tail.length >= shown.length || joined[0] === tail[0]);
    };
    for (let pages = 1; pages < MOST_JOINING_PAGES && page.hasOlder && !reaches(); pages += 1) {
      const first = tail[0];
      if (!first) break;
      page = await this.#platform.call('list_messages', {
        conversationId: this.id,
        before: first.cursor,
        limit: MOST_PER_PAGE,
      });
      tail = [...page.items, ...tail];
    }
    return { tail, hasOlder: page.hasOlder, gap };
  }

  /** Joined only now: older rows may have come while the tail was being read. */
  #joined({ tail, hasOlder, gap }: { tail: Message[]; hasOlder: boolean; gap: boolean }) {
    const messages = joinTail(this.messages, tail) ?? tail;
    const reachesBack = messages[0] !== tail[0];
    return { messages, hasOlder: reachesBack ? this.hasOlder : hasOlder, hasNewer: false, gap };
  }

  async #readAround() {
    const middle = this.messages[Math.floor(this.messages.length / 2)];
    const page = await this.#platform.call('list_messages', {
      conversationId: this.id,
      limit: Math.min(MOST_PER_PAGE, Math.max(PAGE, this.messages.length)),
      ...(middle ? { around: middle.id } : {}),
    });
    return { messages: page.items, hasOlder: page.hasOlder, hasNewer: page.hasNewer, gap: page.gap };
  }

  #fail(thrown: unknown): void {
    const error = CommandError.from(thrown);
    if (error.code === 'not_found') this.deleted = true;
    this.error = error;
    this.state = 'failed';
  }
}
