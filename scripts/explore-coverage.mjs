// What explorer runs alone cover of the engine: runs `zswapd explore` over all scenarios with the
// coverage of V8, prints the share of lines per folder, and fails if one has too little. Lines are
// those of the sources, by c8; what a scenario cannot reach is named below, with a reason.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const LEAST_PERCENT = 95;
const FOLDERS = ['src/zswap', 'src/swap'];
/** Sources that the explorer does not run, and why. */
const EXCLUDED = {
  'src/swap/device/device-file*.ts': 'input and output of the operating system, by promises',
  'src/swap/device/device-header.ts': 'what a file begins with: read and written at open and close',
  'src/swap/device/device-ram.ts': 'another device; the explorer brings one that may fail',
  'src/swap/device-trouble.ts': 'what device-file says of a disk that refuses requests',
  'src/swap/device/segments.ts': 'which space of a file is given back: used by device-file only',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const reports = mkdtempSync(join(tmpdir(), 'zswapd-coverage-'));
const args = ['c8', '--all', '--reporter', 'json-summary', '--reporter', 'json'];
args.push('--reports-dir', reports, '--temp-directory', join(reports, 'raw'), '--src', 'dist/src');
for (const folder of FOLDERS) args.push('--include', `dist/${folder}/**/*.js`);
for (const folder of FOLDERS) args.push('--include', `${folder}/**/*.ts`);
for (const pattern of Object.keys(EXCLUDED)) {
  args.push('--exclude', pattern, '--exclude', `dist/${pattern.replace(/ts$/, 'js')}`);
}
args.push(process.execPath, join('dist', 'src', 'cli', 'main.js'), 'explore');

/** Lines and covered ones of the files of a folder, and of each file that is not covered whole. */
function sumUp(summary, folder) {
  let total = 0;
  let covered = 0;
  const files = [];
  for (const [path, { lines }] of Object.entries(summary)) {
    const name = relative(root, path);
    if (!name.startsWith(`${folder}/`)) continue;
    total += lines.total;
    covered += lines.covered;
    if (lines.covered < lines.total) files.push(`  ${lines.pct} %  ${name}`);
  }
  return { total, covered, files };
}

try {
  const { status } = spawnSync('npx', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`the explorer ended with status ${status}`);
  const summary = JSON.parse(readFileSync(join(reports, 'coverage-summary.json'), 'utf8'));
  for (const folder of FOLDERS) {
    const { total, covered, files } = sumUp(summary, folder);
    const percent = (100 * covered) / total;
    console.log(`${folder}: ${percent.toFixed(1)} % of ${total} lines`);
    for (const file of files) console.log(file);
    if (!(percent >= LEAST_PERCENT)) process.exitCode = 1;
  }
  for (const [pattern, why] of Object.entries(EXCLUDED))
    console.log(`not counted: ${pattern}: ${why}`);
  if (process.exitCode === 1) console.error(`less than ${LEAST_PERCENT} %`);
} finally {
  rmSync(reports, { recursive: true, force: true });
}
