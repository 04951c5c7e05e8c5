/** What can be set on this machine, as the core keeps it. Looks apply before the core has answered. */
import { CommandError, type Platform, type Settings } from '$lib/platform';
import { preferences, type Look } from './preferences.svelte';

export type Patch = Partial<Settings>;
type Name = keyof Settings;

const LOOKS = ['locale', 'theme', 'density', 'textScale', 'reduceMotion', 'waitMarks', 'showTags'] as const satisfies readonly (keyof Look)[];

const looksOf = (settings: Patch): Partial<Look> =>
  Object.fromEntries(LOOKS.filter((name) => name in settings).map((name) => [name, settings[name]]));

export class MachineSettings {
  current = $state.raw<Settings | null>(null);
  /** Why the core refused the last change of a setting, beside the setting. */
  errors = $state.raw<Partial<Record<Name, string>>>({});
  /** Why they could not be read. */
  failure = $state.raw<CommandError | null>(null);
  readonly #platform: Platform;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Follows the core from now on. */
  start(): () => void {
    return this.#platform.subscribe('settings', (settings) => this.#take(settings));
  }

  async read(): Promise<void> {
    this.failure = null;
    try {
      this.#take(await this.#platform.call('get_settings', {}));
    } catch (thrown) {
      this.failure = CommandError.from(thrown);
    }
  }

  /** Changes settings; what the core refuses goes back to what it was, and the reason stands beside it. */
  async set(patch: Patch): Promise<boolean> {
    const before = this.current;
    const names = Object.keys(patch) as Name[];
    this.errors = Object.fromEntries(Object.entries(this.errors).filter(([name]) => !names.includes(name as Name)));
    if (before) this.current = { ...before, ...patch };
    preferences.apply(looksOf(patch));
    try {
      this.#take(await this.#platform.call('set_settings', { patch }));
      return true;
    } catch (thrown) {
      const { message } = CommandError.from(thrown);
      if (before) this.#take(before);
      this.errors = { ...this.errors, ...Object.fromEntries(names.map((name) => [name, message])) };
      return false;
    }
  }

  #take(settings: Settings): void {
    this.current = settings;
    preferences.apply(looksOf(settings));
  }
}
