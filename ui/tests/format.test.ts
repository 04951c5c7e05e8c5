import { describe, expect, test } from 'vitest';
import { clockTime, dayLabel, looksArgentine, phone, rowTime, wait } from '$lib/i18n/format';
import { locale, systemLocale } from '$lib/i18n/locale.svelte';
import { hueOf, initials, nearestHue } from '$lib/text/identity';
import { piecesAt, piecesOf } from '$lib/text/match';
import { displayName, isNamed } from '$lib/text/names';

const at = (day: number, hour = 10, minute = 46, month = 10) => new Date(2025, month, day, hour, minute).toISOString();
const NOW = new Date(2025, 10, 24, 11, 0).getTime();

describe('times', () => {
  test.each([
    ['es', at(24), '10:46'],
    ['es', at(24, 9, 5), '09:05'],
    ['es', at(23), 'ayer'],
    ['en', at(23), 'yesterday'],
    ['pt', at(23), 'ontem'],
    ['es', at(20), 'jue'],
    ['es', at(3), '3 nov'],
    ['es', at(24, 10, 46, 0), '24/1/25'],
  ] as const)('a row of %s at %s reads %s', (language, iso, expected) => {
    locale.set(language);
    expect(rowTime(iso, NOW)).toBe(expected);
  });

  test.each([
    ['es', at(24), 'Hoy'],
    ['es', at(23), 'Ayer'],
    ['es', at(20), 'Jueves, 20 de noviembre'],
    ['en', at(24), 'Today'],
    ['pt', at(23), 'Ontem'],
  ] as const)('a day of %s at %s is called %s', (language, iso, expected) => {
    locale.set(language);
    expect(dayLabel(iso, NOW)).toBe(expected);
  });

  test('the clock has 24 hours in every language', () => {
    for (const language of ['es', 'en', 'pt'] as const) {
      locale.set(language);
      expect(clockTime(at(24, 19, 3))).toBe('19:03');
    }
  });

  test.each([
    [0, '0 min'],
    [59_999, '0 min'],
    [26 * 60_000, '26 min'],
    [60 * 60_000, '1 h'],
    [72 * 60_000, '1 h 12'],
    [49 * 3_600_000, '2 d'],
    [-5_000, '0 min'],
  ])('a wait of %i ms reads %s', (milliseconds, expected) => expect(wait(milliseconds)).toBe(expected));

  test('the system language is taken if it is one of ours', () => {
    expect(systemLocale(['fr-FR', 'pt-BR', 'en'])).toBe('pt');
    expect(systemLocale(['de', 'fr'])).toBe('es');
    expect(systemLocale([])).toBe('es');
  });
});

describe('numbers of telephones', () => {
  test.each([
    ['5493875550193', '+54 9 387 555-0193'],
    ['5493868550142', '+54 9 3868 55-0142'],
    ['5491150239962', '+54 9 11 5023-9962'],
    ['541150239962', '+54 11 5023-9962'],
    ['59899123456', '+59899123456'],
    ['549387455', '+549387455'],
    ['', '+'],
  ])('%s is written %s', (digits, expected) => expect(phone(digits)).toBe(expected));

  test.each([
    ['5493875550193', true],
    ['549387455', false],
    ['59899123456', false],
  ])('%s looks Argentine: %s', (digits, expected) => expect(looksArgentine(digits)).toBe(expected));

  test.each([
    ['Ana', '549387', 'Ana', true],
    ['5493875550193', '5493875550193', '+54 9 387 555-0193', false],
    ['+54 9 387 555-0193', '5493875550193', '+54 9 387 555-0193', false],
    ['  ', '5493875550193', '+54 9 387 555-0193', false],
  ])('%j with %s is called %s', (name, digits, expected, named) => {
    expect(displayName({ name, phone: digits })).toBe(expected);
    expect(isNamed({ name, phone: digits })).toBe(named);
  });
});

describe('faces', () => {
  test.each([
    ['Marta Giménez', 'MG'],
    ['Dietética Ñandubay', 'DÑ'],
    ['ana', 'A'],
    ['Hotel Portal del Cerro', 'HC'],
    ['👋 Juan', 'J'],
    ['𝒜na', '𝒜'],
    ['123', '#'],
    ['', '#'],
  ])('%j is %s', (name, expected) => expect(initials(name)).toBe(expected));

  test('a hue is stable and a tag keeps to the nearest of ours', () => {
    expect(hueOf('5493875550193')).toBe(hueOf('5493875550193'));
    expect(new Set(Array.from({ length: 200 }, (_, n) => hueOf(String(n)))).size).toBe(8);
    expect(nearestHue('#ff0000')).toBe('clay');
    expect(nearestHue('#0066cc')).toBe('sky');
    expect(nearestHue('#888888')).toBe('stone');
    expect(nearestHue('red')).toBe('stone');
    expect(nearestHue(null)).toBe('stone');
  });
});

describe('matches', () => {
  const marked = (pieces: { text: string; hit: boolean }[]) =>
    pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join('');

  test.each([
    ['Marta Giménez', 'gime', 'Marta [Gimé]nez'],
    ['Café Ñandú', 'cafe nan', '[Café] [Ñan]dú'],
    ['Cafe\u0301 con leche', 'café', '[Cafe\u0301] con leche'],
    ['Presupuestos', 'puesto', 'Presupuestos'],
    ['a.b', '', 'a.b'],
    ['a.*b', '.*', 'a[.*]b'],
  ])('%j for %j', (text, query, expected) => expect(marked(piecesOf(text, query))).toBe(expected));

  test.each([
    ['el presupuesto', [[3, 14]], 'el [presupuesto]'],
    ['ab', [[1, 2], [0, 1]], '[a][b]'],
    ['ab', [[1, 9]], 'ab'],
    ['ab', [[-1, 1]], 'ab'],
    ['ab', [[1, 1]], 'ab'],
    ['abc', [[0, 2], [1, 3]], '[ab]c'],
  ] as [string, [number, number][], string][])('%j at %j', (text, ranges, expected) =>
    expect(marked(piecesAt(text, ranges))).toBe(expected),
  );
});
