// Runs the compiled tests with node:test. Without arguments every suite that needs no root and no
// foreign tool; `e2e` runs the end-to-end suites; anything else is taken as a list of test files.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const all = readdirSync(`${root}/dist/test`, { recursive: true })
  .map((name) => `dist/test/${name}`)
  .filter((name) => name.endsWith('.test.js'))
  .sort();
const isE2e = (name) => name.startsWith('dist/test/e2e/');
const choose = {
  all: () => all.filter((name) => !isE2e(name)),
  e2e: () => all.filter(isE2e),
};
const files = (choose[args[0] ?? 'all'] ?? (() => args))();
const serial = args[0] === 'e2e' ? ['--test-concurrency=1'] : [];
const result = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', ...serial, ...files],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
