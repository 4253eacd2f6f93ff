// Goal: a recording says what the daemon did, and its replay does the same.
// Method: the built daemon with a small pool and a spill file, traffic of a swapping guest over NBD
// from a seed, its own counters at the end, and then a replay of what it recorded.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Prng } from '../../../src/std/prng.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import {
  startDaemon,
  type Daemon,
  type DaemonExit,
  type DaemonOptions,
  type DaemonStats,
} from '../../support/daemon.ts';
import { DiskClient } from '../../support/disk-client.ts';
import { assertNear, replay, type EngineFigures } from '../../support/replayed.ts';
import { runProgram } from '../../support/run-program.ts';
import { samplePages } from '../../support/sample-pages.ts';

const { bytes: sample } = samplePages();
const SAMPLE_PAGES = sample.length / PAGE_SIZE;

const folder = mkdtempSync(join(tmpdir(), 'zswapd-record-'));
const daemons: Daemon[] = [];
after(async () => {
  // A test that has failed has not stopped its own.
  await Promise.all(daemons.map((daemon) => daemon.crash()));
  rmSync(folder, { recursive: true });
});

/** Starts a daemon with files of its own. */
async function start(options: Omit<DaemonOptions, 'folder'>): Promise<Daemon> {
  const daemon = await startDaemon({ folder: mkdtempSync(join(folder, 'daemon-')), ...options });
  daemons.push(daemon);
  return daemon;
}

/** What a guest does to its swap: it writes runs, reads a little of what it wrote, and frees. */
async function swapLikeAGuest(
  client: DiskClient,
  pages: number,
  requests: number,
  seed: number,
): Promise<void> {
  const prng = new Prng(seed);
  const hot = Math.floor(pages / 5);
  const choose = (run: number): number => {
    const range = prng.chance(3, 4) ? hot : pages;
    return prng.below(Math.max(1, range - run));
  };
  for (let i = 0; i < requests; i += 1) {
    const kind = prng.below(20);
    const run = kind < 11 ? 1 + prng.below(16) : 1 + prng.below(4);
    const offset = choose(run) * PAGE_SIZE;
    if (kind < 11) {
      const data = Buffer.concat(
        Array.from({ length: run }, () => {
          const page = prng.below(SAMPLE_PAGES);
          return sample.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
        }),
      );
      assert.equal(await client.write(offset, data), 0);
    } else if (kind < 19) assert.equal((await client.read(offset, run * PAGE_SIZE)).error, 0);
    else assert.equal(await client.trim(offset, 8 * run * PAGE_SIZE), 0);
  }
}

/** A daemon's counters once nothing is under way any more: two looks that agree. */
async function restingStats(look: () => Promise<DaemonStats>): Promise<DaemonStats> {
  let before = await look();
  for (;;) {
    const now = await look();
    if (JSON.stringify(now.zswap) === JSON.stringify(before.zswap)) return now;
    before = now;
  }
}

function compare(engine: EngineFigures | undefined, stats: DaemonStats): void {
  assert.ok(engine !== undefined && engine.kind === 'engine');
  assert.equal(engine.wrong_reads, 0);
  for (const name of ['stored_pages', 'pool_total_size']) {
    assertNear(name, engine.zswap[name] ?? -1, stats.zswap[name] ?? -2);
  }
  assertNear('swpout_zero', engine.vmstat['swpout_zero'] ?? -1, stats.vmstat['swpout_zero'] ?? -2);
  // How much is refused meanwhile, and goes another way, is up to how fast the device was.
  const { written_back_pages: written } = stats.zswap;
  assertNear('written_back_pages', engine.zswap['written_back_pages'] ?? -1, written ?? -2, 0.15);
  for (const name of ['zswpout', 'zswpin']) {
    assertNear(name, engine.vmstat[name] ?? -1, stats.vmstat[name] ?? -2, 0.15);
  }
}

describe('serve --record', () => {
  it('is replayed to the counters of the daemon within limits', async (t) => {
    const file = join(folder, 'spilling.trace');
    const daemon = await start({
      exports: ['vm:64M', 'other:32M,zswap.max=2M'],
      poolSize: '10M',
      spill: join(folder, 'spill'),
      args: ['--record', file, '--accept-threshold-percent', '97'],
    });
    const vm = await DiskClient.open(daemon.socket, 'vm');
    const other = await DiskClient.open(daemon.socket, 'other');
    await Promise.all([swapLikeAGuest(vm, 16384, 5000, 1), swapLikeAGuest(other, 8192, 1000, 2)]);
    const stats = await restingStats(() => daemon.stats());
    await vm.close();
    await other.close();
    assert.equal(await daemon.stop(), 0);

    const { trace, runs } = await replay(file, '--policy', 'second_chance');
    assert.equal(trace.format, 'zswapd');
    assert.equal(trace.lost, 0);
    assert.deepEqual(trace.tenants.toSorted(), ['other', 'vm']);
    t.diagnostic(`daemon ${JSON.stringify(stats.zswap)} ${JSON.stringify(stats.vmstat)}`);
    t.diagnostic(`replay ${JSON.stringify(runs[0]?.zswap)} ${JSON.stringify(runs[0]?.vmstat)}`);
    assert.ok((stats.zswap['written_back_pages'] ?? 0) > 0, 'the pool has overflowed');
    compare(runs[0], stats);
  });

  it('is replayed exactly where nothing overflows', async () => {
    const file = join(folder, 'roomy.trace');
    const daemon = await start({
      exports: ['vm:16M'],
      poolSize: '64M',
      args: ['--record', file, '--compressor', 'lzo-rle'],
    });
    const client = await DiskClient.open(daemon.socket, 'vm');
    await swapLikeAGuest(client, 4096, 400, 3);
    const stats = await restingStats(() => daemon.stats());
    await client.close();
    await daemon.stop();
    const { runs } = await replay(file, '--policy', 'second_chance');
    const [engine] = runs;
    assert.ok(engine !== undefined);
    for (const name of ['stored_pages', 'stored_incompressible_pages']) {
      assert.equal(engine.zswap[name], stats.zswap[name]);
    }
    assertNear('pool', engine.zswap['pool_total_size'] ?? 0, stats.zswap['pool_total_size'] ?? 0);
    assert.deepEqual(engine.vmstat, stats.vmstat);
  });

  it('refuses a file that is no recording, and takes the place of an earlier one', async () => {
    const file = join(folder, 'precious');
    writeFileSync(file, 'my only copy');
    const record = (path: string): Promise<Daemon> => start({ args: ['--record', path] });
    await assert.rejects(record(file), (error: DaemonExit) => {
      assert.match(error.message, /--record: .*precious holds something that is no recording/);
      return error.status === 1;
    });
    assert.equal(readFileSync(file, 'utf8'), 'my only copy');
    const other = join(folder, 'empty.trace');
    for (let round = 0; round < 2; round += 1) {
      const daemon = await record(other);
      await daemon.stop();
      assert.ok(existsSync(other));
    }
    const { status, err } = await runProgram('src/cli/main.js', ['replay', other]).finished;
    assert.equal(status, 1);
    assert.match(err, /^zswapd: .*empty\.trace: it has no references\n$/);
  });
});
