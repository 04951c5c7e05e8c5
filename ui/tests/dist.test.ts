import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const built = readdirSync(join(import.meta.dirname, '../dist'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));
const texts = built.filter((path) => /\.(js|css|html)$/.test(path)).map((path) => [path, readFileSync(path, 'utf8')] as const);

describe('what is shipped', () => {
  test('has nothing of the stand-in', () => {
    expect(texts.length).toBeGreaterThan(3);
    for (const word of ['FakeWorld', 'fakeFromAddress', 'Marta Gim', 'Los Cardones', 'holds.get']) {
      expect(texts.filter(([, text]) => text.includes(word)).map(([path]) => path)).toEqual([]);
    }
  });

  test('asks for no inline script or style, no eval and nothing remote', () => {
    const page = read('dist/index.html');
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
    for (const [, content] of page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) expect(content).toBe('');
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^\/[^/]/);
    for (const [path, text] of texts) {
      expect({ path, found: text.match(/\beval\(|new Function\(/) }).toEqual({ path, found: null });
      if (path.endsWith('.css')) expect(text).not.toMatch(/url\((?!["']?\/assets\/)|@import/);
    }
  });

  test('paints the ground of the theme before the bundle', () => {
    const tokens = read('src/design/tokens.css');
    const grounds = [...tokens.matchAll(/--canvas: (#\w+);/g)].map(([, value]) => value);
    const painted = [...read('public/first-paint.css').matchAll(/background: (#\w+);/g)].map(([, value]) => value);
    expect(grounds).toHaveLength(2);
    expect(painted).toEqual([grounds[0], grounds[1], grounds[1]]);
    const page = read('dist/index.html');
    expect(page.indexOf('first-paint.js')).toBeLessThan(page.indexOf('type="module"'));
  });
});

test('the lockfile names no host', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved"|https?:\/\/(?!.*(funding|sponsor))[^"]*\.tgz/);
});

test('components use tokens, never a literal colour', () => {
  const components = readdirSync(join(import.meta.dirname, '../src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.svelte'))
    .map((path) => [path, read(`src/${path}`)] as const);
  expect(components.length).toBeGreaterThan(20);
  for (const [path, source] of components) {
    const style = /<style>([\s\S]*)<\/style>/.exec(source)?.[1] ?? '';
    expect({ path, found: style.match(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/i)?.[0] ?? null }).toEqual({ path, found: null });
  }
});
