// Goal: the life of the service as its supervisor and its clients see it. Method: `serve` runs as a
// process of its own over the engine for tests; the other commands talk to it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { StatsSnapshot } from '../../../../src/metrics/snapshot.ts';
import { runProgram, type Finished, type Running } from '../../../support/run-program.ts';
import type { RunOptions } from '../../../support/run-program.ts';

let folder = '';
let running: Running[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zswapd-serve-'));
});
afterEach(async () => {
  for (const { process } of running) process.kill('SIGKILL');
  await Promise.all(running.map(({ finished }) => finished));
  running = [];
  rmSync(folder, { recursive: true });
});

function serve(argv: readonly string[], options: RunOptions = {}): Running {
  const started = runProgram('test/support/serve-main.js', argv, { cwd: folder, ...options });
  running.push(started);
  return started;
}

function zswapd(...argv: string[]): Promise<Finished> {
  return runProgram('src/cli/main.js', argv, { cwd: folder }).finished;
}

const QUIET = ['--no-http', '--export=vm1:1M,zswap.max=64K', '--export=vm2:1M'];

describe('zswapd serve', () => {
  it('prints the URIs when it is ready and ends with status 0 on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const daemon = serve(['--unix', 'nbd.sock', ...QUIET]);
      const ready = 'ready nbd+unix:///vm1?socket=nbd.sock nbd+unix:///vm2?socket=nbd.sock';
      assert.equal(await daemon.firstLine, ready);
      assert.ok(existsSync(join(folder, 'zswapd.sock')));
      daemon.process.kill(signal);
      const { status, out } = await daemon.finished;
      assert.equal(status, 0);
      assert.equal(out, `${ready}\n`, 'nothing else on standard output');
      assert.ok(!existsSync(join(folder, 'zswapd.sock')));
    }
  });

  it('ends at once with status 1 on a second signal', async () => {
    const environment = { NEVER_CLOSE: '1' };
    const daemon = serve(['--unix', 'nbd.sock', ...QUIET], { environment });
    await daemon.firstLine;
    daemon.process.kill('SIGTERM');
    await daemon.errContaining('SIGTERM: finishing what is under way');
    daemon.process.kill('SIGINT');
    assert.equal((await daemon.finished).status, 1);
  });

  it('prints the port that the system chose', async () => {
    const daemon = serve(['--listen', '127.0.0.1:0', ...QUIET]);
    const line = await daemon.firstLine;
    assert.match(line, /^ready nbd:\/\/127\.0\.0\.1:[1-9]\d*\/vm1 nbd:\/\/127\.0\.0\.1:\d+\/vm2$/);
  });

  it('is asked and set by the other commands', async () => {
    const daemon = serve(['--unix', 'nbd.sock', ...QUIET]);
    await daemon.firstLine;
    const set = await zswapd('set', 'vm1:memory.zswap.max', '128K');
    assert.deepEqual([set.status, set.out], [0, 'vm1:memory.zswap.max = 131072\n']);
    const stats = JSON.parse((await zswapd('stat', '--json')).out) as StatsSnapshot;
    assert.equal(stats.memcg['vm1']?.['memory.zswap.max'], 131_072);
    assert.equal(stats.memcg['vm2']?.['memory.zswap.max'], 'max');
    assert.match((await zswapd('stat')).out, /^ {2}vm1 +0\.0 MiB +0\.1 MiB/m);
    const bad = await zswapd('set', 'max_pool_percent', '200');
    assert.equal(bad.status, 2);
    assert.match(bad.err, /^zswapd: max_pool_percent: '200' is not a percentage.*\n$/);
    assert.equal((await zswapd('set', 'nonsense', '1')).status, 2);
  });

  it('prints statistics to standard error on SIGUSR1', async () => {
    const daemon = serve(['--unix', 'nbd.sock', ...QUIET]);
    await daemon.firstLine;
    daemon.process.kill('SIGUSR1');
    const err = await daemon.errContaining('pool_total_size');
    const line = err.split('\n').find((text) => text.includes('pool_total_size')) ?? '';
    const stats = JSON.parse(line.replace('zswapd: ', '')) as StatsSnapshot;
    assert.equal(stats.zswap.pool_total_size, 0);
  });

  it('goes on where there are no statistics for SIGUSR1', async () => {
    const environment = { ONE_SNAPSHOT: '1' };
    const daemon = serve(['--unix', 'nbd.sock', ...QUIET], { environment });
    await daemon.firstLine;
    daemon.process.kill('SIGUSR1');
    await daemon.errContaining('SIGUSR1: Error: not now');
    daemon.process.kill('SIGTERM');
    assert.equal((await daemon.finished).status, 0);
  });

  it('sets changed limits on SIGHUP', async () => {
    const config = join(folder, 'c.toml');
    writeFileSync(config, 'accept-threshold-percent = 80');
    const daemon = serve(['--unix', 'nbd.sock', '--config', config, ...QUIET]);
    await daemon.firstLine;
    writeFileSync(config, 'accept-threshold-percent = 70');
    daemon.process.kill('SIGHUP');
    await daemon.errContaining('reload: accept_threshold_percent = 70');
  });

  it('goes on after SIGHUP without a configuration file', async () => {
    const daemon = serve(['--unix', 'nbd.sock', ...QUIET]);
    await daemon.firstLine;
    daemon.process.kill('SIGHUP');
    await daemon.errContaining('nothing to reload');
    assert.equal((await zswapd('stat')).status, 0);
  });

  it('fails with status 1 and one line if an address is taken', async () => {
    await serve(['--unix', 'nbd.sock', ...QUIET]).firstLine;
    const second = serve(['--unix', 'nbd.sock', '--control', 'other.sock', ...QUIET]);
    const { status, out, err } = await second.finished;
    assert.deepEqual([status, out], [1, '']);
    assert.match(err, /^zswapd: --unix: 'nbd\.sock' is in use by another process; choose .*\n$/);
  });

  it('writes lines for the journal where standard error is its stream', async () => {
    const daemon = serve(['--unix', 'nbd.sock', ...QUIET], {
      environment: { JOURNAL_STREAM: '1:1' },
    });
    await daemon.firstLine;
    assert.match(await daemon.errContaining('control socket'), /^zswapd: /m);
  });
});

