/** Up to this many emoji by themselves are drawn large. */
const MOST = 3;

const PICTURE = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\u{fe0f}?\u{20e3})/u;

let segmenter: Intl.Segmenter | null = null;

/** Whether a text is nothing but a few emoji. */
export function onlyEmoji(text: string): boolean {
  const trimmed = text.trim();
  // An emoji of a family takes up to eleven units; whatever is longer need not be cut up.
  if (trimmed === '' || trimmed.length > MOST * 16 || !/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u{20e3}/u.test(trimmed)) return false;
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const signs = [...segmenter.segment(trimmed.replace(/\s+/g, ''))].map(({ segment }) => segment);
  return signs.length <= MOST && signs.every((sign) => PICTURE.test(sign));
}
