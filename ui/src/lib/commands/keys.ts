/** Keys as commands declare them (`Mod+K`, `Alt+ArrowDown`, `F6`, `?`), told apart in events and written out. */
import { m } from '$lib/paraglide/messages.js';

/** Modifiers and a key, joined by `+`. `Mod` is ⌘ on a Mac and Ctrl elsewhere; the key is named as `event.key` does. */
export type Keys = string;

interface Parsed {
  mod: boolean;
  alt: boolean;
  shift: boolean;
  key: string;
}

export const onMac = (): boolean => /mac/i.test(navigator.platform);

function parse(keys: Keys): Parsed {
  const parts = keys.split('+');
  return {
    mod: parts.includes('Mod'),
    alt: parts.includes('Alt'),
    shift: parts.includes('Shift'),
    key: keys.endsWith('+') ? '+' : (parts.at(-1) ?? ''),
  };
}

/** A sign such as `?` or `/` needs Shift on some keyboards and none on others: the sign itself decides. */
const isSign = (key: string) => /^[^\p{L}\p{N}]$/u.test(key);

/** Whether an event is this combination and nothing more. */
export function matches(event: KeyboardEvent, keys: Keys): boolean {
  const wanted = parse(keys);
  const mod = onMac() ? event.metaKey : event.ctrlKey;
  const otherMod = onMac() ? event.ctrlKey : event.metaKey;
  if (otherMod || mod !== wanted.mod || event.altKey !== wanted.alt) return false;
  if (!isSign(wanted.key) && event.shiftKey !== wanted.shift) return false;
  const key = wanted.key.toLowerCase();
  if (event.key.toLowerCase() === key) return true;
  // With Alt a Mac types another sign, and some keyboards have their digits behind Shift: the key's place counts then.
  return (wanted.alt || wanted.mod) && (event.code === `Key${wanted.key.toUpperCase()}` || event.code === `Digit${wanted.key}`);
}

/** Whether the combination types nothing, so that it can act while the focus is in a field. */
export function typesNothing(keys: Keys): boolean {
  const { mod, alt, key } = parse(keys);
  return mod || alt || /^(F\d+|Escape)$/.test(key);
}

const CAPS: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc' };

/** The cap of a key that has a name instead of a letter. */
function capOf(key: string, mac: boolean): string {
  if (key === 'End') return m.key_end();
  if (key === 'Enter' && mac) return '↩';
  return CAPS[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** The caps to press, one by one, as this machine's keyboard names them. */
export function capsOf(keys: Keys): string[] {
  const { mod, alt, shift, key } = parse(keys);
  const mac = onMac();
  const caps = [];
  if (mod) caps.push(mac ? '⌘' : 'Ctrl');
  if (alt) caps.push(mac ? '⌥' : 'Alt');
  if (shift) caps.push(mac ? '⇧' : m.key_shift());
  caps.push(capOf(key, mac));
  return caps;
}

/** The same in one piece, for tooltips: `Ctrl K`. */
export const keysText = (keys: Keys): string => capsOf(keys).join(' ');