describe('socket activation', () => {
  // The shell replaces itself by node, so the process has the id that LISTEN_PID names.
  const wrapper = ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'];
  const environment = { LISTEN_FDS: '1' };

  function listening(): Promise<{ server: Server; fd: number; path: string }> {
    const path = join(folder, 'activated.sock');
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(path, () => {
        const { _handle: handle } = server as unknown as { _handle: { fd: number } };
        resolve({ server, fd: handle.fd, path });
      });
    });
  }

  it('serves the socket that was handed over and names it', async () => {
    const { server, fd, path } = await listening();
    const daemon = serve(QUIET, { environment, extraFd: fd, wrapper });
    const line = await daemon.firstLine;
    assert.equal(line, `ready nbd+unix:///vm1?socket=${path} nbd+unix:///vm2?socket=${path}`);
    // The accepting side may be this process, which holds the socket as well; it only connects.
    const greeting = new Promise<void>((resolve) => {
      const socket = connect({ path }, () => {
        socket.destroy();
        resolve();
      });
    });
    await greeting;
    daemon.process.kill('SIGTERM');
    assert.equal((await daemon.finished).status, 0);
    server.close();
  });

  it('refuses --unix and --listen beside it', async () => {
    const { server, fd } = await listening();
    for (const option of ['--unix=x.sock', '--listen=127.0.0.1:0']) {
      const refused = serve([option, ...QUIET], { environment, extraFd: fd, wrapper });
      const { status, err } = await refused.finished;
      assert.equal(status, 2);
      assert.match(err, /^zswapd: --(unix|listen): not under socket activation/);
    }
    server.close();
  });
});
