/**
 * What can be done in the window, in one place. Features register their commands; the key handler, the palette, the
 * sheet of shortcuts and the tests are made from what is registered, and no shortcut is handled anywhere else (editing
 * inside a text field and moving within a list are not commands).
 */
import { createContext, onDestroy, type Component } from 'svelte';
import { keysText, matches, typesNothing, type Keys } from './keys';

/** In the order in which the sheet shows them. */
export const SECTIONS = ['general', 'places', 'list', 'conversation', 'writing'] as const;
export type Section = (typeof SECTIONS)[number];

export interface Command {
  /** Stable and unique: `chat.search`. Recent ones are remembered by it. */
  id: string;
  section: Section;
  /** An infinitive, read anew each time: the language may change. */
  title: () => string;
  /** The first is the one shown. */
  keys?: readonly Keys[];
  /** A Lucide icon for the palette. */
  icon?: Component<{ size?: number }>;
  /** Whether it makes sense now; always, where it is left out. */
  when?: () => boolean;
  /** `null` for keys that a text field handles itself: they are listed in the sheet and nowhere else. */
  run: (() => unknown) | null;
  /** Left out of the palette: steps and returns, which make sense as keys only. */
  keyOnly?: boolean;
  /** Works over an open dialog or menu too. */
  overDialogs?: boolean;
}

/** An open dialog or menu has the keys to itself. */
const dialogOpen = () => document.querySelector('[role="dialog"][data-state="open"], [role="alertdialog"][data-state="open"], [role="menu"]') !== null;

const inField = (target: EventTarget | null) =>
  target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;

const MOST_RECENT = 12;
const RECENT_KEY = 'condorito.recent-commands';

function remembered(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(RECENT_KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((id): id is string => typeof id === 'string').slice(0, MOST_RECENT) : [];
  } catch {
    return [];
  }
}

export class Commands {
  /** All that is registered, in the order of registration. */
  all = $state.raw<readonly Command[]>([]);
  /** Ids of those chosen from the palette, the last one first. */
  recent = $state.raw<readonly string[]>(remembered());

  /** Registers until the returned function is called. */
  add(commands: readonly Command[]): () => void {
    for (const { id } of commands) {
      if (this.find(id)) throw new Error(`Two commands are called ${id}.`);
    }
    this.all = [...this.all, ...commands];
    return () => {
      this.all = this.all.filter((known) => !commands.includes(known));
    };
  }

  find(id: string): Command | undefined {
    return this.all.find((command) => command.id === id);
  }

  /** The shown key of a command, for tooltips and hints. */
  keysOf(id: string): Keys | undefined {
    return this.find(id)?.keys?.[0];
  }

  /** The same as it is written in a tooltip. */
  keysText(id: string): string | undefined {
    const keys = this.keysOf(id);
    return keys === undefined ? undefined : keysText(keys);
  }

  enabled(command: Command): boolean {
    return command.run !== null && (command.when?.() ?? true);
  }

  /** What the palette offers now. */
  get offered(): Command[] {
    return this.all.filter((command) => !command.keyOnly && this.enabled(command));
  }

  run(command: Command): void {
    if (!this.enabled(command)) return;
    command.run?.();
  }

  /** Runs one that was picked by hand, and remembers it as recent. */
  pick(command: Command): void {
    this.recent = [command.id, ...this.recent.filter((id) => id !== command.id)].slice(0, MOST_RECENT);
    try {
      localStorage.setItem(RECENT_KEY, JSON.stringify(this.recent));
    } catch {
      // Recent ones are a convenience.
    }
    this.run(command);
  }

  /** The one key handler of the window. Of several that match, the one registered last is nearest to the operator. */
  readonly onkeydown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const covered = dialogOpen();
    const typing = inField(event.target);
    const command = this.all.findLast(
      (known) =>
        (!covered || known.overDialogs) &&
        known.keys?.some((keys) => matches(event, keys) && (!typing || typesNothing(keys))) &&
        this.enabled(known),
    );
    if (!command) return;
    event.preventDefault();
    this.run(command);
  };
}

export const [getCommands, setCommands] = createContext<Commands>();

/** Registers commands for as long as the calling component lives. */
export function registerCommands(commands: readonly Command[]): Commands {
  const registry = getCommands();
  onDestroy(registry.add(commands));
  return registry;
}
