/** What stands for a contact when there is no picture: initials, and a hue that never changes. */
export const HUES = ['clay', 'ochre', 'moss', 'teal', 'sky', 'violet', 'rose', 'stone'] as const;
export type Hue = (typeof HUES)[number];

/** Initials of the first and last word; `#` for a bare number. */
export function initials(name: string | null): string {
  const words = (name ?? '').split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const first = words[0];
  if (first === undefined) return '#';
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [first, last]
    .map((word) => (word === undefined ? '' : String.fromCodePoint(word.codePointAt(0) ?? 35)))
    .join('')
    .toLocaleUpperCase();
}

/** A stable hue from a telephone number (FNV-1a). */
export function hueOf(digits: string): Hue {
  let hash = 0x811c9dc5;
  for (let at = 0; at < digits.length; at += 1) hash = Math.imul(hash ^ digits.charCodeAt(at), 0x01000193);
  return HUES[(hash >>> 0) % HUES.length] ?? 'stone';
}

const HUE_ANGLES: [Hue, number][] = [
  ['clay', 16],
  ['ochre', 40],
  ['moss', 90],
  ['teal', 173],
  ['sky', 200],
  ['violet', 266],
  ['rose', 335],
];

/** The nearest of our hues to a tag's own colour, so that tags stay readable in both themes. */
export function nearestHue(color: string | null): Hue {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color ?? '');
  if (!hex) return 'stone';
  const [red = 0, green = 0, blue = 0] = hex.slice(1).map((pair) => parseInt(pair, 16));
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread < 24) return 'stone';
  const sector =
    most === red ? (green - blue) / spread : most === green ? (blue - red) / spread + 2 : (red - green) / spread + 4;
  const angle = (sector * 60 + 360) % 360;
  const apart = (other: number) => Math.min(Math.abs(angle - other), 360 - Math.abs(angle - other));
  return HUE_ANGLES.reduce((best, next) => (apart(next[1]) < apart(best[1]) ? next : best))[0];
}
