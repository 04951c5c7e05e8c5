/** How this computer shows the app. Kept in the web view, since it is needed before anybody has signed in. */
import { LOCALES, locale, systemLocale, type Locale } from '$lib/i18n/locale.svelte';

export const THEMES = ['system', 'light', 'dark'] as const;
export const DENSITIES = ['comfortable', 'compact'] as const;
export const TEXT_SCALES = [0.9, 1, 1.15, 1.3] as const;

export type Theme = (typeof THEMES)[number];
export type Density = (typeof DENSITIES)[number];
export type TextScale = (typeof TEXT_SCALES)[number];

/** `public/first-paint.js` reads the same key before the bundle arrives. */
const KEY = 'condorito.preferences';

interface Stored {
  language: Locale;
  theme: Theme;
  density: Density;
  textScale: TextScale;
}

const oneOf = <T>(known: readonly T[], value: unknown, otherwise: T): T =>
  known.includes(value as T) ? (value as T) : otherwise;

function read(): Stored {
  let stored: Partial<Record<keyof Stored, unknown>> = {};
  try {
    stored = (JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as typeof stored;
  } catch {
    // A damaged value is the same as none.
  }
  return {
    language: oneOf<Locale>(LOCALES, stored.language, systemLocale()),
    theme: oneOf<Theme>(THEMES, stored.theme, 'system'),
    density: oneOf<Density>(DENSITIES, stored.density, 'comfortable'),
    textScale: oneOf<TextScale>(TEXT_SCALES, stored.textScale, 1),
  };
}

let current = $state.raw<Stored>(read());

function apply(): void {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  locale.set(current.language);
  root.lang = locale.region;
  root.dataset.theme = current.theme === 'system' ? system : current.theme;
  root.dataset.density = current.density;
  root.style.setProperty('--text-scale', String(current.textScale));
}

export const preferences = {
  get language(): Locale {
    return current.language;
  },
  get theme(): Theme {
    return current.theme;
  },
  get density(): Density {
    return current.density;
  },
  get textScale(): TextScale {
    return current.textScale;
  },
  set(patch: Partial<Stored>) {
    current = { ...current, ...patch };
    try {
      localStorage.setItem(KEY, JSON.stringify(current));
    } catch {
      // Storage refused: the choice holds until the window closes.
    }
    apply();
  },
  /** Applies what is stored and follows the system's theme from then on. */
  start(): () => void {
    apply();
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', apply);
    return () => system.removeEventListener('change', apply);
  },
};
