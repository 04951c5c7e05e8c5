/** The conversations that are muted, found by walking the list: the core keeps no list of its own. */
import { CommandError, type Conversation, type Platform } from '$lib/platform';
import { coalesced } from '$lib/state/order';

const PAGE = 500;

export class Muted {
  rows = $state.raw<Conversation[]>([]);
  reading = $state(true);
  failure = $state<string | null>(null);
  readonly #platform: Platform;
  #gone = false;
  readonly read = coalesced(() => this.#walk());

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Reads them, and again what changes, until the returned function is called. */
  start(): () => void {
    const stop = this.#platform.subscribe('changed', ({ conversations }) => {
      if (conversations.some((id) => this.rows.some((row) => row.id === id))) void this.#again(conversations);
    });
    void this.read();
    return () => {
      this.#gone = true;
      stop();
    };
  }

  /** Only rows that are shown can leave the list here: nothing is muted on this page. */
  async #again(ids: readonly number[]): Promise<void> {
    const shown = ids.filter((id) => this.rows.some((row) => row.id === id));
    const fresh = await Promise.all(
      shown.map((conversationId) => this.#platform.call('get_conversation', { conversationId }).catch(() => null)),
    );
    const byId = new Map(shown.map((id, at) => [id, fresh[at] ?? null]));
    this.rows = this.rows.flatMap((row) => {
      const now = byId.has(row.id) ? byId.get(row.id) : row;
      return now?.mute ? [now] : [];
    });
  }

  async #walk(): Promise<void> {
    this.reading = true;
    this.failure = null;
    const found: Conversation[] = [];
    let cursor: string | null = null;
    try {
      do {
        const page: { items: Conversation[]; nextCursor: string | null } = await this.#platform.call('list_conversations', {
          limit: PAGE,
          ...(cursor === null ? {} : { cursor }),
        });
        found.push(...page.items.filter(({ mute }) => mute !== null));
        if (found.length > this.rows.length) this.rows = [...found];
        cursor = page.nextCursor;
      } while (cursor !== null && !this.#gone);
      this.rows = found;
    } catch (thrown) {
      this.failure = CommandError.from(thrown).message;
    }
    this.reading = false;
  }
}
