/** Own messages that failed where nobody is looking: each is told once. */
import type { OutboxItem, Platform } from '$lib/platform';
import { coalesced } from './order';

const troubled = ({ state }: OutboxItem) => state === 'failed' || state === 'unconfirmed';

export class Failures {
  /** Called with each text that failed since the last look. */
  onfailure: ((item: OutboxItem) => void) | null = null;
  readonly #platform: Platform;
  #known: Set<string> | null = null;
  #round = 0;
  /** Reads the outbox; what had failed before the first reading is no news. */
  readonly look: () => Promise<void> = coalesced(() => this.#read());

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  clear(): void {
    this.#known = null;
    this.#round += 1;
  }

  async #read(): Promise<void> {
    const round = this.#round;
    try {
      const { items } = await this.#platform.call('list_outbox', {});
      if (round !== this.#round) return;
      const now = items.filter(troubled);
      const before = this.#known;
      this.#known = new Set(now.map(({ localId, state }) => `${localId} ${state}`));
      if (before) for (const item of now) if (!before.has(`${item.localId} ${item.state}`)) this.onfailure?.(item);
    } catch {
      // The conversation itself shows its state; the next change reads again.
    }
  }
}
