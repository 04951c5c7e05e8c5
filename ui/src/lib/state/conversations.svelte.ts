/** The list of conversations as far as it has been read: a window on a query, re-read when rows change. */
import { CommandError, type Conversation, type ConversationCounts, type ConversationPage, type Platform } from '$lib/platform';
import { coalesced, Latest } from './order';

const PAGE = 100;
const MOST_PER_PAGE = 200;
/** Up to this many changed rows are read one by one; more, and the window is read again. */
const FEW = 20;
/** Bursts of changes are taken together: enough for the eye, and little work in a storm. */
const SETTLE = 40;

export type View = 'all' | 'unread' | 'waiting';
export type ReadState = 'loading' | 'ready' | 'failed';

const NONE: ConversationCounts = { all: 0, unread: 0, waiting: 0, botOff: 0, unreadMessages: 0 };

/** Newest first, those without a message last; ties by id, so that rows never swap back and forth. */
function byRecency(a: Conversation, b: Conversation): number {
  const at = (b.lastMessageAt ?? '').localeCompare(a.lastMessageAt ?? '');
  return at !== 0 ? at : b.id - a.id;
}

export class Conversations {
  rows = $state.raw<Conversation[]>([]);
  state = $state<ReadState>('loading');
  error = $state.raw<CommandError | null>(null);
  view = $state<View>('all');
  /** Only those in which the bot does not answer; joins any view. */
  botOff = $state(false);
  query = $state('');
  /** The query that the rows answer: it follows `query` once the answer is here. */
  answered = $state('');
  /** How many match in all, also those not read yet. */
  total = $state(0);
  hasMore = $state(false);
  counts = $state.raw<ConversationCounts>(NONE);
  /** Called with a row whose unread count rose. */
  onarrival: ((conversation: Conversation) => void) | null = null;

  readonly #platform: Platform;
  readonly #list = new Latest();
  readonly #counts = new Latest();
  #cursor: string | null = null;
  #reading = false;
  #lastVisible = 0;
  #kept: { id: number; waitingSince: string | null } | null = null;
  #changed = new Set<number>();
  #everything = false;
  readonly #refresh = coalesced(() => this.#reread());

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Forgets everything: another account must not see a row of this one. */
  clear(): void {
    this.#list.reset();
    this.#counts.reset();
    this.#changed.clear();
    this.#cursor = null;
    this.#kept = null;
    this.#lastVisible = 0;
    this.rows = [];
    this.hasMore = false;
    this.total = 0;
    this.counts = NONE;
    this.query = '';
    this.answered = '';
    this.view = 'all';
    this.botOff = false;
    this.error = null;
    this.state = 'loading';
  }

