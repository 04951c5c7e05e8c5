import { describe, expect, test } from 'vitest';
import { problems, readCatalogues, usedMessages } from '../scripts/check-messages.mjs';

describe('the catalogue', () => {
  test('is complete and in use', () => {
    expect(problems(readCatalogues(), usedMessages())).toEqual([]);
  });

  test('is refused when something is missing, empty, unused or differs', () => {
    const catalogues = {
      es: { greet: 'Hola {name}', bye: 'Chau', lonely: 'Sola' },
      en: { greet: 'Hello {nombre}', bye: ' ', lonely: 'Lonely' },
    };
    const { es } = catalogues;
    expect(problems({ ...catalogues, pt: { greet: es.greet, lonely: 'Só' } }, new Set(['greet', 'bye']))).toEqual([
      'en: bye is empty',
      'pt: bye is missing',
      'greet has different inputs: {name} / {nombre}',
      'lonely is not used',
    ]);
  });
});
