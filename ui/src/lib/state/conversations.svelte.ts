/** The list of conversations as far as it has been read: a window on a query, re-read when rows change. */
import { CommandError, type Conversation, type ConversationPage, type Platform } from '$lib/platform';
import { coalesced, Latest } from './order';

const PAGE = 100;
const MOST_PER_PAGE = 200;
/** Up to this many changed rows are read one by one; more, and the window is read again. */
const FEW = 20;
/** Bursts of changes are taken together: enough for the eye, and little work in a storm. */
const SETTLE = 40;

export type Filter = 'all' | 'unread';
export type ReadState = 'loading' | 'ready' | 'failed';

/** Newest first, those without a message last; ties by id, so that rows never swap back and forth. */
function byRecency(a: Conversation, b: Conversation): number {
  const at = (b.lastMessageAt ?? '').localeCompare(a.lastMessageAt ?? '');
  return at !== 0 ? at : b.id - a.id;
}

export class Conversations {
  rows = $state.raw<Conversation[]>([]);
  state = $state<ReadState>('loading');
  error = $state.raw<CommandError | null>(null);
  filter = $state<Filter>('all');
  query = $state('');
  hasMore = $state(false);
  /** Conversations with something unread, and the messages in them (exact up to 99). */
  unread = $state.raw({ conversations: 0, messages: 0 });
  /** Called with a row whose unread count rose. */
  onarrival: ((conversation: Conversation) => void) | null = null;

  readonly #platform: Platform;
  readonly #list = new Latest();
  readonly #counts = new Latest();
  #cursor: string | null = null;
  #reading = false;
  #lastVisible = 0;
  #kept: number | null = null;
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
    this.unread = { conversations: 0, messages: 0 };
    this.query = '';
    this.filter = 'all';
    this.error = null;
    this.state = 'loading';
  }

  /** Reads the query from its beginning. */
  async load(): Promise<void> {
    this.#list.reset();
    this.state = 'loading';
    this.#changed.clear();
    void this.#count();
    await this.#list.apply(
      () => this.#platform.call('list_conversations', { ...this.#scope(), limit: PAGE }),
      (page) => {
        this.rows = this.#distinct(page.items);
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

  show(filter: Filter): void {
    if (filter === this.filter) return;
    this.filter = filter;
    void this.load();
  }

  /** How far down the operator sees: a re-read covers at least that. */
  seen(lastIndex: number): void {
    this.#lastVisible = lastIndex;
    if (lastIndex > this.rows.length - PAGE / 2) void this.more();
  }

  /** The open conversation stays in its place, also when a filter no longer matches it. */
  keep(conversationId: number | null): void {
    this.#kept = conversationId;
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

  #scope(): { query?: string; unread?: boolean } {
    // A search looks everywhere: a filter that is out of sight must not hide what it finds.
    if (this.query !== '') return { query: this.query };
    return this.filter === 'unread' ? { unread: true } : {};
  }

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
        const belongs = (row: Conversation) =>
          (this.filter === 'all' || row.unreadCount > 0 || row.id === this.#kept) &&
          (!this.hasMore || before.has(row.id) || last === undefined || byRecency(row, last) < 0);
        const rows = this.rows.filter(({ id }) => !gone.has(id));
        this.rows = this.#distinct([...rows, ...fresh.filter(belongs)].sort(byRecency));
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
    await this.#list.apply(
      async () => {
        const items: Conversation[] = [];
        let cursor: string | null = null;
        do {
          const page: ConversationPage = await this.#platform.call('list_conversations', {
            ...this.#scope(),
            ...(cursor === null ? {} : { cursor }),
            limit: Math.min(MOST_PER_PAGE, Math.max(PAGE, wanted - items.length)),
          });
          items.push(...page.items);
          cursor = page.nextCursor;
        } while (cursor !== null && items.length < wanted);
        return { items, cursor };
      },
      ({ items, cursor }) => {
        const kept = this.rows.find(({ id }) => id === this.#kept);
        const back = kept && this.filter === 'unread' && !items.some(({ id }) => id === kept.id);
        this.rows = this.#distinct(back ? [...items, kept].sort(byRecency) : items);
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
      () => this.#platform.call('list_conversations', { unread: true, limit: 100 }),
      ({ items, total }) => {
        const messages = items.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
        this.unread = { conversations: total, messages };
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