  /** Reads the query from its beginning. */
  async load(): Promise<void> {
    this.#list.reset();
    this.state = 'loading';
    this.#changed.clear();
    void this.#count();
    const { query } = this;
    await this.#list.apply(
      () => this.#platform.call('list_conversations', { ...this.#scope(), limit: PAGE }),
      (page) => {
        this.rows = this.#distinct(page.items);
        this.answered = query;
        this.total = page.total;
        this.#cursor = page.nextCursor;
        this.hasMore = page.nextCursor !== null;
        this.error = null;
        this.state = 'ready';
      },
      (thrown) => {
        this.error = CommandError.from(thrown);
        this.state = 'failed';
      },
    );
  }

  /** Reads the next page; does nothing at the end or while one is being read. */
  async more(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === null || this.#reading || this.state !== 'ready') return;
    this.#reading = true;
    try {
      const page = await this.#platform.call('list_conversations', { ...this.#scope(), cursor, limit: PAGE });
      // A reload meanwhile has moved the cursor: this page no longer joins.
      if (this.#cursor !== cursor) return;
      this.rows = this.#distinct([...this.rows, ...page.items]);
      this.#cursor = page.nextCursor;
      this.hasMore = page.nextCursor !== null;
    } catch {
      // The rows already read stay; scrolling on asks again.
    } finally {
      this.#reading = false;
    }
  }

  search(query: string): void {
    if (query === this.query) return;
    this.query = query;
    void this.load();
  }

  show(view: View): void {
    if (view === this.view) return;
    this.view = view;
    void this.load();
  }

  showBotOff(only: boolean): void {
    if (only === this.botOff) return;
    this.botOff = only;
    void this.load();
  }

  /** Whoever waits longest for an answer, other than the one named; null when nobody does. */
  async longestWaiting(besides: number | null): Promise<Conversation | null> {
    const { items } = await this.#platform.call('list_conversations', { waiting: true, limit: 2 });
    return items.find(({ id }) => id !== besides) ?? null;
  }

  /** How far down the operator sees: a re-read covers at least that. */
  seen(lastIndex: number): void {
    this.#lastVisible = lastIndex;
    if (lastIndex > this.rows.length - PAGE / 2) void this.more();
  }

  /** The open conversation stays in its place, also when a filter no longer matches it. */
  keep(conversationId: number | null): void {
    const row = this.rows.find(({ id }) => id === conversationId);
    this.#kept = conversationId === null ? null : { id: conversationId, waitingSince: row?.waitingSince ?? null };
  }

  /** Rows changed in the core. */
  changed(ids: readonly number[]): void {
    if (ids.length === 0) return;
    for (const id of ids) this.#changed.add(id);
    if (this.#changed.size > FEW) this.#everything = true;
    void this.#refresh();
  }

  /** Neighbour of a row, for moving with the keyboard. */
  beside(conversationId: number | null, step: 1 | -1): Conversation | undefined {
    const at = this.rows.findIndex(({ id }) => id === conversationId);
    if (at < 0) return step === 1 ? this.rows[0] : this.rows.at(-1);
    return this.rows[at + step];
  }

  #scope(): { query?: string; unread?: true; waiting?: true; bot?: false } {
    // A search looks everywhere: a filter that is out of sight must not hide what it finds.
    if (this.query !== '') return { query: this.query };
    return {
      ...(this.view === 'unread' ? { unread: true } : {}),
      ...(this.view === 'waiting' ? { waiting: true } : {}),
      ...(this.botOff ? { bot: false } : {}),
    };
  }

  /** Whether the filters let a row in; the open one stays where it was, also once it is read or answered. */
  #belongs(row: Conversation): boolean {
    if (row.id === this.#kept?.id) return true;
    if (this.botOff && row.botEnabled) return false;
    if (this.view === 'unread') return row.unreadCount > 0;
    return this.view === 'all' || row.waitingSince !== null;
  }

  readonly #order = (a: Conversation, b: Conversation): number => {
    if (this.view !== 'waiting' || this.query !== '') return byRecency(a, b);
    const since = (row: Conversation) =>
      row.waitingSince ?? (row.id === this.#kept?.id ? this.#kept.waitingSince : null) ?? '~';
    return since(a).localeCompare(since(b)) || byRecency(a, b);
  };

  async #reread(): Promise<void> {
    await new Promise((settled) => setTimeout(settled, SETTLE));
    const ids = [...this.#changed];
    const everything = this.#everything || this.query !== '' || this.state !== 'ready';
    this.#changed.clear();
    this.#everything = false;
    void this.#count();
    await (everything ? this.#readWindow() : this.#readRows(ids));
  }

  async #readRows(ids: number[]): Promise<void> {
    await this.#list.apply(
      () => Promise.all(ids.map((id) => this.#read(id))),
      (found) => {
        const gone = new Set(ids);
        const fresh = found.filter((row) => row !== null);
        for (const { id } of fresh) gone.add(id);
        const before = new Map(this.rows.map((row) => [row.id, row]));
        const last = this.rows.at(-1);
        const read = (row: Conversation) =>
          !this.hasMore || before.has(row.id) || last === undefined || this.#order(row, last) < 0;
        const rows = this.rows.filter(({ id }) => !gone.has(id));
        const back = fresh.filter((row) => this.#belongs(row) && read(row));
        this.rows = this.#distinct([...rows, ...back].sort(this.#order));
        for (const row of fresh) {
          if (row.unreadCount > (before.get(row.id)?.unreadCount ?? 0)) this.onarrival?.(row);
        }
      },
      () => {
        // What is shown stays; the next change reads it again.
      },
    );
  }

  async #read(conversationId: number): Promise<Conversation | null> {
    try {
      return await this.#platform.call('get_conversation', { conversationId });
    } catch (thrown) {
      if (CommandError.from(thrown).code === 'not_found') return null;
      throw thrown;
    }
  }

  async #readWindow(): Promise<void> {
    const wanted = this.#lastVisible + PAGE / 2;
    const { query } = this;
    await this.#list.apply(
      async () => {
        const items: Conversation[] = [];
        let cursor: string | null = null;
        let total: number;
        do {
          const page: ConversationPage = await this.#platform.call('list_conversations', {
            ...this.#scope(),
            ...(cursor === null ? {} : { cursor }),
            limit: Math.min(MOST_PER_PAGE, Math.max(PAGE, wanted - items.length)),
          });
          items.push(...page.items);
          cursor = page.nextCursor;
          total = page.total;
        } while (cursor !== null && items.length < wanted);
        return { items, cursor, total };
      },
      ({ items, cursor, total }) => {
        const kept = query === '' ? this.rows.find(({ id }) => id === this.#kept?.id) : undefined;
        const filtered = this.view !== 'all' || this.botOff;
        const back = kept && filtered && !items.some(({ id }) => id === kept.id);
        this.rows = this.#distinct(back ? [...items, kept].sort(this.#order) : items);
        this.answered = query;
        this.total = total;
        this.#cursor = cursor;
        this.hasMore = cursor !== null;
        this.error = null;
        this.state = 'ready';
      },
      (thrown) => {
        if (this.state === 'ready') return;
        this.error = CommandError.from(thrown);
        this.state = 'failed';
      },
    );
  }

  async #count(): Promise<void> {
    await this.#counts.apply(
      () => this.#platform.call('conversation_counts', {}),
      (counts) => {
        this.counts = counts;
      },
      () => {
        // Counts are a convenience: the last known ones stay.
      },
    );
  }

  #distinct(rows: Conversation[]): Conversation[] {
    const seen = new Set<number>();
    return rows.filter(({ id }) => !seen.has(id) && seen.add(id));
  }
}
