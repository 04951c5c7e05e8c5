/** The name on a contact card as WhatsApp hands it over; empty when there is none to be read. */
export function cardName(card: string): string {
  // A long line goes on in the next one, behind a blank.
  const unfolded = card.replace(/\r?\n[ \t]/g, '');
  const name = /^(?:[\w-]+\.)?FN[^:\n]*:(.*)$/im.exec(unfolded)?.[1] ?? '';
  return name.replace(/\\([,;\\])/g, '$1').replace(/\\n/gi, ' ').trim();
}
