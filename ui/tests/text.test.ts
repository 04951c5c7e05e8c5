import { describe, expect, test } from 'vitest';
import { onlyEmoji } from '$lib/text/emoji';
import { cardName } from '$lib/text/vcard';

describe('a few emoji by themselves', () => {
  test.each([
    ['🙌', true],
    [' 🙌 ', true],
    ['👨‍👩‍👧‍👦', true],
    ['🇦🇷', true],
    ['👍🏽👍🏽👍🏽', true],
    ['❤️', true],
    ['1️⃣', true],
    ['🙌🙌🙌🙌', false],
    ['Gracias 🙏', false],
    ['123', false],
    ['#', false],
    ['', false],
    ['   ', false],
  ])('%j: %s', (text, expected) => expect(onlyEmoji(text)).toBe(expected));
});

describe('the name on a contact card', () => {
  test.each([
    ['BEGIN:VCARD\nVERSION:3.0\nFN:Juan\nEND:VCARD', 'Juan'],
    ['BEGIN:VCARD\r\nFN;CHARSET=UTF-8:Ana\\, de\r\n  Salta\r\nEND:VCARD', 'Ana, de Salta'],
    ['BEGIN:VCARD\nitem1.FN:Rosa\nEND:VCARD', 'Rosa'],
    ['BEGIN:VCARD\nTEL:123\nEND:VCARD', ''],
    ['FN', ''],
    ['', ''],
  ])('%j: %j', (card, expected) => expect(cardName(card)).toBe(expected));
});
