// Goal: what users outside of the project rely on, sentence by sentence: options and defaults,
// statistics by name, the control socket, what becomes of a page in each setting, the end.
// Method: the program as it is installed, over the real engine, with a small client; what a
// command line does without a daemon is in main.test.ts.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { StatsSnapshot } from '../../../src/metrics/snapshot.ts';
import { ENOSPC } from '../../../src/std/errno.ts';
import { assertFixture } from '../../support/fixture-text.ts';
import { DiskClient } from '../../support/disk-client.ts';
import { NbdClient } from '../../support/nbd-client.ts';
import { encodeRequest } from '../../support/nbd-messages.ts';
import { generatePage } from '../../support/pages.ts';
import { runProgram, type Finished, type Running } from '../../support/run-program.ts';
import type { RunOptions } from '../../support/run-program.ts';
import { generateMemory, generateNoise } from '../../support/sample-pages.ts';

const PAGE = 4096;
const MIB = 2 ** 20;

let folder = '';
let running: Running[] = [];
let clients: DiskClient[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zswapd-if-'));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.vanish()));
  for (const { process } of running) process.kill('SIGTERM');
  await Promise.all(running.map(({ finished }) => finished));
  running = [];
  clients = [];
  rmSync(folder, { recursive: true });
});

function zswapd(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return runProgram('src/cli/main.js', argv, { cwd: folder, ...options }).finished;
}

/** Starts `serve` on a Unix socket in the folder and waits until it is ready. */
async function serve(...argv: string[]): Promise<Running> {
  const quiet = argv.some((text) => text.startsWith('--http')) ? [] : ['--no-http'];
  const args = ['serve', '--unix', 'nbd.sock', ...quiet, ...argv];
  const started = runProgram('src/cli/main.js', args, { cwd: folder });
  running.push(started);
  await started.firstLine;
  return started;
}

async function end(daemon: Running, signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
  daemon.process.kill(signal);
  return daemon.finished;
}

async function open(exportName: string): Promise<DiskClient> {
  const client = await DiskClient.open(join(folder, 'nbd.sock'), exportName);
  clients.push(client);
  return client;
}

async function stats(): Promise<StatsSnapshot> {
  const { status, out, err } = await zswapd(['stat', '--json']);
  assert.equal(status, 0, err);
  return JSON.parse(out) as StatsSnapshot;
}

function page(memory: Uint8Array, index: number): Uint8Array {
  return memory.subarray(index * PAGE, (index + 1) * PAGE);
}

async function assertPages(client: DiskClient, memory: Uint8Array, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { error, data } = await client.read(i * PAGE, PAGE);
    assert.ok(error === 0 && data.equals(page(memory, i)), `page ${i} of ${count}`);
  }
}

/** Writes page after page; returns how many were taken before one was answered ENOSPC. */
async function fill(client: DiskClient, memory: Uint8Array): Promise<number> {
  for (let i = 0; i * PAGE < memory.length; i++) {
    const error = await client.write(i * PAGE, page(memory, i));
    if (error !== 0) {
      assert.equal(error, ENOSPC);
      return i;
    }
  }
  return memory.length / PAGE;
}

