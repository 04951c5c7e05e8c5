/** What can be read of a place: the server hands over nothing, a text, or data that means nothing to a person. */
export interface Place {
  /** A name or an address; empty when there is none. */
  words: string;
  /** Degrees north and east. */
  at: { latitude: number; longitude: number } | null;
}

const PAIR = /(?<![\d.])(-?\d{1,2}\.\d{3,})\s*,\s*(-?\d{1,3}\.\d{3,})(?![\d.])/;
/** Longer runs without a blank are no words: WhatsApp's own body of a place is a picture in letters. */
const LONGEST_WORD = 40;
const LONGEST = 200;

export function placeOf(content: string | null): Place | null {
  const text = (content ?? '').trim();
  const pair = PAIR.exec(text);
  const latitude = Number(pair?.[1]);
  const longitude = Number(pair?.[2]);
  const at = pair && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : null;
  const rest = (at && pair ? text.replace(pair[0], ' ') : text).replace(/\s+/g, ' ').trim();
  const readable = rest.length <= LONGEST && /\p{L}/u.test(rest) && !rest.split(' ').some((word) => word.length > LONGEST_WORD);
  const words = readable ? rest : '';
  return words === '' && at === null ? null : { words, at };
}

/** A map that needs no key and no account. */
export const mapAddress = ({ latitude, longitude }: NonNullable<Place['at']>): string =>
  `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`;
