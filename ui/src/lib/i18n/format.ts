/** Dates, numbers and telephone numbers as the operator's region writes them. */
import { locale } from './locale.svelte';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale.region + JSON.stringify(options);
  let format = dateFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale.region, options);
    dateFormats.set(key, format);
  }
  return format;
}

const relativeDay = (days: number) => new Intl.RelativeTimeFormat(locale.region, { numeric: 'auto' }).format(days, 'day');
const capital = (text: string) => text.charAt(0).toLocaleUpperCase(locale.region) + text.slice(1);

const startOfDay = (time: number) => new Date(time).setHours(0, 0, 0, 0);

/** How many calendar days `time` lies before `now`; rounding absorbs the 23 and 25 hour days. */
function daysBefore(time: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(time)) / DAY);
}

export const number = (value: number) => new Intl.NumberFormat(locale.region).format(value);

/** `10:46` */
export const clockTime = (iso: string) => dates({ hour: 'numeric', minute: '2-digit', hourCycle: 'h23' }).format(new Date(iso));

/** A row's time: the hour today, the weekday this week, the date before. */
export function rowTime(iso: string, now: number): string {
  const time = Date.parse(iso);
  const days = daysBefore(time, now);
  if (days <= 0) return clockTime(iso);
  if (days === 1) return relativeDay(-1);
  if (days < 7) return dates({ weekday: 'short' }).format(time).replace('.', '');
  if (days < 300) return dates({ day: 'numeric', month: 'short' }).format(time).replace('.', '');
  return dates({ day: 'numeric', month: 'numeric', year: '2-digit' }).format(time);
}

/** A day separator: today, yesterday, else weekday and date. */
export function dayLabel(iso: string, now: number): string {
  const time = Date.parse(iso);
  const days = daysBefore(time, now);
  if (days === 0 || days === 1) return capital(relativeDay(-days));
  const year = new Date(time).getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return capital(dates({ weekday: 'long', day: 'numeric', month: 'long', year }).format(time));
}

/** Date and time in full, for tooltips. */
export const fullTime = (iso: string) => dates({ dateStyle: 'full', timeStyle: 'short' }).format(new Date(iso));

/** The same to the second, for the details of a message. */
export const fullTimeExact = (iso: string) => dates({ dateStyle: 'full', timeStyle: 'medium' }).format(new Date(iso));

/** `2 mar 2023` */
export const shortDate = (iso: string) => dates({ day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(iso)).replaceAll('.', '');

/** The calendar day in local time, to tell whether two messages share one. */
export function localDay(iso: string): string {
  const date = new Date(iso);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** A wait: `4 min`, `1 h 12`, `3 d`. */
export function wait(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / MINUTE));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60}`;
  return `${Math.floor(hours / 24)} d`;
}

/** Sizes of files: `214 KB`. */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${number(bytes)} B`;
  const unit = bytes < 1_000_000 ? { divisor: 1000, name: 'KB' } : { divisor: 1_000_000, name: 'MB' };
  const value = bytes / unit.divisor;
  return `${number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} ${unit.name}`;
}

/** Argentine area codes of three digits; `11` has two, all others four. */
const THREE_DIGIT_AREAS = new Set(
  '220 221 223 230 236 237 249 260 261 263 264 266 280 291 294 297 298 299 336 341 342 343 345 348 351 353 358 362 364 370 376 379 380 381 383 385 387 388'.split(
    ' ',
  ),
);

/** Whether the digits can be an Argentine number as WhatsApp writes it. */
export const looksArgentine = (digits: string) => /^54(9\d{10}|[1-8]\d{9})$/.test(digits);

/** `+54 9 387 555-0193`; numbers of other countries are left in one piece. */
export function phone(digits: string): string {
  if (!looksArgentine(digits)) return `+${digits}`;
  const mobile = digits.startsWith('549');
  const national = digits.slice(mobile ? 3 : 2);
  const area = national.startsWith('11') ? 2 : THREE_DIGIT_AREAS.has(national.slice(0, 3)) ? 3 : 4;
  const local = national.slice(area);
  return `+54 ${mobile ? '9 ' : ''}${national.slice(0, area)} ${local.slice(0, -4)}-${local.slice(-4)}`;
}