describe('the command line of serve', () => {
  it('has these defaults', async () => {
    const { status, out } = await zswapd(['serve', '--check-config']);
    assert.equal(status, 0);
    assertFixture('cli/defaults.toml', out);
  });

  it('only checks with --check-config', async () => {
    assert.equal((await zswapd(['serve', '--check-config', '--unix=nbd.sock'])).status, 0);
    for (const name of ['zswapd.swap', 'zswapd.sock', 'nbd.sock']) {
      assert.equal(existsSync(join(folder, name)), false, name);
    }
  });

  it('wins over the file that --config names, and the file over the defaults', async () => {
    writeFileSync(join(folder, 'z.toml'), 'pool-size = "2G"\ncompressor = "zstd:1"\n');
    const argv = ['serve', '--check-config', '--config', 'z.toml', '--pool-size', '64MiB'];
    const { out } = await zswapd(argv);
    assert.match(out, /^pool-size = "64M"$/m);
    assert.match(out, /^compressor = "zstd:1"$/m);
  });

  it('sets what it says', async () => {
    await serve(
      '--export=a:8M,zswap.max=1M,zswap.writeback=0',
      '--export=b:8MiB,compressor=deflate',
      '--pool-size=16777216',
      '--accept-threshold-percent=70',
      '--shrinker-enabled=1',
      '--shrinker-policy=protected',
      '--compressor=zstd:5',
      '--zpool=z3fold',
      '--enabled=0',
      '--no-spill',
    );
    const { parameters, memcg, spill } = await stats();
    assert.deepEqual(
      [parameters.pool_size, parameters.accept_threshold_percent, parameters.shrinker_enabled],
      [16 * MIB, 70, true],
    );
    assert.deepEqual(
      [parameters.compressor, parameters.zpool, parameters.enabled, parameters.shrinker_policy],
      ['zstd:5', 'z3fold', false, 'protected'],
    );
    assert.equal(memcg['a']?.['memory.zswap.max'], MIB);
    assert.equal(memcg['a']?.['memory.zswap.writeback'], 0);
    assert.equal(memcg['b']?.['memory.zswap.max'], 'max');
    assert.equal(spill, undefined);
  });

  it('takes a share of the memory as the limit of the pool', async () => {
    await serve('--max-pool-percent=10', '--no-spill');
    const { parameters } = await stats();
    assert.equal(parameters.max_pool_percent, 10);
    await zswapd(['set', 'max_pool_percent', '20']);
    const doubled = (await stats()).parameters.pool_size;
    assert.ok(Math.abs(doubled - 2 * parameters.pool_size) <= 2 * PAGE);
  });

  it('keeps pages with each allocator and each compressor', async () => {
    const memory = generateMemory(32);
    const names = JSON.parse((await zswapd(['compressors', '--json'])).out) as { name: string }[];
    for (const name of ['lz4', 'zstd', 'lzo-rle', 'deflate']) {
      assert.ok(
        names.some((each) => each.name === name),
        name,
      );
    }
    const exports = names.map(({ name }) => `--export=${name}:1M,compressor=${name}`);
    for (const zpool of ['zsmalloc', 'zbud', 'z3fold']) {
      const daemon = await serve(`--zpool=${zpool}`, ...exports);
      for (const { name } of names) {
        const client = await open(name);
        assert.equal(await fill(client, memory), 32, `${name} in ${zpool}`);
        await assertPages(client, memory, 32);
        await client.close();
      }
      assert.equal((await end(daemon)).status, 0);
    }
    clients = [];
  });
});

describe('a page', () => {
  it('stays out of the pool while enabled is 0, and what is stored stays readable', async () => {
    await serve('--export=a:1M');
    const client = await open('a');
    const memory = generateMemory(4, 7);
    assert.equal(await client.write(0, page(memory, 0)), 0);
    assert.equal((await zswapd(['set', 'enabled', '0'])).out, 'enabled = N\n');
    assert.equal(await client.write(PAGE, page(memory, 1)), 0);
    const { zswap, rejects, vmstat } = await stats();
    assert.deepEqual([zswap.stored_pages, rejects.disabled], [1, 1]);
    assert.deepEqual([vmstat.zswpout, vmstat.pswpout], [1, 1]);
    await assertPages(client, memory, 2);
  });

  it('beyond zswap.max goes to the device', async () => {
    await serve('--export=a:1M,zswap.max=64K', '--export=b:1M');
    const noise = generateNoise(32);
    const client = await open('a');
    assert.equal(await fill(client, noise), 32);
    const { memcg, rejects, vmstat } = await stats();
    assert.ok((memcg['a']?.['memory.zswap.current'] ?? Infinity) <= 64 * 1024);
    assert.ok(rejects.memcg_limit > 0);
    // What was written back has been counted on both ways.
    assert.equal(vmstat.zswpout + vmstat.pswpout - vmstat.zswpwb, 32);
    await assertPages(client, noise, 32);
  });

  it('is answered ENOSPC beyond zswap.max with zswap.writeback=0, spill or not', async () => {
    await serve('--export=a:1M,zswap.max=64K,zswap.writeback=0', '--export=b:1M');
    const texts = Array.from({ length: 256 }, (_, seed) => generatePage('text', seed).bytes);
    const memory = Buffer.concat(texts);
    const client = await open('a');
    const taken = await fill(client, memory);
    assert.ok(taken > 0 && taken < 256, `${taken}`);
    await assertPages(client, memory, taken);
    assert.equal(await client.write(taken * PAGE, generateNoise(1)), ENOSPC, 'nor what is noise');
    assert.equal((await stats()).vmstat.pswpout, 0, 'never to the device');
    assert.equal(await fill(await open('b'), memory), 256, 'the other export has room');
  });

  it('is answered ENOSPC with --no-spill when the pool is full, and nothing is lost', async () => {
    await serve('--export=a:4M', '--no-spill', '--pool-size=256K');
    const noise = generateNoise(256);
    const client = await open('a');
    const taken = await fill(client, noise);
    assert.ok(taken > 0 && taken < 128, `${taken}`);
    await assertPages(client, noise, taken);
    const { zswap, rejects } = await stats();
    assert.equal(rejects.pool_limit, 1, 'each refused page once');
    assert.equal(zswap.pool_limit_hit, 1);
    // Room for it again: the guest, which kept the page, tries again.
    assert.equal((await zswapd(['set', 'pool_size', '4M'])).status, 0);
    assert.equal(await client.write(taken * PAGE, page(noise, taken)), 0);
  });

  it('of zeros takes no room', async () => {
    await serve('--export=a:1M', '--no-spill');
    const client = await open('a');
    assert.equal(await client.write(0, new Uint8Array(2 * PAGE)), 0);
    const { zswap, vmstat } = await stats();
    assert.deepEqual([zswap.stored_pages, vmstat.swpout_zero], [0, 2]);
  });
});

