/** Which titles a few typed letters mean: letters in order, accents and case apart, the best first. */
import uFuzzy from '@leeoniya/ufuzzy';
import type { Piece } from '$lib/text/match';

const fuzzy = new uFuzzy({ unicode: true, interSplit: "[^\\p{L}\\d']+", intraIns: 1, interIns: 12 });

export interface Match<T> {
  item: T;
  pieces: Piece[];
}

function piecesAt(text: string, ranges: readonly number[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (let index = 0; index + 1 < ranges.length; index += 2) {
    const start = ranges[index] ?? 0;
    const end = ranges[index + 1] ?? 0;
    if (start > at) pieces.push({ text: text.slice(at, start), hit: false });
    pieces.push({ text: text.slice(start, end), hit: true });
    at = end;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), hit: false });
  return pieces;
}

/** Without a query everything matches, in the order given. */
export function matchTitles<T>(items: readonly T[], titleOf: (item: T) => string, query: string): Match<T>[] {
  const titles = items.map(titleOf);
  const whole = (at: number): Match<T>[] => {
    const item = items[at];
    return item === undefined ? [] : [{ item, pieces: [{ text: titles[at] ?? '', hit: false }] }];
  };
  if (query.trim() === '') return items.flatMap((_, at) => whole(at));
  const folded = uFuzzy.latinize(titles);
  const [needle = ''] = uFuzzy.latinize([query]);
  // Out of order too: 'tema oscuro' and 'oscuro tema' mean the same.
  const [found, info, order] = fuzzy.search(folded, needle, 4);
  if (!found) return [];
  if (!info || !order) return found.flatMap(whole);
  return order.flatMap((place) => {
    const at = info.idx[place] ?? -1;
    const item = items[at];
    const title = titles[at];
    if (item === undefined || title === undefined) return [];
    // Where folding changed the length, the places no longer fit: the title is shown unmarked then.
    const fits = folded[at]?.length === title.length;
    return [{ item, pieces: fits ? piecesAt(title, info.ranges[place] ?? []) : [{ text: title, hit: false }] }];
  });
}
