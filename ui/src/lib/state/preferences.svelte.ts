/**
 * How this machine shows the app. The core keeps it; the web view remembers a copy, because the first paint and the
 * sign-in screen come before the core has answered.
 */
import { LOCALES, locale, systemLocale } from '$lib/i18n/locale.svelte';
import type { Density, Locale, Settings as CoreSettings, Theme } from '$lib/platform';

/** The part of the core's settings that the interface acts on. */
export type Look = Pick<CoreSettings, 'locale' | 'theme' | 'density' | 'textScale' | 'reduceMotion' | 'waitMarks' | 'showTags'>;

export const THEMES = ['system', 'light', 'dark'] as const satisfies readonly Theme[];
export const DENSITIES = ['comfortable', 'compact'] as const satisfies readonly Density[];
export const TEXT_SCALES = [0.9, 1, 1.15, 1.3, 1.5, 2] as const;

/** `public/first-paint.js` reads the same key before the bundle arrives. */
const KEY = 'condorito.preferences';
/** The core takes sizes from its settings file too; beyond these the layout has not been tried. */
const SCALE_LIMITS = [0.8, 2] as const;

const oneOf = <T>(known: readonly T[], value: unknown, otherwise: T): T =>
  known.includes(value as T) ? (value as T) : otherwise;

/** Whatever was stored, as settings that cannot be wrong. */
function sound(stored: Partial<Record<keyof Look, unknown>>): Look {
  const scale = Number(stored.textScale);
  return {
    locale: oneOf<Locale | null>(LOCALES, stored.locale, null),
    theme: oneOf<Theme>(THEMES, stored.theme, 'system'),
    density: oneOf<Density>(DENSITIES, stored.density, 'comfortable'),
    textScale: scale >= SCALE_LIMITS[0] && scale <= SCALE_LIMITS[1] ? scale : 1,
    reduceMotion: stored.reduceMotion === true,
    waitMarks: soundMarks(stored.waitMarks),
    showTags: stored.showTags !== false,
  };
}

/** Minutes after which a wait is marked, and marked more. */
function soundMarks(stored: unknown): [number, number] {
  const [first, second] = Array.isArray(stored) ? (stored as unknown[]) : [];
  const fit = typeof first === 'number' && typeof second === 'number' && first >= 1 && second > first;
  return fit ? [first, second] : [5, 60];
}

function remembered(): Look {
  try {
    return sound((JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as object);
  } catch {
    // A damaged value is the same as none.
    return sound({});
  }
}

let current = $state.raw<Look>(remembered());

const systemIsDark = () => matchMedia('(prefers-color-scheme: dark)');

function apply(): void {
  const root = document.documentElement;
  const system = systemIsDark().matches ? 'dark' : 'light';
  locale.set(current.locale ?? systemLocale());
  root.lang = locale.region;
  root.dataset.theme = current.theme === 'system' ? system : current.theme;
  root.dataset.density = current.density;
  root.dataset.motion = current.reduceMotion ? 'less' : 'system';
  root.style.setProperty('--text-scale', String(current.textScale));
}

function take(next: Look): void {
  current = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Storage refused: the core still has it.
  }
  apply();
}

export const preferences = {
  get locale(): Locale {
    return locale.current;
  },
  get theme(): Theme {
    return current.theme;
  },
  get density(): Density {
    return current.density;
  },
  get textScale(): number {
    return current.textScale;
  },
  get reduceMotion(): boolean {
    return current.reduceMotion;
  },
  /** Minutes after which a wait turns ochre, and clay. */
  get waitMarks(): [number, number] {
    return current.waitMarks;
  },
  get showTags(): boolean {
    return current.showTags;
  },
  /** Shows it at once and remembers it for the next start; telling the core is {@link MachineSettings}' part. */
  apply(patch: Partial<Look>): void {
    take(sound({ ...current, ...patch }));
  },
  /** Applies what is remembered and follows the system's theme from then on. */
  start(): () => void {
    apply();
    const system = systemIsDark();
    system.addEventListener('change', apply);
    return () => system.removeEventListener('change', apply);
  },
};