describe('an export', () => {
  it('is volatile: after an orderly restart it reads zeros', async () => {
    const first = await serve('--export=a:1M', '--enabled=0');
    assert.equal(await (await open('a')).write(0, generateNoise(1)), 0);
    assert.equal((await end(first)).status, 0);
    await serve('--export=a:1M', '--enabled=0');
    const { error, data } = await (await open('a')).read(0, PAGE);
    assert.deepEqual([error, data.equals(new Uint8Array(PAGE))], [0, true]);
  });

  it('with the empty name is the first', async () => {
    await serve('--export=a:1M', '--export=b:1M', '--no-spill');
    const memory = generateMemory(1, 3);
    assert.equal(await (await open('')).write(0, memory), 0);
    await assertPages(await open('a'), memory, 1);
    assert.ok((await (await open('b')).read(0, PAGE)).data.equals(new Uint8Array(PAGE)));
  });
});

describe('the spill file', () => {
  const spillFile = (): string => join(folder, 'zswapd.swap');

  it('is sparse and for its owner only', async () => {
    await serve('--export=a:1G');
    const { size, blocks, mode } = statSync(spillFile());
    assert.equal(mode & 0o777, 0o600);
    assert.ok(blocks * 512 < MIB, `${blocks * 512} bytes of ${size}`);
  });

  it('is locked against a second daemon, --reset or not', async () => {
    await serve('--export=a:1M');
    const other = ['serve', '--unix=other.sock', '--control=other', '--no-http', '--export=a:1M'];
    for (const more of [[], ['--reset']]) {
      const { status, out, err } = await zswapd([...other, ...more]);
      assert.deepEqual([status, out], [1, '']);
      assert.match(err, /^zswapd: --spill: .*\n$/);
    }
  });

  it('is refused after an unclean end, and taken empty with --reset', async () => {
    const killed = await serve('--export=a:1M', '--enabled=0');
    assert.equal(await (await open('a')).write(0, generateNoise(1)), 0);
    await end(killed, 'SIGKILL');
    const argv = ['serve', '--unix', 'nbd.sock', '--no-http', '--export=a:1M'];
    const { status, err } = await zswapd(argv);
    assert.equal(status, 1);
    assert.match(err, /^zswapd: --spill: .*\(--reset\)\n$/);
    await serve('--export=a:1M', '--reset');
    assert.ok((await (await open('a')).read(0, PAGE)).data.equals(new Uint8Array(PAGE)));
  });

  it('is not made with --no-spill', async () => {
    await serve('--export=a:1M', '--no-spill');
    assert.equal(existsSync(spillFile()), false);
  });
});

