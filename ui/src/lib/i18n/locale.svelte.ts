/** The language in use. Messages read it while they render, so a change shows at once, without a reload. */
import { overwriteGetLocale, type Locale } from '$lib/paraglide/runtime.js';

export type { Locale };
export const LOCALES = ['es', 'en', 'pt'] as const satisfies readonly Locale[];

/** Languages are named in themselves: whoever looks for theirs may not read the current one. */
export const LOCALE_NAMES: Record<Locale, string> = { es: 'Español', en: 'English', pt: 'Português' };

/** Region conventions for numbers and dates, all of them with a 24 hour clock. */
const REGIONS: Record<Locale, string> = { es: 'es-AR', en: 'en-GB', pt: 'pt-BR' };

let current = $state<Locale>('es');
overwriteGetLocale(() => current);

export const locale = {
  get current(): Locale {
    return current;
  },
  get region(): string {
    return REGIONS[current];
  },
  set(next: Locale) {
    current = next;
  },
};

/** The system's language if it is one of ours, else Spanish. */
export function systemLocale(languages: readonly string[] = navigator.languages): Locale {
  for (const language of languages) {
    const found = LOCALES.find((known) => language.toLowerCase().startsWith(known));
    if (found) return found;
  }
  return 'es';
}
