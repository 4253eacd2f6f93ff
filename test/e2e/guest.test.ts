// Goal: a real Linux kernel that swaps onto the server gets every byte back.
// Method: a guest in QEMU has half the memory that its only program needs and checks byte by byte.
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { join } from 'node:path';
import { startDaemon, type Daemon, type DaemonOptions } from '../support/daemon.ts';
import { projectFile, scratchFolder } from '../support/project.ts';
import { itNeeds } from '../support/require.ts';
import { runOk } from '../support/run.ts';

const TOOLS = ['qemu-system-x86_64', 'busybox', 'cpio', 'cc', 'guest-kernel'];
const LIMIT_SECONDS = 300;
const SWAP_PAGES_MIN = 50_000;
/**
 * After the guest's last swapoff, which came after a swapon that discards the whole device, there
 * is the header, and at most what a kernel reads or writes around it.
 */
const PAGES_LEFT_MAX = 16;

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
async function runGuest(mode: 'blk' | 'nbd', target: string): Promise<void> {
  await runOk(projectFile('test/e2e/guest/mkguest.sh'), []);
  await runOk(projectFile('test/e2e/guest/run.sh'), [mode, target, 'vm'], {
    limitSeconds: LIMIT_SECONDS,
    echo: true,
  });
}

describe('a guest that swaps', () => {
  itNeeds(TOOLS, 'gets twice its memory back and leaves the pool all but empty', async (t) => {
    const daemon = await serveGuest(t, () => ({}));
    await runGuest('blk', daemon.socket);
    if (daemon.kind !== 'zswapd') return;
    const stats = await daemon.stats();
    const shown = JSON.stringify(stats);
    assert.ok((stats.vmstat['zswpout'] ?? 0) > SWAP_PAGES_MIN, shown);
    assert.ok((stats.vmstat['zswpin'] ?? 0) > SWAP_PAGES_MIN, shown);
    assert.equal(stats.zswap['decompress_fail'], 0, shown);
    t.diagnostic(`${stats.zswap['stored_pages']} pages left after swapoff`);
    assert.ok((stats.zswap['stored_pages'] ?? Infinity) <= PAGES_LEFT_MAX, shown);
  });

  itNeeds(
    [...TOOLS, 'zswapd'],
    'gets every byte back through a small pool and a disk',
    async (t) => {
      const daemon = await serveGuest(t, (folder) => ({
        poolSize: '32M',
        spill: join(folder, 'spill.swap'),
      }));
      await runGuest('blk', daemon.socket);
      const stats = await daemon.stats();
      const shown = JSON.stringify(stats);
      assert.ok((stats.vmstat['zswpout'] ?? 0) > 1000, shown);
      assert.ok((stats.vmstat['pswpout'] ?? 0) > 1000, shown);
      assert.ok((stats.zswap['written_back_pages'] ?? 0) > 1000, shown);
      assert.ok((stats.vmstat['pswpin'] ?? 0) > 1000, shown);
      assert.ok((stats.zswap['stored_pages'] ?? Infinity) <= PAGES_LEFT_MAX, shown);
      assert.ok((stats.zswap['pool_total_size'] ?? Infinity) <= 32 * 1024 * 1024, shown);
    },
  );

  // The guest's own nbd driver is slow under emulation and adds nothing the server can see but
  // its request pattern, so it runs only when asked for.
  if (process.env['ZSWAPD_E2E_LONG'] === '1') {
    itNeeds([...TOOLS, 'nbd-client'], 'gets twice its memory back over TCP', async (t) => {
      const daemon = await serveGuest(t, () => ({ tcp: true }));
      await runGuest('nbd', String(daemon.tcpPort));
    });
  }
});
