/** Contact cards as WhatsApp hands them over: only what a person reads of them. */
export interface Card {
  /** Empty when there is none to be read. */
  name: string;
  /** Where they work. */
  company: string;
  /** Numbers as written, without doubles. */
  phones: string[];
  emails: string[];
}

/** A message may carry several; more than these are no longer read. */
const CARDS = 5;
/** Numbers and addresses of one card, at most. */
const LINES = 5;

const plainValue = (value: string): string =>
  value
    .replace(/\\n/gi, ' ')
    .replace(/\\([,;\\])/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();

/** The values of a property, in order, whatever group and parameters stand before them. */
const valuesOf = (card: string, property: string): string[] =>
  [...card.matchAll(new RegExp(`^(?:[\\w-]+\\.)?${property}(?:;[^:\\n]*)?:(.*)$`, 'gim'))]
    .map(([, value]) => value ?? '')
    .filter((value) => value.trim() !== '');

function cardOf(text: string): Card {
  // Surname first; what WhatsApp makes up of a card without a name has it nowhere else.
  const parts = (valuesOf(text, 'N')[0] ?? '').split(/(?<!\\);/);
  const composed = [parts[1], parts[0]].map((part) => plainValue(part ?? '')).filter((part) => part !== '');
  return {
    name: plainValue(valuesOf(text, 'FN')[0] ?? '') || composed.join(' '),
    company: plainValue((valuesOf(text, 'ORG')[0] ?? '').replace(/;+\s*$/, '').replaceAll(';', ', ')),
    phones: [...new Set(valuesOf(text, 'TEL').map(plainValue))].slice(0, LINES),
    emails: [...new Set(valuesOf(text, 'EMAIL').map(plainValue))].slice(0, LINES),
  };
}

/** The cards in a message; none where it is no card. */
export function cardsOf(content: string): Card[] {
  // A long line goes on in the next one, behind a blank.
  const unfolded = content.replace(/\r\n?/g, '\n').replace(/\n[ \t]/g, '');
  return unfolded
    .split(/^BEGIN:VCARD\s*$/im)
    .slice(0, CARDS + 1)
    .map(cardOf)
    .filter(({ name, phones }) => name !== '' || phones.length > 0);
}
