import { readdirSync, readFileSync } from 'node:fs';
import { screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS, room } from '$lib/state/room.svelte';
import { composer, open, start } from './app';

const WIDTH = window.innerWidth;
let stop = () => {};

/** A window so wide, in pixels, with text so many times as large as usual. */
function measured(width: number, scale: number) {
  stop();
  window.innerWidth = width;
  document.documentElement.style.fontSize = `${16 * scale}px`;
  stop = room.start();
}

/** jsdom has the property alone, without its attribute. */
const reachable = (element: HTMLElement | null): boolean => element === null || (!element.inert && reachable(element.parentElement));

const crossed = () => (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).filter((limit) => room.below(limit));

afterEach(() => {
  measured(WIDTH, 1);
  stop();
  stop = () => {};
  document.documentElement.style.fontSize = '';
});

describe('room', () => {
  test('is what the window has for the text as large as it is', () => {
    measured(1280, 1);
    expect(crossed()).toEqual(['uncentred']);
    measured(1280, 2);
    expect(crossed()).toEqual(['oneSection', 'noPicture', 'covering', 'narrow', 'floating', 'uncentred']);
    measured(640, 2);
    expect(room.below('oneColumn')).toBe(true);
    measured(640, 1);
    expect(room.below('oneColumn')).toBe(false);
    measured(639, 1);
    expect(room.below('oneColumn')).toBe(true);
  });

  test('is measured anew when the window or the text takes another size, and not after its end', () => {
    const watched = new Map<Element, () => void>();
    const usual = globalThis.ResizeObserver;
    globalThis.ResizeObserver = class implements ResizeObserver {
      constructor(private readonly tell: ResizeObserverCallback) {}
      observe(target: Element) {
        watched.set(target, () => this.tell([], this));
      }
      unobserve() {}
      disconnect() {
        watched.clear();
      }
    };
    try {
      measured(1000, 1);
      window.innerWidth = 500;
      watched.get(document.documentElement)?.();
      expect(room.below('oneColumn')).toBe(true);
      window.innerWidth = 1000;
      watched.get(document.documentElement)?.();
      expect(room.below('oneColumn')).toBe(false);

      const ruler = document.querySelector('.ruler');
      document.documentElement.style.fontSize = '32px';
      if (ruler) watched.get(ruler)?.();
      expect(room.below('oneColumn')).toBe(true);
      expect(room.scale).toBe(2);
      stop();
      expect(watched.size).toBe(0);
      expect(document.querySelector('.ruler')).toBeNull();
    } finally {
      globalThis.ResizeObserver = usual;
    }
  });

  test('has the same limits in the styles, and no other query asks for the width of the window', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => /\.(svelte|css)$/.test(file));
    const styles = files.map((file) => readFileSync(`src/${file}`, 'utf8')).join('\n');
    const media = [...styles.matchAll(/@media ([^{]+)\{/g)].map(([, query]) => query?.trim());
    expect(media.filter((query) => !query?.startsWith('(prefers-'))).toEqual([]);

    const asked = [...styles.matchAll(/@container app ([^{]+)\{/g)]
      .flatMap(([, query = '']) => [...query.matchAll(/\([^)]*width[^)]*\)/g)])
      .flatMap(([query]) => [...query.matchAll(/([\d.]+)(\w+)/g)].map(([, figure, unit]) => ({ figure: Number(figure), unit })));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter(({ unit }) => unit !== 'rem')).toEqual([]);
    const known: number[] = Object.values(LIMITS);
    expect(asked.filter(({ figure }) => !known.includes(figure))).toEqual([]);
  });
});

describe('large text in a small window', () => {
  beforeEach(() => measured(640, 2));

  test('the section leads from the messages back to the list', async () => {
    const { user } = start();
    await open(user, 6);
    await user.click(screen.getByTestId('nav-chat'));
    await waitFor(() => expect(screen.queryByTestId('composer')).toBeNull());
  });

  test('the contact covers the messages, and gives them back', async () => {
    const { user } = start();
    await open(user, 6);
    await user.click(screen.getByTestId('contact-toggle'));
    expect(await screen.findByTestId('contact-close')).toHaveFocus();
    expect(reachable(composer())).toBe(false);
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('contact-panel')).toBeNull());
    expect(reachable(composer())).toBe(true);
    expect(composer()).toHaveFocus();
  });

  test('the field for writing is as high as its text is then', async () => {
    const { user } = start();
    await open(user, 6);
    Object.defineProperty(composer(), 'scrollHeight', { configurable: true, value: 120 });
    measured(640, 1);
    await waitFor(() => expect(composer().style.height).toBe('120px'));
  });

  test('the sections of the settings are one list, which grows with the room', async () => {
    const { user } = start();
    await user.click(await screen.findByTestId('nav-settings'));
    const list = await screen.findByRole('combobox', { name: 'Secciones de los ajustes' });
    expect(screen.queryByTestId('settings-look')).toBeNull();
    await user.selectOptions(list, 'Apariencia');
    expect(await screen.findByRole('region', { name: 'Apariencia' })).toBeInTheDocument();
    measured(1280, 1);
    expect(await screen.findByTestId('settings-look')).toHaveAttribute('aria-current', 'page');
  });
});
