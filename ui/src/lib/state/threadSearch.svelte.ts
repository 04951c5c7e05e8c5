/** The search within one conversation: what is looked for, at which hit one is, and where one was before. */
import type { Platform, SearchHit } from '$lib/platform';
import { SHORTEST_SEARCH, Search } from './search.svelte';

/** How far back the opened hit is looked for among the others; beyond, its number is not told. */
const MOST_PAGES = 10;

/** Where somebody reads: at the end, or at a message that begins so many pixels above the view's edge. */
export type Place = { end: true } | { end: false; id: number; offset: number };

interface Reader {
  conversationId(): number;
  /** The place in view; null while nothing is drawn. */
  place(): Place | null;
  goTo(messageId: number): Promise<void>;
  goBack(place: Place): Promise<void>;
}

export class ThreadSearch {
  open = $state(false);
  /** What the field holds. */
  text = $state('');
  /** Which of the hits is shown, from the newest, which is 0; -1 for none. */
  at = $state(-1);
  /** Grows when the field should take the focus. */
  focusRequests = $state(0);
  readonly found: Search;

  readonly #reader: Reader;
  #from: Place | null = null;

  constructor(platform: Platform, reader: Reader) {
    this.#reader = reader;
    this.found = new Search(platform, () => reader.conversationId());
  }

  /** What is marked in the messages. */
  get marked(): string {
    const text = this.text.trim();
    return this.open && text.length >= SHORTEST_SEARCH ? text : '';
  }

  get hit(): SearchHit | undefined {
    return this.found.hits[this.at];
  }

  /** Opens the bar and gives it the focus. */
  start(): void {
    if (!this.open) {
      this.#from = this.#reader.place();
      this.text = '';
      this.at = -1;
      void this.found.find('');
    }
    this.open = true;
    this.focusRequests += 1;
  }

  /** Opens it at a message that was found elsewhere, with the words that found it. */
  async startAt(text: string, messageId: number): Promise<void> {
    this.#from = null;
    this.text = text;
    this.open = true;
    await this.found.find(text);
    await this.#select(messageId);
  }

  /** The typed text changed: looks again and goes to the newest hit. */
  async find(): Promise<void> {
    await this.found.find(this.text);
    if (this.found.text !== this.text.trim()) return;
    this.at = this.found.hits.length > 0 ? 0 : -1;
    await this.#show();
  }

  /** 1: to the one before in time, -1: to the one after. At the ends it stays. */
  async step(by: 1 | -1): Promise<void> {
    const next = this.at + by;
    if (next >= this.found.hits.length - 1 && this.found.hasMore) await this.found.more();
    if (next < 0 || next >= this.found.hits.length) return;
    this.at = next;
    await this.#show();
  }

  /** Closes the bar; the view goes back to where it was when the bar was opened. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.text = '';
    this.at = -1;
    void this.found.find('');
    const from = this.#from;
    this.#from = null;
    if (from) void this.#reader.goBack(from);
  }

  /** Whoever went elsewhere by hand is not taken back when the bar closes. */
  stay(): void {
    this.#from = null;
  }

  /** The hit that was opened, as far as the pages read so far hold it. */
  async #select(messageId: number): Promise<void> {
    const here = () => this.found.hits.findIndex(({ message }) => message.id === messageId);
    for (let pages = 0; pages < MOST_PAGES && here() < 0 && this.found.hasMore; pages += 1) {
      await this.found.more();
      if (this.found.state !== 'ready') break;
    }
    this.at = here();
  }

  async #show(): Promise<void> {
    const { hit } = this;
    if (hit) await this.#reader.goTo(hit.message.id);
  }
}
