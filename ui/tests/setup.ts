import '@testing-library/jest-dom/vitest';
import { configure } from '@testing-library/svelte';
import { afterEach, beforeEach } from 'vitest';
import { preferences } from '$lib/state/preferences.svelte';

// A machine that compiles beside the tests is slow; what is awaited ends the wait as soon as it is there.
configure({ asyncUtilTimeout: 10_000 });

/** jsdom lays nothing out: what scrolls is given a height here, and each row one of its own. */
const PANE = 600;
const ROW = 60;

const heightOf = (element: Element) => (element.matches('[data-testid$="-list"]') ? PANE : ROW);

class LaidOut implements ResizeObserver {
  readonly #tell: ResizeObserverCallback;

  constructor(tell: ResizeObserverCallback) {
    this.#tell = tell;
  }
  observe(target: Element): void {
    const size = { inlineSize: 800, blockSize: heightOf(target) };
    const entry = {
      target,
      contentRect: new DOMRect(0, 0, size.inlineSize, size.blockSize),
      borderBoxSize: [size],
      contentBoxSize: [size],
      devicePixelContentBoxSize: [size],
    };
    queueMicrotask(() => this.#tell([entry], this));
  }
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver = LaidOut;

/** Nothing is laid out, so a test says when what is watched leaves the view. */
export class Watched implements IntersectionObserver {
  static readonly all = new Set<Watched>();
  static leave(target: Element): void {
    for (const watched of Watched.all) {
      if (watched.#targets.has(target)) watched.#tell([{ target, isIntersecting: false } as IntersectionObserverEntry], watched);
    }
  }
  readonly root = null;
  readonly rootMargin = '';
  readonly scrollMargin = '';
  readonly thresholds = [];
  readonly #targets = new Set<Element>();
  readonly #tell: IntersectionObserverCallback;
  constructor(tell: IntersectionObserverCallback) {
    this.#tell = tell;
    Watched.all.add(this);
  }
  observe(target: Element): void {
    this.#targets.add(target);
    queueMicrotask(() => {
      if (Watched.all.has(this)) this.#tell([{ target, isIntersecting: true } as IntersectionObserverEntry], this);
    });
  }
  unobserve(target: Element): void {
    this.#targets.delete(target);
  }
  disconnect(): void {
    Watched.all.delete(this);
  }
  takeRecords(): IntersectionObserverEntry[] {
    return [];
  }
}
globalThis.IntersectionObserver = Watched;
Element.prototype.scrollTo = function () {};
Element.prototype.scrollBy = function (this: Element, ...to: unknown[]) {
  const by = typeof to[0] === 'object' ? (to[0] as ScrollToOptions).top : (to[1] as number);
  this.scrollTop += by ?? 0;
};
Element.prototype.scrollIntoView = function () {};
Element.prototype.hasPointerCapture = () => false;
Element.prototype.setPointerCapture = function () {};
Object.defineProperties(HTMLElement.prototype, {
  offsetHeight: { configurable: true, get: (): number => ROW },
  offsetParent: {
    configurable: true,
    get(this: HTMLElement) {
      return this.parentElement;
    },
  },
});
/** Positions of what scrolls: kept within its content, and told of as a browser does. */
const tops = new WeakMap<Element, number>();
const contentOf = (element: Element) =>
  Math.max(PANE, [...element.children].reduce((sum, child) => sum + (parseFloat((child as HTMLElement).style.height) || 0), 0));

Object.defineProperties(Element.prototype, {
  scrollHeight: {
    configurable: true,
    get(this: Element) {
      return this.matches('[data-testid$="-list"]') ? contentOf(this) : ROW;
    },
  },
  scrollTop: {
    configurable: true,
    get(this: Element) {
      return tops.get(this) ?? 0;
    },
    set(this: Element, top: number) {
      const kept = Math.max(0, Math.min(top, this.scrollHeight - this.clientHeight));
      if (kept === (tops.get(this) ?? 0)) return;
      tops.set(this, kept);
      queueMicrotask(() => this.dispatchEvent(new Event('scroll')));
    },
  },
  clientHeight: {
    configurable: true,
    get(this: Element) {
      return heightOf(this);
    },
  },
});
globalThis.CSS ??= {} as typeof CSS;
CSS.escape ??= (text: string) => text.replace(/[^\w-]/g, '\\$&');
window.matchMedia = (query) =>
  ({ matches: false, media: query, addEventListener: () => {}, removeEventListener: () => {} }) as unknown as MediaQueryList;
document.hasFocus = () => true;
HTMLCanvasElement.prototype.getContext = () => null;

beforeEach(() => {
  localStorage.clear();
  preferences.apply({ locale: 'es', theme: 'light', density: 'comfortable', textScale: 1, reduceMotion: false });
});
afterEach(() => localStorage.clear());
