// Builds everything: the AssemblyScript codec kernels first, then TypeScript.
// Plain JavaScript because it must run before anything is compiled.
//
// With `--if-needed` it does nothing where a complete build is newer than every source. So npm runs
// it (`prepare`): at `npm ci`, but also when npx is first used in this folder, where
// a rebuild would take the files away from a daemon that is running.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (script, args) =>
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });

/** Written last, so a build that was broken off does not count. */
const stamp = `${root}/dist/.complete`;
const sources = ['assembly', 'bench', 'examples', 'scripts', 'src', 'test'];

function isUpToDate() {
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const inside = sources.flatMap((folder) =>
    readdirSync(`${root}/${folder}`, { recursive: true }).map((name) => `${folder}/${name}`),
  );
  // Folders count too: their time tells of files that are gone.
  return [...sources, ...inside, 'package.json', 'tsconfig.json'].every(
    (path) => statSync(`${root}/${path}`).mtimeMs <= built,
  );
}

if (!process.argv.includes('--if-needed') || !isUpToDate()) {
  rmSync(`${root}/dist`, { recursive: true, force: true });
  const isKernel = (name) => name.endsWith('.asconfig.json');
  for (const file of readdirSync(`${root}/assembly`).filter(isKernel)) {
    run('node_modules/assemblyscript/bin/asc.js', ['--config', `assembly/${file}`]);
  }
  run('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json']);
  // The dashboard's page runs in a browser: other types, same language.
  run('node_modules/typescript/bin/tsc', ['-p', 'src/dashboard/web/tsconfig.json']);
  for (const file of readdirSync(`${root}/src/dashboard/web`)) {
    if (!/\.(?:css|html|svg)$/.test(file)) continue;
    cpSync(`${root}/src/dashboard/web/${file}`, `${root}/dist/src/dashboard/web/${file}`);
  }
  run('scripts/build-mutants.mjs', []);
  if (existsSync(`${root}/test/fixtures`)) {
    cpSync(`${root}/test/fixtures`, `${root}/dist/test/fixtures`, { recursive: true });
  }
  writeFileSync(stamp, '');
}
