// Goal: a backing device that fails for a while costs nobody a wrong byte, and is used again.
// Method: a guest swaps through a pool much smaller than what it swaps onto a disk that refuses
// writes, then reads, then nothing. The guest's program checks every byte; a page that cannot be
// read must be an error to it, never other bytes, and must be there again afterwards.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { startDaemon, type Daemon, type DaemonStats } from '../support/daemon.ts';
import { openFailingDisk, type FailingDisk } from '../support/failing-disk.ts';
import { GUEST_TOOLS, runGuest } from '../support/guest.ts';
import { scratchFolder } from '../support/project.ts';
import { itNeeds } from '../support/require.ts';

const TOOLS = [...GUEST_TOOLS, ...'root fuse loop nbdkit nbdfuse zswapd'.split(' ')];
const GUEST = { RAM_MIB: '160', HOG_MIB: '80', ERRORS_MIB: '32' };
const DISK = { size: '256M', readErrorPercent: 30, writeErrorPercent: 50 };
const LIMIT_SECONDS = 240;

/** What the disk refuses in each phase of the guest's program. */
const PHASES: Readonly<Record<string, (disk: FailingDisk) => void>> = {
  'write-errors': (disk) => disk.fail('write', true),
  'read-errors': (disk) => {
    disk.fail('write', false);
    disk.fail('read', true);
  },
  recovery: (disk) => disk.fail('read', false),
};

/** Runs the guest and returns its console, with the daemon's statistics at the start of phases. */
async function bootGuest(
  daemon: Daemon,
  disk: FailingDisk,
): Promise<{ console: string; at: ReadonlyMap<string, DaemonStats> }> {
  const at = new Map<string, DaemonStats>();
  const enter = async (phase: string): Promise<void> => {
    PHASES[phase]?.(disk);
    at.set(phase, await daemon.stats());
  };
  const swap = { mode: 'blk', target: daemon.socket, export: 'vm' } as const;
  const console = await runGuest(swap, {
    env: GUEST,
    limitSeconds: LIMIT_SECONDS,
    echo: true,
    onLine: (line, reply) => {
      const phase = /^PHASE (.*)/.exec(line)?.[1];
      if (phase !== undefined) void enter(phase).then(() => reply('go on\n'));
    },
  });
  at.set('end', await daemon.stats());
  return { console, at };
}

describe('a disk that fails for a while', () => {
  itNeeds(TOOLS, 'costs a guest that swaps no wrong byte, and is used again', async (t) => {
    let removeFolder = (): void => {};
    const folder = scratchFolder((remove) => (removeFolder = remove));
    const disk = await openFailingDisk({ folder, ...DISK });
    const options = { folder, exports: ['vm:256M'], poolSize: '8M', spill: disk.path };
    const daemon = await startDaemon(options);
    // In this order: the disk is the daemon's, and its mount lies in the folder.
    t.after(async () => {
      disk.fail('read', false);
      disk.fail('write', false);
      await daemon.stop();
      await disk.remove();
      removeFolder();
    });
    const { console, at } = await bootGuest(daemon, disk);

    const shown = JSON.stringify(Object.fromEntries(at));
    const statsAt = (phase: string): DaemonStats => {
      const stats = at.get(phase);
      assert.ok(stats !== undefined, `the guest never came to ${phase}`);
      return stats;
    };
    const ioErrors = (phase: string): number => statsAt(phase).spill?.io_errors ?? NaN;
    t.diagnostic(`refused: ${[...at.keys()].map((p) => `${ioErrors(p)} until ${p}`).join(', ')}`);
    assert.equal(ioErrors('write-errors'), 0, shown);
    assert.ok(ioErrors('read-errors') > 0, shown);
    assert.ok(ioErrors('recovery') > ioErrors('read-errors'), shown);
    assert.equal(ioErrors('end'), ioErrors('recovery'), shown);

    // What the daemon could not do the guest was told: its kernel says so, and its program counts.
    assert.match(console, /Write-error on swap-device/);
    assert.match(console, /Read-error on swap-device/);
    assert.match(console, /check under errors .* 0 bad, [1-9]\d* unreadable/);
    assert.match(console, /check after errors .* 0 bad, 0 unreadable/);

    // Entries that could not be written back stayed where they were.
    assert.ok((statsAt('read-errors').zswap['reject_reclaim_fail'] ?? 0) > 0, shown);
    const end = statsAt('end');
    assert.equal(end.spill?.writable, true, shown);
    assert.equal(end.spill?.checksum_errors, 0, shown);
    assert.equal(end.zswap['decompress_fail'], 0, shown);
    const writtenBack = (phase: string): number => statsAt(phase).zswap['written_back_pages'] ?? 0;
    assert.ok(writtenBack('end') > writtenBack('recovery') + 1000, shown);

    assert.equal(await daemon.stop(), 0);
    const said = (await daemon.log).split('\n').filter((line) => line.includes('has failed'));
    assert.equal(said.length, 1, said.join('\n'));
  });
});
