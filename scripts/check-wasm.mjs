// Checks that the codec kernels are built alike every time: compiles each twice into a temporary
// folder and compares the two with each other and, where dist has one, with that.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'zswapd-wasm-'));
const suffix = '.asconfig.json';
let failures = 0;

function compile(config, outFile) {
  const args = ['--config', `assembly/${config}`, '--outFile', outFile];
  const asc = 'node_modules/assemblyscript/bin/asc.js';
  execFileSync(process.execPath, [asc, ...args], { cwd: root, stdio: 'inherit' });
  return readFileSync(outFile);
}

try {
  for (const config of readdirSync(join(root, 'assembly')).filter((name) =>
    name.endsWith(suffix),
  )) {
    const name = `${config.slice(0, -suffix.length)}.wasm`;
    const first = compile(config, join(folder, `first-${name}`));
    const second = compile(config, join(folder, `second-${name}`));
    const { options } = JSON.parse(readFileSync(join(root, 'assembly', config), 'utf8'));
    const built = join(root, 'assembly', options.outFile);
    const isSame =
      first.equals(second) && (!existsSync(built) || first.equals(readFileSync(built)));
    if (!isSame) failures++;
    console.log(`${name}: ${first.length} bytes, ${isSame ? 'the same each time' : 'DIFFERENT'}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failures === 0 ? 0 : 1;
