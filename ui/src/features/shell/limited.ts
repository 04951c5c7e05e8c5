import type { Connection } from '$lib/platform';
import { clock } from '$lib/state/clock.svelte';

/** Until when the server lets nothing through; null once that is over. */
export function limitedUntil(connection: Connection | null): string | null {
  const until = connection?.limitedUntil ?? null;
  // Seconds are counted only while there is a limit.
  return until !== null && Date.parse(until) > clock.second ? until : null;
}
