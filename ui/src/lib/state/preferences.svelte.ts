/**
 * How this machine shows the app. The core keeps it; the web view remembers a copy, because the first paint and the
 * sign-in screen come before the core has answered.
 */
import { LOCALES, locale, systemLocale } from '$lib/i18n/locale.svelte';
import type { Density, Locale, Platform, Settings as CoreSettings, Theme } from '$lib/platform';

/** The part of the core's settings that the interface acts on. */
type Settings = Pick<CoreSettings, 'locale' | 'theme' | 'density' | 'textScale'>;

export const THEMES = ['system', 'light', 'dark'] as const satisfies readonly Theme[];
export const DENSITIES = ['comfortable', 'compact'] as const satisfies readonly Density[];
export const TEXT_SCALES = [0.9, 1, 1.15, 1.3] as const;

/** `public/first-paint.js` reads the same key before the bundle arrives. */
const KEY = 'condorito.preferences';
/** The core takes sizes from its settings file too; beyond these the layout has not been tried. */
const SCALE_LIMITS = [0.8, 1.5] as const;

const oneOf = <T>(known: readonly T[], value: unknown, otherwise: T): T =>
  known.includes(value as T) ? (value as T) : otherwise;

/** Whatever was stored, as settings that cannot be wrong. */
function sound(stored: Partial<Record<keyof Settings, unknown>>): Settings {
  const scale = Number(stored.textScale);
  return {
    locale: oneOf<Locale | null>(LOCALES, stored.locale, null),
    theme: oneOf<Theme>(THEMES, stored.theme, 'system'),
    density: oneOf<Density>(DENSITIES, stored.density, 'comfortable'),
    textScale: scale >= SCALE_LIMITS[0] && scale <= SCALE_LIMITS[1] ? scale : 1,
  };
}

function remembered(): Settings {
  try {
    return sound((JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as object);
  } catch {
    // A damaged value is the same as none.
    return sound({});
  }
}

let current = $state.raw<Settings>(remembered());
let platform: Platform | null = null;

const systemIsDark = () => matchMedia('(prefers-color-scheme: dark)');

function apply(): void {
  const root = document.documentElement;
  const system = systemIsDark().matches ? 'dark' : 'light';
  locale.set(current.locale ?? systemLocale());
  root.lang = locale.region;
  root.dataset.theme = current.theme === 'system' ? system : current.theme;
  root.dataset.density = current.density;
  root.style.setProperty('--text-scale', String(current.textScale));
}

function take(next: Settings): void {
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
  /** Applies at once, and tells the core. */
  set(patch: Partial<Settings>) {
    take({ ...current, ...patch });
    platform?.call('set_settings', { patch }).catch(() => {
      // The choice holds for this window; the next start asks the core again.
    });
  },
  /** Takes over what the core has kept. */
  async connect(host: Platform): Promise<void> {
    platform = host;
    try {
      take(sound({ ...(await host.call('get_settings', {})) }));
    } catch {
      // Without the core's settings the remembered ones stay.
    }
  },
  /** Applies what is remembered and follows the system's theme from then on. */
  start(): () => void {
    apply();
    const system = systemIsDark();
    system.addEventListener('change', apply);
    return () => system.removeEventListener('change', apply);
  },
};
