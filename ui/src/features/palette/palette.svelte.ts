/** What the palette shows for what is typed: conversations, actions, messages, in that order. */
import type { Command, Commands } from '$lib/commands';
import type { Conversation, Platform, SearchHit } from '$lib/platform';
import { Latest } from '$lib/state/order';
import { SHORTEST_SEARCH } from '$lib/state/search.svelte';
import type { Piece } from '$lib/text/match';
import { matchTitles } from './match';

const CONVERSATIONS = 5;
const ACTIONS = 6;
const HITS = 4;
/** Typing settles before the core is asked. */
const TYPING = 80;

export type Entry =
  | { kind: 'conversation'; key: string; conversation: Conversation }
  | { kind: 'action'; key: string; command: Command; pieces: Piece[] }
  | { kind: 'hit'; key: string; hit: SearchHit }
  /** The way to all messages that were found, in the list. */
  | { kind: 'all'; key: string };

const ALL: Entry = { kind: 'all', key: 'all' };

export class Palette {
  typed = $state('');
  /** Whether something was asked that has not been answered. */
  asking = $state(false);
  at = $state(0);
  #conversations = $state.raw<Conversation[]>([]);
  #hits = $state.raw<SearchHit[]>([]);
  readonly #commands: Commands;
  readonly #platform: Platform;
  readonly #latest = new Latest();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(commands: Commands, platform: Platform) {
    this.#commands = commands;
    this.#platform = platform;
  }

  /** `>` asks for actions only. */
  readonly onlyActions = $derived(this.typed.startsWith('>'));
  readonly query = $derived((this.onlyActions ? this.typed.slice(1) : this.typed).trim());

  readonly #actions = $derived.by((): Entry[] => {
    const { recent } = this.#commands;
    const rank = (command: Command) => {
      const at = recent.indexOf(command.id);
      return at < 0 ? recent.length : at;
    };
    const offered = this.#commands.offered.toSorted((a, b) => rank(a) - rank(b));
    const found = matchTitles(offered, (command) => command.title(), this.query);
    return found
      .slice(0, this.onlyActions ? undefined : ACTIONS)
      .map(({ item, pieces }) => ({ kind: 'action', key: `a${item.id}`, command: item, pieces }));
  });

  readonly groups = $derived.by(() => {
    const conversations = this.#conversations.map(
      (conversation): Entry => ({ kind: 'conversation', key: `c${conversation.id}`, conversation }),
    );
    const hits = this.#hits.map((hit): Entry => ({ kind: 'hit', key: `h${hit.message.localId ?? hit.message.id}`, hit }));
    const groups = [
      { kind: 'conversations' as const, entries: this.onlyActions ? [] : conversations },
      { kind: 'actions' as const, entries: this.#actions },
      { kind: 'search' as const, entries: this.onlyActions || hits.length === 0 ? [] : [...hits, ALL] },
    ];
    return groups.filter(({ entries }) => entries.length > 0);
  });

  readonly entries = $derived(this.groups.flatMap(({ entries }) => entries));
  readonly current = $derived(this.entries[Math.min(this.at, this.entries.length - 1)]);

  type(text: string): void {
    this.typed = text;
    this.at = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // What is on its way answers a question nobody asks any more.
    this.#latest.reset();
    if (this.onlyActions) return;
    this.asking = true;
    this.#timer = setTimeout(() => void this.#ask(), text === '' ? 0 : TYPING);
  }

  /** Moves around, from the last to the first. */
  move(by: 1 | -1): void {
    const count = this.entries.length;
    if (count > 0) this.at = (Math.min(this.at, count - 1) + by + count) % count;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#latest.reset();
  }

  async #ask(): Promise<void> {
    const { query } = this;
    await this.#latest.apply(
      () =>
        Promise.all([
          this.#platform.call('list_conversations', { limit: CONVERSATIONS, ...(query === '' ? {} : { query }) }),
          query.length < SHORTEST_SEARCH ? null : this.#platform.call('search', { text: query, limit: HITS }),
        ]),
      ([page, found]) => {
        this.#conversations = page.items.slice(0, CONVERSATIONS);
        this.#hits = found?.hits ?? [];
        this.asking = false;
      },
      () => {
        // Actions need nobody's answer; typing on asks again.
        this.#conversations = [];
        this.#hits = [];
        this.asking = false;
      },
    );
  }
}
