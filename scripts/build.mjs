// Builds everything: the AssemblyScript codec kernels first, then TypeScript.
// Plain JavaScript because it must run before anything is compiled.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (script, args) =>
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });

rmSync(`${root}/dist`, { recursive: true, force: true });
const kernels = readdirSync(`${root}/assembly`).filter((name) => name.endsWith('.asconfig.json'));
for (const file of kernels) {
  run('node_modules/assemblyscript/bin/asc.js', ['--config', `assembly/${file}`]);
}
run('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json']);
if (existsSync(`${root}/test/fixtures`)) {
  cpSync(`${root}/test/fixtures`, `${root}/dist/test/fixtures`, { recursive: true });
}
