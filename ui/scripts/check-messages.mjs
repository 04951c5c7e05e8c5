// The catalogues against each other and against the sources: every language has every message with the same
// inputs, and every message is used. (A message that is used but missing already fails the type check.)
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const LOCALES = JSON.parse(readFileSync(join(ROOT, 'project.inlang/settings.json'), 'utf8')).locales;

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'paraglide' && entry.name !== 'bindings') yield* sources(path);
    } else if (/\.(svelte|ts)$/.test(entry.name)) {
      yield readFileSync(path, 'utf8');
    }
  }
}

/** The inputs of a message, in order; plurals may name an input in some forms only. */
const inputsOf = (message) => [...new Set(JSON.stringify(message).match(/\{[a-zA-Z]+\}/g) ?? [])].sort().join(' ');

/**
 * @param {Record<string, Record<string, unknown>>} catalogues by language
 * @param {Set<string>} used keys found in the sources
 * @returns {string[]} one line for each defect
 */
export function problems(catalogues, used) {
  /** @type {string[]} */
  const found = [];
  const all = new Set(Object.values(catalogues).flatMap(Object.keys));
  for (const key of [...all].sort()) {
    const inputs = new Set();
    for (const [locale, catalogue] of Object.entries(catalogues)) {
      if (!(key in catalogue)) found.push(`${locale}: ${key} is missing`);
      else if (JSON.stringify(catalogue[key]).match(/"\s*"/)) found.push(`${locale}: ${key} is empty`);
      else inputs.add(inputsOf(catalogue[key]));
    }
    if (inputs.size > 1) found.push(`${key} has different inputs: ${[...inputs].join(' / ')}`);
    if (!used.has(key)) found.push(`${key} is not used`);
  }
  return found;
}

/** @returns {Record<string, Record<string, unknown>>} */
export function readCatalogues() {
  return Object.fromEntries(
    LOCALES.map((locale) => {
      const { $schema: _schema, ...messages } = JSON.parse(readFileSync(join(ROOT, `messages/${locale}.json`), 'utf8'));
      return [locale, messages];
    }),
  );
}

/** @returns {Set<string>} */
export function usedMessages() {
  const used = new Set();
  for (const source of sources(join(ROOT, 'src'))) {
    for (const [, key] of source.matchAll(/\bm\.([a-z0-9_]+)/g)) used.add(key);
  }
  return used;
}

if (process.argv[1] === import.meta.filename) {
  const found = problems(readCatalogues(), usedMessages());
  for (const problem of found) console.error(problem);
  if (found.length > 0) process.exit(1);
  console.log(`messages: ${usedMessages().size} in ${LOCALES.length} languages, all complete and in use`);
}
