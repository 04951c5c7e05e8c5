// What the app is made of and under which licence, read from the packages themselves while it is built. The interface
// imports it as `virtual:licences`.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const UI = join(import.meta.dirname, '..');
const ROOT = join(UI, '..');
const ID = 'virtual:licences';

/**
 * @typedef {{ name: string, version: string, licence: string }} Licence
 */

const byName = (a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en', { numeric: true });

/** Tools whose own code ends up in the bundle: they are listed as tools, and yet shipped. */
const COMPILED_IN = ['svelte', '@inlang/paraglide-js'];

/** The licence's own title, where the package's description forgets to name it. */
function titleOf(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.\w+)?$/i.test(name));
  const title = file && readFileSync(join(folder, file), 'utf8').trim().split('\n')[0];
  if (!title) throw new Error(`${folder} names no licence`);
  return title.replace(/ License$/, '');
}

/**
 * The packages of npm that end up in the bundle: what is not for development, with all it brings along.
 *
 * @returns {Licence[]}
 */
export function fromNpm(ui = UI) {
  const { packages } = JSON.parse(readFileSync(join(ui, 'package-lock.json'), 'utf8'));
  const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return Object.entries(packages)
    .filter(([path, entry]) => path !== '' && (COMPILED_IN.includes(nameOf(path)) || (!entry.dev && !entry.optional && !entry.devOptional)))
    .map(([path, entry]) => ({
      name: nameOf(path),
      version: entry.version,
      licence: entry.license ?? titleOf(join(ui, path)),
    }));
}

/**
 * The crates that are linked into the app: followed from its own, past what only builds or tests.
 *
 * @returns {Licence[]}
 */
export function fromCargo(root = ROOT) {
  const output = execFileSync('cargo', ['metadata', '--format-version', '1', '--locked'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { packages, resolve } = JSON.parse(output);
  const known = new Map(packages.map((entry) => [entry.id, entry]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const app = packages.find(({ source, manifest_path: path }) => source === null && isApp(path, root));
  if (!app) throw new Error('the app is not among its own packages');
  const linked = new Set();
  const visit = (id) => {
    if (linked.has(id)) return;
    linked.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id)?.deps ?? []) {
      if (kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(app.id);
  return [...linked]
    .map((id) => known.get(id))
    .filter((entry) => entry.source !== null)
    .map(({ name, version, license, license_file: file }) => ({ name, version, licence: license ?? file ?? 'unknown' }));
}

const isApp = (manifest, root) => manifest === join(root, 'Cargo.toml') || manifest === join(root, 'src-tauri', 'Cargo.toml');

/** @returns {Licence[]} everything, each once, by name */
export function allLicences() {
  return [...fromNpm(), ...fromCargo()].sort(byName);
}

/** @returns {import('vite').Plugin} */
export function licences() {
  return {
    name: 'licences',
    resolveId: (id) => (id === ID ? `\0${ID}` : null),
    load: (id) => (id === `\0${ID}` ? `export default ${JSON.stringify(allLicences())};` : null),
  };
}
