// Builds the mutants that the explorer must find: for each, a copy of the compiled engine with its
// patches, in dist/mutants/NAME. Fails if a patch does not apply exactly once, so that a change of
// the engine cannot leave a mutant behind that is none.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = `${root}/dist/src`;
const target = `${root}/dist/mutants`;
/** What the explorer runs: itself and the floors below it, without what needs a machine. */
const FOLDERS = [
  'std',
  'rt',
  'page',
  'codec',
  'zpool',
  'memcg',
  'swap',
  'zswap',
  'mm',
  'blk',
  'sim',
];

const { MUTANTS } = await import(pathToFileURL(`${source}/sim/mutants/index.js`).href);

/** The text with one patch applied; null if it occurs not exactly once. */
function patched(text, { find, replace }) {
  const parts = text.split(find);
  return parts.length === 2 ? parts.join(replace) : null;
}

function build({ name, patches }) {
  const folder = `${target}/${name}`;
  mkdirSync(folder, { recursive: true });
  const filter = (path) => !/\.(?:d\.ts|map)$|codec\/[\w-]+\.wasm$/.test(path);
  for (const each of FOLDERS) {
    cpSync(`${source}/${each}`, `${folder}/${each}`, { recursive: true, filter });
  }
  for (const patch of patches) {
    const file = `${folder}/${patch.file}`;
    const text = patched(readFileSync(file, 'utf8'), patch);
    if (text === null) {
      throw new Error(`mutant ${name}: a patch of ${patch.file} does not apply exactly once`);
    }
    writeFileSync(file, text);
  }
}

rmSync(target, { recursive: true, force: true });
for (const mutant of MUTANTS) build(mutant);
