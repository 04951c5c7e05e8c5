/** Messages that contain a text, newest first: in all conversations or in one. */
import { CommandError, type Platform, type SearchHit } from '$lib/platform';
import { Latest } from './order';

const PAGE = 50;
/** Below this the index cannot answer. */
export const SHORTEST_SEARCH = 2;

export class Search {
  text = $state('');
  hits = $state.raw<SearchHit[]>([]);
  state = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle');
  hasMore = $state(false);

  readonly #platform: Platform;
  /** Asked anew each time: a conversation begun here gets another id. */
  readonly #conversationId: (() => number) | null;
  readonly #latest = new Latest();
  #cursor: string | null = null;

  constructor(platform: Platform, conversationId: (() => number) | null = null) {
    this.#platform = platform;
    this.#conversationId = conversationId;
  }

  async find(text: string): Promise<void> {
    const wanted = text.trim();
    this.text = wanted;
    this.#latest.reset();
    this.#cursor = null;
    this.hasMore = false;
    if (wanted.length < SHORTEST_SEARCH) {
      this.hits = [];
      this.state = 'idle';
      return;
    }
    this.state = 'loading';
    await this.#page(false);
  }

  async more(): Promise<void> {
    if (this.hasMore && this.state === 'ready') await this.#page(true);
  }

  async #page(append: boolean): Promise<void> {
    const cursor = append ? this.#cursor : null;
    await this.#latest.apply(
      () =>
        this.#platform.call('search', {
          text: this.text,
          limit: PAGE,
          ...(this.#conversationId ? { conversationId: this.#conversationId() } : {}),
          ...(cursor === null ? {} : { cursor }),
        }),
      (page) => {
        this.hits = append ? [...this.hits, ...page.hits] : page.hits;
        this.#cursor = page.nextCursor;
        this.hasMore = page.nextCursor !== null;
        this.state = 'ready';
      },
      (thrown) => {
        if (!append) this.hits = [];
        this.state = CommandError.from(thrown).code === 'invalid_input' ? 'ready' : 'failed';
      },
    );
  }
}
