/** The connection's states over the last hours, as stretches to draw and sums to read. */
import type { ConnectionState, Diagnostics } from '$lib/platform';

export const HOURS = 8;
const HOUR = 60 * 60_000;

export type Shade = 'online' | 'connecting' | 'syncing' | 'polling' | 'offline';
export const SHADES: readonly Shade[] = ['online', 'connecting', 'syncing', 'polling', 'offline'];

export interface Stretch {
  shade: Shade | null;
  /** Share of the whole, 0 to 1. */
  share: number;
  milliseconds: number;
}

const shadeOf = (state: ConnectionState): Shade => (state === 'stopped' ? 'offline' : state);

/** From eight hours ago to now; what was before the app started, or is no longer remembered, has no shade. */
export function stretchesOf({ states, connection, at }: Pick<Diagnostics, 'states' | 'connection' | 'at'>): Stretch[] {
  const end = Date.parse(at);
  const begin = end - HOURS * HOUR;
  const marks = [...states, { state: connection.state, since: connection.since }]
    .map(({ state, since }) => ({ shade: shadeOf(state), from: Date.parse(since) }))
    .filter(({ from }) => Number.isFinite(from) && from <= end)
    .sort((a, b) => a.from - b.from);
  const stretches: Stretch[] = [];
  const add = (shade: Shade | null, from: number, to: number) => {
    const milliseconds = to - Math.max(from, begin);
    if (milliseconds <= 0) return;
    const last = stretches.at(-1);
    if (last?.shade === shade) {
      last.milliseconds += milliseconds;
      last.share = last.milliseconds / (end - begin);
    } else {
      stretches.push({ shade, share: milliseconds / (end - begin), milliseconds });
    }
  };
  add(null, begin, marks[0]?.from ?? end);
  marks.forEach(({ shade, from }, index) => add(shade, from, marks[index + 1]?.from ?? end));
  return stretches;
}

/** How long each shade lasted in all; those that did not occur are left out. */
export function sumsOf(stretches: readonly Stretch[]): { shade: Shade; milliseconds: number }[] {
  return SHADES.map((shade) => ({
    shade,
    milliseconds: stretches.reduce((sum, stretch) => sum + (stretch.shade === shade ? stretch.milliseconds : 0), 0),
  })).filter(({ milliseconds }) => milliseconds > 0);
}
