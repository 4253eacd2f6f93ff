// Goal: what the documentation tells to type works: its commands, its programs, its files.
// Method: the commands are taken from the shell blocks and run, with a daemon as the README starts
// it to talk to; the programs run as they are compiled.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { DiskClient } from '../support/disk-client.ts';
import { projectFile, projectRoot } from '../support/project.ts';
import { distFile, runProgram, type Finished, type Running } from '../support/run-program.ts';
import { generateMemory } from '../support/sample-pages.ts';

function readText(path: string): string {
  return readFileSync(projectFile(path), 'utf8');
}

function isMarkdown(path: string): boolean {
  return path.endsWith('.md');
}

const PAGES = [
  ...readdirSync(projectRoot).filter(isMarkdown),
  ...['docs', 'contrib', 'examples', 'test/e2e'].flatMap((folder) =>
    readdirSync(projectFile(folder), { recursive: true })
      .map((name) => `${folder}/${String(name)}`)
      .filter(isMarkdown),
  ),
];

/** The lines of a page's shell blocks without their remarks, continued lines joined. */
function shellLines(path: string): string[] {
  const blocks = [...readText(path).matchAll(/^```sh\n([^]*?)^```/gm)];
  return blocks.flatMap(([, text = '']) =>
    text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*/, '').trim())
      .filter((line) => line !== ''),
  );
}

const COMMANDS: readonly { path: string; argv: readonly string[] }[] = PAGES.flatMap((path) =>
  shellLines(path).flatMap((line) => {
    const words = /^(?:sudo )?(?:npx )?zswapd (.*)$/.exec(line)?.[1];
    return words === undefined ? [] : [{ path, argv: words.split(/\s+/) }];
  }),
);

/** Writes a page to an export and reads it again. */
async function assertServes(socket: string, exportName: string): Promise<void> {
  const memory = generateMemory(1, 5);
  const client = await DiskClient.open(socket, exportName);
  assert.equal(await client.write(4096, memory), 0);
  const { error, data } = await client.read(4096, 4096);
  assert.deepEqual([error, data.equals(memory)], [0, true]);
  await client.close();
}

function folderOf(t: TestContext, parent: string): string {
  const folder = mkdtempSync(join(parent, 'zswapd-docs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('the commands in the documentation', () => {
  let folder = '';
  let daemon: Running;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zswapd-docs-'));
    const argv = ['serve', '--unix', 'nbd.sock', '--export=vm1:1M', '--no-http'];
    daemon = runProgram('src/cli/main.js', argv, { cwd: folder });
    await daemon.firstLine;
    writeFileSync(join(folder, 'references.txt'), '1\n2\n3\n1\n2\n3\n');
  });
  after(async () => {
    daemon.process.kill('SIGTERM');
    await daemon.finished;
    rmSync(folder, { recursive: true });
  });

  function run(argv: readonly string[]): Promise<Finished> {
    const stands = new Map([
      ['/etc/zswapd/zswapd.toml', projectFile('contrib/zswapd.toml')],
      ['1234', String(daemon.process.pid)],
      ['memory.core', projectFile('package-lock.json')],
      ['references.txt', join(folder, 'references.txt')],
    ]);
    const installed = argv.map((word) => stands.get(word) ?? word);
    const check = argv[0] === 'serve' ? ['--check-config'] : [];
    return runProgram('src/cli/main.js', [...installed, ...check], { cwd: folder }).finished;
  }

  it('are found', () => {
    const commands = new Set(COMMANDS.map(({ argv }) => argv[0]));
    assert.deepEqual(
      commands,
      new Set('serve stat set reclaim export compressors estimate tune top'.split(' ')),
    );
  });

  for (const { path, argv } of COMMANDS) {
    it(`work: zswapd ${argv.join(' ')} (${path})`, async () => {
      const { status, err } = await run(argv);
      // On a busy machine a command may tell how far it is.
      const failures = err.replaceAll(/^zswapd: \S+, \d+ of \d+\n/gm, '');
      assert.deepEqual([status, failures], [0, '']);
    });
  }

  it('that npm runs are scripts', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: object };
    const lines = PAGES.flatMap(shellLines);
    const names = lines.flatMap((line) => {
      const name = /^npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/.exec(line);
      return name === null ? [] : [name[1] ?? name[2] ?? ''];
    });
    assert.ok(names.includes('start') && names.includes('test'));
    for (const name of names) assert.ok(Object.hasOwn(scripts, name), name);
  });
});