describe('the control socket', () => {
  it('is for its owner only, printed at start, and gone at the end', async () => {
    const daemon = await serve('--no-spill', '--control=c.sock');
    assert.match(await daemon.errContaining('control socket'), /control socket c\.sock$/m);
    assert.equal(statSync(join(folder, 'c.sock')).mode & 0o777, 0o600);
    await end(daemon);
    assert.equal(existsSync(join(folder, 'c.sock')), false);
  });

  it('sets parameters, for people and for programs', async () => {
    await serve('--no-spill', '--export=a:1M');
    const changes = [
      ['enabled', '0', 'N'],
      ['compressor', 'zstd:2', 'zstd:2'],
      ['zpool', 'zbud', 'zbud'],
      ['max_pool_percent', '33', '33'],
      ['pool_size', '64M', '67108864'],
      ['accept_threshold_percent', '80', '80'],
      ['shrinker_enabled', '1', 'Y'],
      ['shrinker_policy', 'protected', 'protected'],
      ['a:memory.zswap.max', '1MiB', '1048576'],
      ['a:memory.zswap.max', 'max', 'max'],
      ['a:memory.zswap.writeback', '0', '0'],
    ] as const;
    for (const [name, value, inForce] of changes) {
      const { status, out, err } = await zswapd(['set', '--json', name, value]);
      assert.equal(status, 0, err);
      assert.deepEqual(JSON.parse(out), { name, value: inForce });
    }
    const { parameters, memcg } = await stats();
    assert.deepEqual(parameters, {
      enabled: false,
      compressor: 'zstd:2',
      zpool: 'zbud',
      max_pool_percent: 33,
      pool_size: 64 * MIB,
      accept_threshold_percent: 80,
      shrinker_enabled: true,
      shrinker_policy: 'protected',
    });
    assert.equal(memcg['a']?.['memory.zswap.writeback'], 0);
  });

  it('refuses what it does not know with one line and changes nothing', async () => {
    await serve('--no-spill', '--export=a:1M');
    const before = (await stats()).parameters;
    const wrong = [
      ['nonsense', '1'],
      ['enabled', '2'],
      ['max_pool_percent', '101'],
      ['accept_threshold_percent', 'x'],
      ['pool_size', '1Q'],
      ['zpool', 'slab'],
      ['compressor', 'nope'],
      ['compressor', 'zstd:99'],
      ['shrinker_enabled', 'maybe'],
      ['shrinker_policy', 'lru'],
      ['nobody:memory.zswap.max', '1M'],
      ['a:memory.max', '1M'],
      ['a:memory.zswap.max', '1.5B'],
      ['a:memory.zswap.writeback', '7'],
    ];
    for (const argv of wrong) {
      const { status, out, err } = await zswapd(['set', ...argv]);
      assert.deepEqual([status, out], [2, ''], `${argv.join(' ')}: ${err}`);
      assert.match(err, /^zswapd: [^\n]+\n$/);
      assert.ok(err.includes(argv[0]?.split(':').at(-1) ?? ''), err);
    }
    assert.deepEqual((await stats()).parameters, before);
  });
});

describe('the statistics', () => {
  it('have these names, in stat --json, on SIGUSR1 and at /api/stats', async () => {
    const daemon = await serve('--http=127.0.0.1:0', '--export=a:1M');
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(await daemon.errContaining('http://'))?.[0];
    assert.ok(url !== undefined);
    const asked = await stats();
    assert.deepEqual(
      namesOf(asked.zswap),
      (
        'decompress_fail pool_limit_hit pool_total_size reject_alloc_fail reject_compress_fail ' +
        'reject_compress_poor reject_kmemcache_fail reject_reclaim_fail ' +
        'stored_incompressible_pages stored_pages written_back_pages'
      ).split(' '),
    );
    for (const name of ['disabled', 'memcg_limit', 'pool_limit', 'no_pool']) {
      assert.ok(Object.hasOwn(asked.rejects, name), name);
    }
    const events = 'pswpin pswpout swpin_zero swpout_zero zswpin zswpout zswpwb'.split(' ');
    assert.deepEqual(namesOf(asked.vmstat), events);
    const files = ['current', 'max', 'writeback'].map((name) => `memory.zswap.${name}`);
    assert.deepEqual(namesOf(asked.memcg['a'] ?? {}), [...files, 'zswapped', ...events].sort());
    assert.deepEqual(namesOf(asked.process), ['metadata_bytes', 'rss', 'uptime_seconds']);

    const shapeOf = (value: object): unknown =>
      Object.fromEntries(
        Object.entries(value).map(([name, inner]: [string, object]) => [name, namesOf(inner)]),
      );
    const overHttp = (await (await fetch(`${url}api/stats`)).json()) as StatsSnapshot;
    assert.deepEqual(shapeOf(overHttp), shapeOf(asked));
    daemon.process.kill('SIGUSR1');
    const err = await daemon.errContaining('pool_total_size');
    const line = err.split('\n').find((text) => text.includes('pool_total_size')) ?? '';
    assert.deepEqual(shapeOf(JSON.parse(line.replace('zswapd: ', '')) as object), shapeOf(asked));
  });

  it('are served with health, readiness and a page', async () => {
    const daemon = await serve('--http=127.0.0.1:0', '--no-spill');
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(await daemon.errContaining('http://'))?.[0];
    for (const path of ['', 'metrics', 'healthz', 'readyz', 'api/stats']) {
      const answer = await fetch(`${url}${path}`);
      assert.equal(answer.status, 200, path);
      assert.notEqual(await answer.text(), '');
    }
    assert.match(await (await fetch(`${url}metrics`)).text(), /^zswapd_[a-z_]+(\{.*\})? \d/m);
  });

  it('have no colour where nobody sees it', async () => {
    const environments = [{ NO_COLOR: undefined }, { NO_COLOR: '1' }];
    await serve('--no-spill');
    for (const environment of environments) {
      for (const argv of [['stat'], ['compressors'], ['--help'], ['bogus']]) {
        const { out, err } = await zswapd(argv, { environment });
        assert.equal((out + err).includes('\x1b'), false, argv.join(' '));
      }
    }
  });
});

