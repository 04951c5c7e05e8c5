import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, plain, type Span } from '$lib/text/whatsapp';

/** The tree in short: `b(…)`, `i(…)`, `s(…)`, `m(…)`, `p(…)`, `a(text→address)`. */
function short(spans: Span[]): string {
  const letters = { bold: 'b', italic: 'i', strike: 's', mono: 'm', block: 'p', link: 'a' };
  return spans
    .map((span) => {
      if (span.kind === 'text') return span.text;
      if ('spans' in span) return `${letters[span.kind]}(${short(span.spans)})`;
      return span.kind === 'link' ? `a(${span.text}→${span.href})` : `${letters[span.kind]}(${span.text})`;
    })
    .join('');
}

const links = (spans: Span[]): string[] =>
  spans.flatMap((span) => ('spans' in span ? links(span.spans) : span.kind === 'link' ? [span.href] : []));

describe('WhatsApp marks', () => {
  test.each([
    ['hola', 'hola'],
    ['*negrita*', 'b(negrita)'],
    ['_cursiva_ y ~tachado~', 'i(cursiva) y s(tachado)'],
    ['Código `CAF-2211`', 'Código m(CAF-2211)'],
    ['`*literal*`', 'm(*literal*)'],
    ['```uno\n  *dos*```', 'p(uno\n  *dos*)'],
    ['antes ```x``` después', 'antes p(x) después'],
    ['antes\n```\nx\n```\ndespués', 'antesp(x)después'],
    ['*negrita _y cursiva_*', 'b(negrita i(y cursiva))'],
    ['_*~todo~*_', 'i(b(s(todo)))'],
    ['¡*Sí*!', '¡b(Sí)!'],
    ['(*Sí*)', '(b(Sí))'],
    ['*10\u00a0% mayorista*', 'b(10\u00a0% mayorista)'],
    ['*uno* *dos*', 'b(uno) b(dos)'],
    ['*dos palabras* sueltas', 'b(dos palabras) sueltas'],
    // Not marks
    ['2*3*4', '2*3*4'],
    ['snake_case_name', 'snake_case_name'],
    ['* lista', '* lista'],
    ['*abierta', '*abierta'],
    ['* no *', '* no *'],
    ['*no *', '*no *'],
    ['*una\nlínea*', '*una\nlínea*'],
    ['**', '**'],
    ['***', '***'],
    ['````', '````'],
    ['``` ```', '``` ```'],
    ['ñ*ñ*', 'ñ*ñ*'],
    ['', ''],
    // Links
    ['mirá https://a.example/x_y_z?q=*1*', 'mirá a(https://a.example/x_y_z?q=*1*→https://a.example/x_y_z?q=*1*)'],
    ['*https://a.example*', 'b(a(https://a.example→https://a.example))'],
    ['web: crm.com.ar.', 'web: a(crm.com.ar→https://crm.com.ar).'],
    ['ana@crm.com', 'a(ana@crm.com→mailto:ana@crm.com)'],
    ['_https://a.example/a_b_', 'i(a(https://a.example/a_b→https://a.example/a_b))'],
  ])('%j', (text, expected) => {
    // `_` may end an address or close the mark: either reading keeps every character.
    const read = short(parse(text));
    if (text === '_https://a.example/a_b_') expect(read).toContain('a(https://a.example/a_b');
    else expect(read).toBe(expected);
  });

  test.each(['javascript:alert(1)', 'data:text/html,<script>', 'file:///etc/passwd', 'tauri://localhost', 'vbscript:x'])(
    '%s is no link',
    (text) => expect(links(parse(`mirá ${text} ya`))).toEqual([]),
  );

  test('markup stays text', () => {
    expect(parse('<img src=x onerror=alert(1)>')).toEqual([{ kind: 'text', text: '<img src=x onerror=alert(1)>' }]);
  });

  test.each([
    ['opening marks', '*a '.repeat(20_000)],
    ['mixed marks', '*_~`'.repeat(20_000)],
    ['nested openings', '*_~a '.repeat(15_000)],
    ['backticks', '`'.repeat(60_000)],
    ['links', 'https://a.example/*x* '.repeat(2_000)],
    ['at signs', 'a@'.repeat(30_000)],
    ['dots', 'a.'.repeat(30_000)],
    ['combining marks', `a${'\u0301'.repeat(60_000)}`],
  ])('hostile input is read in time: %s', (_what, text) => {
    const started = performance.now();
    parse(text);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  test('whatever comes, nothing is lost but marks, and every link is a web or mail address', () => {
    const piece = fc.oneof(
      fc.constantFrom('*', '_', '~', '`', '```', '\n', ' ', 'a', 'ñ', '1', '<b>', 'https://x.example/a_b', '👋', 'http:'),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const spans = parse(text);
        for (const href of links(spans)) expect(href).toMatch(/^(https?:\/\/|mailto:)/i);
        const without = (value: string) => value.replace(/[*_~`\n]/g, '');
        expect(without(plain(text))).toBe(without(text));
      }),
      { numRuns: 500 },
    );
  });
});
