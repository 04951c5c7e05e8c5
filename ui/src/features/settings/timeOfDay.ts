/** A time of day as people type it (`8`, `8.30`, `0830`, `20:15`), or null where it is none. */
export function timeOfDay(typed: string): string | null {
  const [, hours, minutes = '0'] = /^\s*(\d{1,2})(?:\s*[:.,h]?\s*(\d{2}))?\s*$/i.exec(typed) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59) return null;
  return `${hours.padStart(2, '0')}:${minutes.padStart(2, '0')}`;
}
