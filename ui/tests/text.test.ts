import { describe, expect, test } from 'vitest';
import { onlyEmoji } from '$lib/text/emoji';
import type { MessageKind } from '$lib/platform';
import { preview, textToCopy } from '$lib/text/kinds';
import { placeOf } from '$lib/text/place';
import { cardsOf } from '$lib/text/vcard';

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
    ['BEGIN:VCARD\nN:Ibáñez;Graciela;;;\nEND:VCARD', 'Graciela Ibáñez'],
    ['BEGIN:VCARD\nTEL:123\nEND:VCARD', ''],
    ['FN', undefined],
    ['', undefined],
  ])('%j: %j', (card, expected) => expect(cardsOf(card)[0]?.name).toBe(expected));
});

describe('a contact card', () => {
  test('is read as far as a person wants to know it', () => {
    const card = [
      'BEGIN:VCARD',
      'N:Ibáñez;Graciela;;;',
      'FN:Graciela Ibáñez',
      'ORG:Talabartería Ibáñez;Ventas;',
      'item1.TEL;waid=5491155504305:+54 9 11 5550-4305',
      'TEL;type=CELL:+54 9 11 5550-4305',
      'TEL:0800 222',
      'EMAIL;type=WORK:graciela@talabarteria.example',
      'END:VCARD',
    ].join('\r\n');
    expect(cardsOf(card)).toEqual([
      {
        name: 'Graciela Ibáñez',
        company: 'Talabartería Ibáñez, Ventas',
        phones: ['+54 9 11 5550-4305', '0800 222'],
        emails: ['graciela@talabarteria.example'],
      },
    ]);
    expect(cardsOf(`${card}\r\n${card.replaceAll('Graciela', 'Rosa')}`).map(({ name }) => name)).toEqual(['Graciela Ibáñez', 'Rosa Ibáñez']);
  });
});

describe('a place', () => {
  test.each<[string | null, ReturnType<typeof placeOf>]>([
    [null, null],
    ['', null],
    ['/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUf', null],
    ['Av. Rivadavia 4870, Caballito', { words: 'Av. Rivadavia 4870, Caballito', at: null }],
    ['-24.78821, -65.41031', { words: '', at: { latitude: -24.78821, longitude: -65.41031 } }],
    ['El local\n-24.78821,-65.41031', { words: 'El local', at: { latitude: -24.78821, longitude: -65.41031 } }],
    ['-94.78821, -65.41031', null],
  ])('%j: %j', (content, expected) => expect(placeOf(content)).toEqual(expected));
});

describe('what the list says of the newest message', () => {
  test.each<[MessageKind | null, string | null, string | null, string]>([
    ['text', 'Hola *Ana*\n¿venís?', null, 'Hola Ana ¿venís?'],
    ['text', '[image]', null, '[image]'],
    ['text', '[text]', 'text', ''],
    [null, 'presupuesto.pdf', null, 'presupuesto.pdf'],
    ['image', '[image]', 'image', ''],
    ['image', 'La *fachada*', 'image', 'La fachada'],
    ['document', 'presupuesto.pdf', 'document', 'presupuesto.pdf'],
    ['audio', null, 'audio', ''],
    ['location', '/9j/4AAQSkZJRg', 'location', ''],
    ['contact_card', 'BEGIN:VCARD\nFN:Juan\nEND:VCARD', 'contact_card', 'Juan'],
  ])('%s, %j', (lastKind, lastMessage, kind, text) => expect(preview({ lastKind, lastMessage })).toEqual({ kind, text }));
});

describe('what is copied of a message', () => {
  test.each<[MessageKind, string | null, string]>([
    ['text', 'Hola *Ana*', 'Hola *Ana*'],
    ['image', null, ''],
    ['contact_card', 'BEGIN:VCARD\nFN:Juan\nORG:Sur;\nTEL;waid=1:+54 9 11 5550-4305\nEMAIL:j@sur.example\nEND:VCARD', 'Juan\nSur\n+54 9 11 5550-4305\nj@sur.example'],
    ['contact_card', 'BEGIN:VCARD', ''],
    ['location', '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUf', ''],
    ['location', 'El local\n-24.78821,-65.41031', 'El local\n-24.78821, -65.41031'],
  ])('%s, %j', (type, content, expected) => expect(textToCopy({ type, content })).toBe(expected));
});