describe('exports of a running daemon', () => {
  it('are added, listed, written back and removed', async () => {
    await serve('--export=a:1M');
    assert.equal((await zswapd(['export', 'add', 'b:2M,zswap.max=1M'])).out, 'added b\n');
    const list = await zswapd(['export', 'list', '--json']);
    assert.deepEqual(JSON.parse(list.out), [
      { name: 'a', size_bytes: MIB, state: 'ready' },
      { name: 'b', size_bytes: 2 * MIB, state: 'ready' },
    ]);
    assert.match((await zswapd(['export', 'list'])).out, /^a +1M +ready\nb +2M +ready\n/m);
    assert.equal((await stats()).memcg['b']?.['memory.zswap.max'], MIB);
    const client = await open('b');
    const memory = generateMemory(32, 2);
    assert.equal(await fill(client, memory), 32);
    const reclaim = await zswapd(['reclaim', 'b', '1G', '--json']);
    const {
      export: name,
      asked_bytes,
      written_back_bytes,
    } = JSON.parse(reclaim.out) as Record<string, unknown>;
    assert.deepEqual([name, asked_bytes], ['b', 2 ** 30]);
    assert.ok(Number(written_back_bytes) > 0);
    assert.match(
      (await zswapd(['reclaim', 'b', '1M'])).out,
      /^b: 0 bytes written back, of 1048576/,
    );
    await assertPages(client, memory, 32);
    assert.equal((await zswapd(['export', 'remove', 'b'])).out, 'removed b\n');
    const { memcg, spill, zswap } = await stats();
    assert.deepEqual(Object.keys(memcg), ['a']);
    assert.deepEqual([zswap.stored_pages, spill?.used_bytes], [0, 0]);
  });

  it('are refused with one line', async () => {
    await serve('--export=a:1M', '--no-spill');
    for (const [line, status, message] of [
      ['export add a:1M', 1, 'there is an export named a already'],
      ['export add b:1M,compressor=nope', 2, "b: compressor: unknown compressor 'nope'"],
      ['export remove b', 2, 'there is no export named b'],
      ['reclaim b 1M', 2, 'there is no export named b'],
      ['reclaim a 1M', 1, 'a cannot be written back: there is no spill device'],
    ] as const) {
      const finished = await zswapd(line.split(' '));
      assert.deepEqual([finished.status, finished.out], [status, ''], line);
      assert.ok(finished.err.startsWith(`zswapd: ${message}`), finished.err);
      assert.equal(finished.err.indexOf('\n'), finished.err.length - 1);
    }
  });

  it('may be under way of being removed when the daemon ends', async () => {
    const daemon = await serve('--export=a:1M', '--export=b:1M');
    const client = await NbdClient.open({ path: join(folder, 'nbd.sock') }, { exportName: 'b' });
    // A write whose data does not come keeps the removal waiting.
    client.send(encodeRequest({ type: 1, offset: 0, length: 8192 }));
    const listed = async (): Promise<string> => (await zswapd(['export', 'list'])).out;
    const removal = zswapd(['export', 'remove', 'b']);
    while (!(await listed()).includes('removing'));
    daemon.process.kill('SIGTERM');
    await daemon.errContaining('SIGTERM');
    client.socket.destroy();
    assert.equal((await daemon.finished).status, 0);
    assert.ok([0, 1].includes((await removal).status ?? -1));
  });
});

describe('the end', () => {
  it('comes with status 0 on SIGTERM and SIGINT, and leaves a file to start on', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const daemon = await serve('--export=a:1M');
      assert.equal(await (await open('a')).write(0, generateNoise(4)), 0);
      const { status, out } = await end(daemon, signal);
      assert.deepEqual([status, out], [0, 'ready nbd+unix:///a?socket=nbd.sock\n']);
    }
  });
});

function namesOf(value: object): string[] {
  return Object.keys(value).sort();
}
