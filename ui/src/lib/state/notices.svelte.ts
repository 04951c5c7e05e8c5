/** Short notices at the lower left, and the sentence that screen readers hear. */
export interface Notice {
  id: number;
  kind: 'info' | 'error';
  text: string;
  /** The one thing to do about it. */
  action?: { text: string; run: () => void };
}

const MOST = 3;

export class Notices {
  shown = $state.raw<Notice[]>([]);
  /** Read out politely; replaced at most once a second. */
  announcement = $state('');
  #next = 1;
  #waiting: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  add(notice: Omit<Notice, 'id'>): void {
    const same = this.shown.find((known) => known.text === notice.text);
    this.shown = [...this.shown.filter((known) => known !== same), { ...notice, id: this.#next++ }].slice(-MOST);
  }

  error(text: string): void {
    this.add({ kind: 'error', text });
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
  }

  clear(): void {
    this.shown = [];
  }

  announce(text: string): void {
    if (this.#timer !== null) {
      this.#waiting = text;
      return;
    }
    this.announcement = text;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const next = this.#waiting;
      this.#waiting = null;
      if (next !== null) this.announce(next);
    }, 1000);
  }
}
