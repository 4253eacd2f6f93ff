// Goal: `zswapd top` as its user has it: one look in a pipe, a live screen on a terminal, and a
// terminal that is as before, however it ends. Method: a daemon over the engine for tests; the
// terminal is a real one, made by script(1).
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { distFile, runProgram, type Finished, type Running } from '../../../support/run-program.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

let folder = '';
let daemon: Running;
const started: ChildProcess[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zswapd-top-'));
  const argv = ['--unix', 'nbd.sock', '--no-http', '--export=vm1:1M', '--export=vm2:1M'];
  daemon = runProgram('test/support/serve-main.js', argv, { cwd: folder });
  await daemon.firstLine;
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});
after(async () => {
  daemon.process.kill('SIGKILL');
  await daemon.finished;
  rmSync(folder, { recursive: true });
});

function top(...argv: string[]): Promise<Finished> {
  return runProgram('src/cli/main.js', ['top', ...argv], { cwd: folder }).finished;
}

describe('zswapd top without a terminal', () => {
  it('prints one look as plain text', async () => {
    for (const argv of [[], ['--once']]) {
      const { status, out, err } = await top(...argv);
      assert.deepEqual([status, err], [0, '']);
      assert.match(out, /^zswapd, up \d+ s, /);
      assert.match(out, /^EXPORT +STORED +IN POOL↓/m);
      assert.match(out, /^vm1 /m);
      assert.match(out, /^rates +in 0 B\/s/m);
      assert.ok(!out.includes('\u001b'));
    }
  });

  it('prints one look as JSON', async () => {
    const { status, out } = await top('--json');
    assert.equal(status, 0);
    const figures = JSON.parse(out) as Record<string, unknown>;
    assert.equal(figures['pool_bytes'], 0);
    assert.deepEqual(
      (figures['exports'] as { name: string }[]).map(({ name }) => name),
      ['vm1', 'vm2'],
    );
    assert.equal((figures['pages_per_second'] as { stored: number }).stored, 0);
  });

  it('takes the names of columns, and no others', async () => {
    assert.match((await top('--sort', 'export')).out, /^EXPORT↑/m);
    const { status, err } = await top('--sort', 'size');
    assert.equal(status, 2);
    assert.match(err, /^zswapd: --sort: 'size' is no column; it takes export, stored, .*\n$/);
  });

  it('fails in one line where there is no daemon', async () => {
    const { status, err } = await top('--control', 'nowhere.sock');
    assert.equal(status, 1);
    assert.match(err, /^zswapd: no daemon answers at 'nowhere\.sock'.*\n$/);
  });
});

interface Screen {
  readonly child: ChildProcess;
  text: string;
  readonly ended: Promise<unknown>;
}

/** Runs top on a terminal of 100 by 20; prints how the terminal is set before and after. */
function onTerminal(environment: NodeJS.ProcessEnv = {}): Screen {
  const program = `"${process.execPath}" "${distFile('src/cli/main.js')}" top`;
  const command = `stty cols 100 rows 20; stty -g; ${program}; echo "status $?"; stty -g`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], TERM: 'xterm', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  started.push(child);
  const screen: Screen = { child, text: '', ended: once(child, 'close') };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (screen.text += text));
  return screen;
}

async function until(screen: Screen, pattern: RegExp): Promise<void> {
  while (!pattern.test(screen.text)) {
    await Promise.race([once(screen.child.stdout ?? screen.child, 'data'), screen.ended]);
    if (screen.child.exitCode !== null) break;
  }
  assert.match(screen.text, pattern);
}

function childOf(pid: number): number {
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  assert.match(child, /^\d+$/);
  return Number(child);
}

function checkRestored(screen: Screen, status: number): void {
  const { text } = screen;
  assert.equal(text.split(ENTER).length, 2, 'entered once');
  assert.equal(text.split(LEAVE).length, 2, 'left once');
  const settings = text.match(/^[0-9a-f:]{40,}\r?$/gm) ?? [];
  assert.equal(settings.length, 2, text);
  assert.equal(settings[0], settings[1], 'the terminal is set as before');
  assert.ok(text.indexOf(`status ${status}`) > text.indexOf(LEAVE), text.slice(-300));
}

const hasScript = spawnSync('script', ['--version']).status === 0;

describe('zswapd top on a terminal', { skip: hasScript ? false : 'needs script(1)' }, () => {
  it('shows a screen, sorts by keys, and leaves with q', async () => {
    const screen = onTerminal();
    await until(screen, /IN POOL↓/);
    screen.child.stdin?.write('s');
    await until(screen, /RATIO↓/);
    screen.child.stdin?.write('\u001b[D\u001b[D\u001b[D');
    await until(screen, /EXPORT↑/);
    screen.child.stdin?.write('r');
    await until(screen, /EXPORT↓/);
    assert.match(screen.text, /q quit/);
    screen.child.stdin?.write('q');
    await screen.ended;
    checkRestored(screen, 0);
  });

  it('leaves with Ctrl-C as well', async () => {
    const screen = onTerminal();
    await until(screen, /IN POOL↓/);
    screen.child.stdin?.write('\u0003');
    await screen.ended;
    checkRestored(screen, 0);
  });

  it('gives the terminal back when it is ended by a signal', async () => {
    const screen = onTerminal();
    await until(screen, /IN POOL↓/);
    // script(1) has a shell, and that has us.
    const shell = childOf(screen.child.pid ?? 0);
    process.kill(childOf(shell), 'SIGTERM');
    await screen.ended;
    checkRestored(screen, 0);
  });

  it('has no colours with NO_COLOR', async () => {
    const screen = onTerminal({ NO_COLOR: '1' });
    await until(screen, /IN POOL↓/);
    screen.child.stdin?.write('q');
    await screen.ended;
    // oxlint-disable-next-line no-control-regex -- looks for the codes themselves.
    assert.doesNotMatch(screen.text, /\u001b\[[0-9;]*m/);
    checkRestored(screen, 0);
  });
});