describe('the programs in the documentation', () => {
  it('are the ones in examples', () => {
    const examples = new Set(
      readdirSync(projectFile('examples')).map((name) =>
        readText(`examples/${name}`).replace(/^(\/\/.*\n)+\n?/, ''),
      ),
    );
    const blocks = ['README.md', 'docs/library.md'].flatMap((path) =>
      Array.from(readText(path).matchAll(/^```ts\n([^]*?)^```/gm), ([, block = '']) => block),
    );
    assert.equal(blocks.length, 4);
    for (const block of blocks) assert.ok(examples.has(block), block);
  });

  it('have memory that is larger than RAM', async (t) => {
    const folder = folderOf(t, tmpdir());
    const swap = join(folder, 'swap');
    const larger = await runProgram('examples/larger-than-ram.js', [swap]).finished;
    assert.match(larger.out, /^line 123456;\nframes \d+ pool \d+ device \d+\n$/);
    const small = await runProgram('examples/memory.js', [], { cwd: folder }).finished;
    assert.match(small.out, /^far away \d+\n$/);
    const threads = await runProgram('examples/worker-threads.js', []).finished;
    assert.equal(threads.out, 'sums 549755289600 1099510579200\n');
    assert.deepEqual([larger.status, small.status, threads.status], [0, 0, 0]);
  });

  it('serve one guest', async (t) => {
    // Beside the compiled examples, where 'zswapd' is this package.
    const folder = folderOf(t, distFile('examples'));
    const socket = join(folderOf(t, tmpdir()), 's.sock');
    const compiled = readFileSync(distFile('examples/one-guest.js'), 'utf8');
    assert.ok(compiled.includes("'/tmp/swap.sock'"));
    // What it waits for before it prints would be ten seconds.
    const quick = compiled.replace('/tmp/swap.sock', socket).replace('10_000', '10');
    const program = join(folder, 'one-guest.js');
    writeFileSync(program, quick);
    const running = runProgram(program.slice(distFile('').length), []);
    t.after(() => running.process.kill('SIGKILL'));
    assert.match(await running.firstLine, /^\d+$/);
    await assertServes(socket, 'vm1');
    running.process.kill('SIGTERM');
    await running.finished;
  });

  it('serve two guests, and can be started again after SIGINT and SIGTERM', async (t) => {
    const socket = join(folderOf(t, tmpdir()), 's.sock');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const running = runProgram('examples/serve-two-guests.js', [socket]);
      t.after(() => running.process.kill('SIGKILL'));
      assert.match(await running.firstLine, /^ready nbd\+unix:\/\/\/vm1\?socket=\S+ nbd\+unix:/);
      await assertServes(socket, 'vm1');
      await assertServes(socket, 'vm2');
      running.process.kill(signal);
      const { status, out } = await running.finished;
      assert.equal(status, 0);
      assert.match(out, /\nzswpout 2, vm1 [1-9]\d* bytes\n$/);
    }
  });
});

describe('the package', () => {
  it('has every file that the README links to, and all that its parts import', () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'];
    const text = execFileSync('npm', args, {
      cwd: projectRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [pack] = JSON.parse(text) as [{ files: readonly { path: string }[] }];
    const files = pack.files.map(({ path }) => path);
    for (const [, target = ''] of readText('README.md').matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(
        files.some((path) => path === target || path.startsWith(target)),
        `${target} is in the package`,
      );
    }
    const built = files.filter((path) => path.endsWith('.js') || path.endsWith('.wasm'));
    assert.ok(built.includes('dist/src/cli/main.js'));
    assert.ok(built.some((path) => path.endsWith('.wasm')));
    assert.deepEqual(
      built.filter((path) => !path.startsWith('dist/src/')),
      [],
      'no tests, no tools',
    );
  });

  it('has declarations that check without the types of Node', (t) => {
    // In the compiled tree, where 'zswapd' is this package.
    const folder = folderOf(t, distFile(''));
    const parts = ['zswapd', 'zswapd/nbd', 'zswapd/testing'];
    writeFileSync(
      join(folder, 'caller.ts'),
      parts.map((name, index) => `export * as part${index} from '${name}';\n`).join(''),
    );
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      types: [],
      skipLibCheck: false,
      noEmit: true,
    };
    const config = { compilerOptions, files: ['caller.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = projectFile('node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    assert.equal(stdout, '');
  });
});
