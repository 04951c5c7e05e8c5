/** Where a search matches in what is shown. */
export interface Piece {
  text: string;
  hit: boolean;
}

const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Marks each word of the query where a word of the text begins with it. */
export function piecesOf(text: string, query: string): Piece[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [{ text, hit: false }];
  const pieces: Piece[] = [];
  // Words and what lies between them, in turns.
  for (const token of text.split(/([\p{L}\p{N}\p{M}]+)/u)) {
    if (token === '') continue;
    const folded = fold(token);
    const word = words.find((wanted) => folded.startsWith(wanted));
    if (word === undefined) {
      pieces.push({ text: token, hit: false });
      continue;
    }
    let end = 0;
    while (end < token.length && fold(token.slice(0, end)).length < word.length) end += 1;
    while (end < token.length && /\p{M}/u.test(token.charAt(end))) end += 1;
    pieces.push({ text: token.slice(0, end), hit: true });
    if (end < token.length) pieces.push({ text: token.slice(end), hit: false });
  }
  return pieces;
}

/** Cuts a snippet at the ranges the core gives (UTF-16 code units); odd ranges are ignored rather than trusted. */
export function piecesAt(text: string, ranges: readonly (readonly [number, number])[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (!(start >= at && end > start && end <= text.length)) continue;
    if (start > at) pieces.push({ text: text.slice(at, start), hit: false });
    pieces.push({ text: text.slice(start, end), hit: true });
    at = end;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), hit: false });
  return pieces;
}
