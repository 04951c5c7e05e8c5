/**
 * WhatsApp's marks as a tree: *bold*, _italic_, ~strike~, `mono`, ```block``` and links.
 * The tree is drawn as elements; nothing a contact writes ever becomes markup.
 */
import { find } from 'linkifyjs';

export type Span =
  | { kind: 'text'; text: string }
  | { kind: 'bold' | 'italic' | 'strike'; spans: Span[] }
  | { kind: 'mono' | 'block'; text: string }
  | { kind: 'link'; text: string; href: string };

type Mark = '*' | '_' | '~';
const KINDS = { '*': 'bold', _: 'italic', '~': 'strike' } as const;
const WORD = /[\p{L}\p{N}]/u;

interface Link {
  start: number;
  end: number;
  href: string;
}

/** Reads a message. Its cost is linear in the text's length for each of the three marks that can nest. */
export function parse(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  while (from < text.length) {
    const open = text.indexOf('```', from);
    const close = open < 0 ? -1 : text.indexOf('```', open + 3);
    if (open < 0 || close < 0) break;
    const inside = text.slice(open + 3, close);
    if (inside.trim() === '') {
      spans.push(...inline(text.slice(from, close + 3)));
    } else {
      const before = text.slice(from, open).replace(/\n$/, '');
      spans.push(...inline(before), { kind: 'block', text: inside.replace(/^\n|\n$/g, '') });
    }
    from = close + 3;
    // A block stands on lines of its own: the breaks around it are not drawn twice.
    if (spans.at(-1)?.kind === 'block' && text.charAt(from) === '\n') from += 1;
  }
  spans.push(...inline(text.slice(from)));
  return spans;
}

function inline(text: string): Span[] {
  return text === '' ? [] : nest(text, linksOf(text), 0, text.length, new Set());
}

/** Web and mail addresses only: anything else a link could carry stays text. */
function linksOf(text: string): Link[] {
  return find(text, { defaultProtocol: 'https' })
    .filter(({ href }) => /^(https?:\/\/|mailto:)/i.test(href))
    .filter(({ type, value, start }) => type === 'email' || standsAlone(text, value, start))
    .map(({ start, end, href }) => {
      // In `*https://…*` the last mark closes the first; addresses may end in one, but rarely do.
      let cut = 0;
      while (isMark(text.charAt(end - 1 - cut)) && text.charAt(start - 1 - cut) === text.charAt(end - 1 - cut)) cut += 1;
      return { start, end: end - cut, href: cut > 0 ? href.slice(0, -cut) : href };
    });
}

const isMark = (character: string) => character === '*' || character === '_' || character === '~';

/** A bare host is a link only by itself: not the rest of some other scheme, and not a lone word. */
function standsAlone(text: string, value: string, start: number): boolean {
  if (/^https?:\/\//i.test(value)) return true;
  return value.includes('.') && !/[/:\\@]/.test(text.charAt(start - 1));
}

function nest(text: string, links: Link[], from: number, to: number, open: ReadonlySet<Mark>): Span[] {
  const spans: Span[] = [];
  let plain = from;
  let at = from;
  let link = links.findIndex(({ start }) => start >= from);
  if (link < 0) link = links.length;
  // Where a search for a closing mark has already failed: no later opening on that line can succeed.
  const hopeless = new Map<string, number>();

  const flush = (end: number) => {
    if (end > plain) spans.push({ kind: 'text', text: text.slice(plain, end) });
  };

  while (at < to) {
    const next = links[link];
    if (next && at === next.start && next.end <= to) {
      flush(at);
      spans.push({ kind: 'link', text: text.slice(next.start, next.end), href: next.href });
      at = plain = next.end;
      link += 1;
      continue;
    }
    const mark = text.charAt(at);
    if (mark === '`' || ((mark === '*' || mark === '_' || mark === '~') && !open.has(mark))) {
      const end = opens(text, at, from) ? closing(text, mark, at, to, links, link, hopeless) : -1;
      if (end >= 0) {
        flush(at);
        if (mark === '`') {
          spans.push({ kind: 'mono', text: text.slice(at + 1, end) });
        } else {
          const spansInside = nest(text, links, at + 1, end, new Set([...open, mark]));
          spans.push({ kind: KINDS[mark], spans: spansInside });
        }
        at = plain = end + 1;
        while ((links[link]?.start ?? Infinity) < at) link += 1;
        continue;
      }
    }
    at += 1;
  }
  flush(to);
  return spans;
}

/** A mark opens at the start of a word: not after a letter, not before a space. */
function opens(text: string, at: number, from: number): boolean {
  const before = at > from ? text.charAt(at - 1) : ' ';
  const after = text.charAt(at + 1);
  return !WORD.test(before) && after !== '' && !/\s/.test(after) && after !== text.charAt(at);
}

/** Finds where a mark closes on its line: after a non-space and before no letter, outside links. -1 when it does not. */
function closing(
  text: string,
  mark: string,
  open: number,
  to: number,
  links: Link[],
  firstLink: number,
  hopeless: Map<string, number>,
): number {
  if (open < (hopeless.get(mark) ?? -1)) return -1;
  let link = firstLink;
  let at = open + 2;
  while (at < to) {
    const character = text.charAt(at);
    if (character === '\n') break;
    while ((links[link]?.end ?? Infinity) <= at) link += 1;
    const inLink = links[link];
    if (mark !== '`' && inLink && at >= inLink.start) {
      at = inLink.end;
      continue;
    }
    const after = at + 1 < to ? text.charAt(at + 1) : ' ';
    if (character === mark && !/\s/.test(text.charAt(at - 1)) && !WORD.test(after)) return at;
    at += 1;
  }
  hopeless.set(mark, at);
  return -1;
}

/** The text as read, without its marks: for previews, where a tree would be too much. */
export function plain(text: string): string {
  const flat = (spans: Span[]): string =>
    spans.map((span) => ('spans' in span ? flat(span.spans) : span.text)).join('');
  return flat(parse(text));
}
