// Goal: a real Linux kernel that swaps onto the server gets every byte back, and a replay of what
// the daemon recorded meanwhile does what the daemon did.
// Method: a guest in QEMU has half the memory that its only program needs and checks byte by byte.
// The recording goes on past the guest's swapoff, which empties the pool, so counts of events are
// compared at the end, and the pool at its fullest.
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  startDaemon,
  type Daemon,
  type DaemonOptions,
  type DaemonStats,
} from '../support/daemon.ts';
import { GUEST_TOOLS, hogPhases, runGuest, type GuestDisk } from '../support/guest.ts';
import { scratchFolder } from '../support/project.ts';
import { assertNear, replayEngine } from '../support/replayed.ts';
import { itNeeds } from '../support/require.ts';

const LIMIT_SECONDS = 300;
const SWAP_PAGES_MIN = 50_000;
/**
 * After the guest's last swapoff, which came after a swapon that discards the whole device, there
 * is the header, and at most what a kernel reads or writes around it.
 */
const PAGES_LEFT_MAX = 16;
/** Between two looks at the pool, which stays at its fullest for far longer. */
const LOOK_MS = 1000;

/** The most that was seen in the pool. */
interface Fullest {
  pool_total_size: number;
  stored_pages: number;
}

async function serveGuest(
  t: TestContext,
  options: (folder: string) => Omit<DaemonOptions, 'folder' | 'exports'>,
): Promise<Daemon> {
  const folder = scratchFolder((remove) => t.after(remove));
  const daemon = await startDaemon({ folder, exports: ['vm:512M'], ...options(folder) });
  t.after(() => daemon.stop());
  return daemon;
}

/** Boots the guest and returns once it said SWAPTEST PASS. */
async function bootGuest(mode: 'blk' | 'nbd', target: string): Promise<void> {
  const disk: GuestDisk = { mode, target, export: 'vm' };
  const console = await runGuest(disk, { limitSeconds: LIMIT_SECONDS, echo: true });
  const all = hogPhases(console).get('all');
  assert.equal(all?.bad, 0, console);
  assert.ok((all?.pagesIn ?? 0) > 1000 && (all?.pagesOut ?? 0) > 1000, console);
}

/** As {@link bootGuest}, looking at the pool meanwhile. */
async function watchGuest(daemon: Daemon): Promise<Fullest> {
  const fullest = { pool_total_size: 0, stored_pages: 0 };
  let isOver = false;
  const over = bootGuest('blk', daemon.socket).finally(() => (isOver = true));
  // Whatever becomes of the guest is told below.
  const ended = over.catch(() => {});
  while (!isOver) {
    const { zswap } = await daemon.stats();
    for (const name of ['pool_total_size', 'stored_pages'] as const) {
      fullest[name] = Math.max(fullest[name], zswap[name] ?? 0);
    }
    await Promise.race([ended, delay(LOOK_MS)]);
  }
  await over;
  return fullest;
}

/** Replays what a daemon recorded, which has ended, and compares. */
async function compareReplay(
  t: TestContext,
  file: string,
  stats: DaemonStats,
  fullest: Fullest,
): Promise<void> {
  const engine = await replayEngine(file);
  const near = (name: string, replayed = -1, recorded = -1, share = 0.05): void => {
    t.diagnostic(`${name}: replayed ${replayed}, the daemon counted ${recorded}`);
    assertNear(name, replayed, recorded, share);
  };
  assert.equal(engine.wrong_reads, 0);
  for (const name of ['swpin_zero', 'swpout_zero']) {
    near(name, engine.vmstat[name], stats.vmstat[name]);
  }
  const kept = ({ vmstat, zswap }: Pick<DaemonStats, 'vmstat' | 'zswap'>): number =>
    (vmstat['zswpout'] ?? 0) - (zswap['written_back_pages'] ?? 0);
  // A full pool refuses pages while it is written back, so which way a page takes to the device,
  // and which one it is, is up to the device's speed, which the recording does not know.
  if (stats.rejects['pool_limit'] !== 0) {
    near('pages stored and not written back', kept(engine), kept(stats), 0.2);
  } else {
    for (const name of ['zswpin', 'zswpout', 'pswpin', 'pswpout']) {
      near(name, engine.vmstat[name], stats.vmstat[name]);
    }
  }
  const stored = Math.max(...engine.samples.map(({ stored_pages: pages }) => pages));
  near('stored_pages at their most', stored, fullest.stored_pages);
  near('pool_total_size at its most', engine.pool_size_peak, fullest.pool_total_size);
}

describe('a guest that swaps', () => {
  itNeeds(
    GUEST_TOOLS,
    'gets twice its memory back and leaves the pool all but empty',
    async (t) => {
      let file = '';
      const daemon = await serveGuest(t, (folder) => {
        file = join(folder, 'guest.trace');
        return { args: ['--record', file] };
      });
      if (daemon.kind !== 'zswapd') {
        await bootGuest('blk', daemon.socket);
        return;
      }
      const fullest = await watchGuest(daemon);
      const stats = await daemon.stats();
      const shown = JSON.stringify(stats);
      assert.ok((stats.vmstat['zswpout'] ?? 0) > SWAP_PAGES_MIN, shown);
      assert.ok((stats.vmstat['zswpin'] ?? 0) > SWAP_PAGES_MIN, shown);
      assert.equal(stats.zswap['decompress_fail'], 0, shown);
      t.diagnostic(`${stats.zswap['stored_pages']} pages left after swapoff`);
      assert.ok((stats.zswap['stored_pages'] ?? Infinity) <= PAGES_LEFT_MAX, shown);
      assert.equal(await daemon.stop(), 0);
      await compareReplay(t, file, stats, fullest);
    },
  );

  itNeeds(
    [...GUEST_TOOLS, 'zswapd'],
    'gets every byte back through a small pool and a disk',
    async (t) => {
      let file = '';
      const daemon = await serveGuest(t, (folder) => {
        file = join(folder, 'guest.trace');
        const spill = join(folder, 'spill.swap');
        return { poolSize: '32M', spill, args: ['--record', file] };
      });
      const fullest = await watchGuest(daemon);
      const stats = await daemon.stats();
      const shown = JSON.stringify(stats);
      assert.ok((stats.vmstat['zswpout'] ?? 0) > 1000, shown);
      assert.ok((stats.vmstat['pswpout'] ?? 0) > 1000, shown);
      assert.ok((stats.zswap['written_back_pages'] ?? 0) > 1000, shown);
      assert.ok((stats.vmstat['pswpin'] ?? 0) > 1000, shown);
      assert.ok((stats.zswap['stored_pages'] ?? Infinity) <= PAGES_LEFT_MAX, shown);
      assert.ok((stats.zswap['pool_total_size'] ?? Infinity) <= 32 * 1024 * 1024, shown);
      assert.equal(await daemon.stop(), 0);
      await compareReplay(t, file, stats, fullest);
    },
  );

  // The guest's own nbd driver is slow under emulation and adds nothing the server can see but
  // its request pattern, so it runs only when asked for.
  if (process.env['ZSWAPD_E2E_LONG'] === '1') {
    itNeeds([...GUEST_TOOLS, 'nbd-client'], 'gets twice its memory back over TCP', async (t) => {
      const daemon = await serveGuest(t, () => ({ tcp: true }));
      await bootGuest('nbd', String(daemon.tcpPort));
    });
  }
});
