/** Two small rules of asynchronous reading that every store here follows. */

/**
 * Numbers the questions of one store, so that a late answer never replaces a newer one
 * and an answer to an abandoned question replaces nothing.
 */
export class Latest {
  #asked = 0;
  #applied = 0;

  /** Asks and then applies the answer, unless it has been overtaken. Failures of overtaken questions are dropped too. */
  async apply<T>(ask: () => Promise<T>, use: (answer: T) => void, fail?: (thrown: unknown) => void): Promise<boolean> {
    const ticket = ++this.#asked;
    try {
      const answer = await ask();
      if (ticket < this.#applied) return false;
      this.#applied = ticket;
      use(answer);
      return true;
    } catch (thrown) {
      if (ticket < this.#applied) return false;
      if (!fail) throw thrown;
      this.#applied = ticket;
      fail(thrown);
      return false;
    }
  }

  /** Abandons every question still open. */
  reset(): void {
    this.#applied = ++this.#asked;
  }
}

/** Runs one at a time; asked again meanwhile, runs once more afterwards. */
export function coalesced(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let again = false;
  return () => {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      try {
        do {
          again = false;
          await run();
        } while (again);
      } finally {
        running = null;
      }
    })();
    return running;
  };
}
