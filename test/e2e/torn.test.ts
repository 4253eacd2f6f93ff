// Goal: whatever ends in the middle (a client, the daemon, the room for pages) is told plainly and
// never shows as wrong data.
// Method: a client that breaks off requests, signals to the daemon, and a pool and device made to
// overflow.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { ENOSPC } from '../../src/std/errno.ts';
import { DaemonExit, startDaemon, type Daemon, type DaemonOptions } from '../support/daemon.ts';
import { scratchFolder } from '../support/project.ts';
import { DiskClient } from '../support/disk-client.ts';
import { itNeeds } from '../support/require.ts';
import { runOk, toolPath } from '../support/run.ts';
import { generateNoise, generateMemory } from '../support/sample-pages.ts';

const PAGE_BYTES = 4096;
const WRITE_PAGES = 32;
const EXPORTS = ['vm:64M', 'other:64M'];
const WRITE_BYTES = WRITE_PAGES * PAGE_BYTES;

function folderOf(t: TestContext): string {
  return scratchFolder((remove) => t.after(remove));
}

async function daemonOf(t: TestContext, options: DaemonOptions): Promise<Daemon> {
  const daemon = await startDaemon(options);
  t.after(() => daemon.stop());
  return daemon;
}

/** Expects the daemon to refuse to start with exit status 1 and a message that matches. */
async function refusesToStart(options: DaemonOptions, message: RegExp): Promise<void> {
  await assert.rejects(startDaemon(options), (error: unknown) => {
    assert.ok(error instanceof DaemonExit, String(error));
    assert.equal(error.status, 1, error.message);
    assert.match(error.message, message);
    return true;
  });
}

/** A batch that is on its way to the device makes room: so often, and there is none. */
const REFUSED_FOR_GOOD = 500;

/** Writes noise from page 0 on until the server refuses; returns how many pages it took. */
async function fillUntilRefused(client: DiskClient, noise: Uint8Array): Promise<number> {
  let refused = 0;
  for (let offset = 0; offset < noise.length;) {
    const error = await client.write(offset, noise.subarray(offset, offset + PAGE_BYTES));
    if (error === 0) {
      refused = 0;
      offset += PAGE_BYTES;
      continue;
    }
    assert.equal(error, ENOSPC);
    refused += 1;
    if (refused === REFUSED_FOR_GOOD) return offset / PAGE_BYTES;
  }
  throw new Error('the server took everything');
}

async function everyPageIs(client: DiskClient, expected: Uint8Array, pages: number): Promise<void> {
  for (let i = 0; i < pages; i++) {
    const { error, data } = await client.read(i * PAGE_BYTES, PAGE_BYTES);
    assert.equal(error, 0);
    const page = expected.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
    assert.ok(data.equals(page), `page ${i} of ${pages} differs`);
  }
}

describe('a client that dies', () => {
  itNeeds([], 'in the middle of a write leaves each page old or new, whole', async (t) => {
    const daemon = await daemonOf(t, { folder: folderOf(t) });
    for (const sent of [1, 4095, 4096, 70_000, WRITE_BYTES - 1]) {
      const older = Buffer.alloc(WRITE_BYTES, 'o');
      const client = await DiskClient.open(daemon.socket, 'vm');
      assert.equal(await client.write(0, older), 0);
      await client.tearWrite(0, Buffer.alloc(WRITE_BYTES, 'n'), sent);

      const next = await DiskClient.open(daemon.socket, 'vm');
      const { error, data } = await next.read(0, WRITE_BYTES);
      assert.equal(error, 0);
      for (let page = 0; page < WRITE_PAGES; page++) {
        const bytes = data.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
        const isNew = bytes.every((byte) => byte === 'n'.charCodeAt(0));
        const isOld = bytes.every((byte) => byte === 'o'.charCodeAt(0));
        const hasArrived = (page + 1) * PAGE_BYTES <= sent;
        assert.ok(isOld || (isNew && hasArrived), `page ${page} after ${sent} bytes`);
      }
      await next.close();
    }
  });

  itNeeds(['nbdcopy'], 'by SIGKILL among many requests leaves the server serving', async (t) => {
    const folder = folderOf(t);
    const daemon = await daemonOf(t, { folder });
    const image = join(folder, 'image');
    const bytes = generateMemory(16_384);
    writeFileSync(image, bytes);
    const watcher = await DiskClient.open(daemon.socket, 'vm');
    const copier = spawn('nbdcopy', [image, daemon.uri()], {
      env: { ...process.env, PATH: toolPath },
      stdio: 'ignore',
    });
    const ended = once(copier, 'exit');
    // The copy is under way as soon as its first bytes can be read.
    const first = Buffer.from(bytes.subarray(4 * PAGE_BYTES, 5 * PAGE_BYTES));
    while (!(await watcher.read(4 * PAGE_BYTES, PAGE_BYTES)).data.equals(first)) {
      assert.equal(copier.exitCode, null);
    }
    copier.kill('SIGKILL');
    await ended;
    for (let i = 0; i < 16_384; i++) {
      const { error, data } = await watcher.read(i * PAGE_BYTES, PAGE_BYTES);
      assert.equal(error, 0);
      const page = bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      assert.ok(data.equals(page) || data.every((byte) => byte === 0), `page ${i} is torn`);
    }
    await watcher.close();
  });
});

describe('the daemon', () => {
  itNeeds(['zswapd'], 'refuses the spill file of a killed one unless told to reset', async (t) => {
    const options = { folder: folderOf(t), spill: '' };
    options.spill = join(options.folder, 'spill.swap');
    const killed = await startDaemon(options);
    const client = await DiskClient.open(killed.socket, 'vm');
    assert.equal(await client.write(0, generateNoise(WRITE_PAGES)), 0);
    assert.equal(await killed.crash(), 'SIGKILL');
    await client.vanish();

    await refusesToStart(options, /--reset/);
    const reset = await daemonOf(t, { ...options, args: ['--reset'] });
    const next = await DiskClient.open(reset.socket, 'vm');
    const { error, data } = await next.read(0, WRITE_BYTES);
    assert.equal(error, 0);
    assert.ok(
      data.every((byte) => byte === 0),
      'pages of the killed daemon are shown',
    );
    await next.close();
  });

  itNeeds(['zswapd'], 'starts again on the spill file of one that ended in order', async (t) => {
    const options = { folder: folderOf(t), spill: '' };
    options.spill = join(options.folder, 'spill.swap');
    for (let round = 0; round < 2; round++) {
      const daemon = await startDaemon(options);
      assert.equal(await daemon.stop(), 0);
    }
  });

  itNeeds(['zswapd'], 'refuses a spill file that another one has', async (t) => {
    const folder = folderOf(t);
    const spill = join(folder, 'spill.swap');
    const first = await daemonOf(t, { folder, spill });
    for (const args of [[], ['--reset']]) {
      await refusesToStart({ folder: folderOf(t), spill, args }, /spill\.swap/);
    }
    const client = await DiskClient.open(first.socket, 'vm');
    assert.equal(await client.write(0, generateNoise(1)), 0);
    await client.close();
  });

  itNeeds(['zswapd'], 'exits 0 when told to end with an idle client', async (t) => {
    const daemon = await daemonOf(t, { folder: folderOf(t) });
    const client = await DiskClient.open(daemon.socket, 'vm');
    assert.equal(await client.write(0, generateNoise(WRITE_PAGES)), 0);
    assert.equal(await daemon.stop(), 0);
    await client.vanish();
    await assert.rejects(DiskClient.open(daemon.socket, 'vm'));
  });

  itNeeds(['zswapd', 'nbdcopy'], 'exits 0 when told to end under load', async (t) => {
    const folder = folderOf(t);
    const daemon = await daemonOf(t, { folder });
    const image = join(folder, 'image');
    writeFileSync(image, generateMemory(16_384));
    const watcher = await DiskClient.open(daemon.socket, 'vm');
    const copier = spawn('nbdcopy', [image, daemon.uri()], {
      env: { ...process.env, PATH: toolPath },
      stdio: 'ignore',
    });
    const ended = once(copier, 'exit');
    while ((await watcher.read(4 * PAGE_BYTES, PAGE_BYTES)).data.every((byte) => byte === 0)) {
      assert.equal(copier.exitCode, null);
    }
    assert.equal(await daemon.stop(), 0);
    await ended;
    await watcher.vanish();
  });
});

/**
 * Fills pool and device through one export until both are full, and goes on: writes are refused
 * with ENOSPC alone, what is stored stays, of every export, and room that is made can be used.
 */
async function staysWholeWhenFull(daemon: Daemon, noise: Uint8Array): Promise<void> {
  const full = await DiskClient.open(daemon.socket, 'vm');
  const other = await DiskClient.open(daemon.socket, 'other');
  const early = generateMemory(64, 7);
  assert.equal(await other.write(0, early), 0);
  const stored = await fillUntilRefused(full, noise);
  assert.ok(stored > 1024, `only ${stored} pages fitted`);
  await everyPageIs(full, noise, stored);

  // A page that is overwritten keeps its old copy until the new one is stored.
  const expected = Buffer.from(noise);
  const changed = generateNoise(stored, 2);
  let refused = 0;
  for (let offset = 0; offset < stored * PAGE_BYTES; offset += 7 * PAGE_BYTES) {
    const page = changed.subarray(offset, offset + PAGE_BYTES);
    const error = await full.write(offset, page);
    if (error === 0) expected.set(page, offset);
    else assert.equal(error, ENOSPC);
    if (error !== 0) refused += 1;
  }
  assert.ok(refused > 0, 'the device is not full');
  assert.equal(await other.write(64 * PAGE_BYTES, noise.subarray(0, 256 * PAGE_BYTES)), ENOSPC);
  await everyPageIs(full, expected, stored);
  await everyPageIs(other, early, 64);

  const half = Math.floor(stored / 2);
  assert.equal(await full.trim(0, half * PAGE_BYTES), 0);
  expected.fill(0, 0, half * PAGE_BYTES);
  assert.equal(await other.write(64 * PAGE_BYTES, noise.subarray(0, 256 * PAGE_BYTES)), 0);
  await everyPageIs(full, expected, stored);
  await everyPageIs(other, Buffer.concat([early, noise.subarray(0, 256 * PAGE_BYTES)]), 320);
  await full.close();
  await other.close();
}

describe('with no room for a page', () => {
  const noise = generateNoise(4096);

  itNeeds(['zswapd'], 'answers ENOSPC and keeps what is stored, without a spill', async (t) => {
    const daemon = await daemonOf(t, { folder: folderOf(t), poolSize: '4M' });
    const client = await DiskClient.open(daemon.socket, 'vm');
    const stored = await fillUntilRefused(client, noise);
    assert.ok(stored > 512, `only ${stored} pages fitted`);
    await everyPageIs(client, noise, stored);

    // Room made by a trim can be used again.
    assert.equal(await client.trim(0, 256 * PAGE_BYTES), 0);
    const back = noise.subarray(0, PAGE_BYTES);
    assert.equal(await client.write(0, back), 0);
    assert.ok((await client.read(0, PAGE_BYTES)).data.equals(back));
    await client.close();
  });

  itNeeds(['zswapd', 'root', 'loop'], 'answers ENOSPC when the device is full too', async (t) => {
    const folder = folderOf(t);
    const backing = join(folder, 'backing');
    writeFileSync(backing, '');
    truncateSync(backing, 8 * 1024 * 1024);
    const device = (await runOk('losetup', ['--find', '--show', backing])).trim();
    t.after(() => runOk('losetup', ['--detach', device]));
    const daemon = await startDaemon({ folder, exports: EXPORTS, poolSize: '2M', spill: device });
    t.after(() => daemon.stop());
    await staysWholeWhenFull(daemon, noise);
  });

  itNeeds(
    ['zswapd', 'root'],
    'answers ENOSPC when the disk of a sparse file is full',
    async (t) => {
      const folder = folderOf(t);
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      await runOk('mount', ['-t', 'tmpfs', '-o', 'size=8M', 'zswapd-test', disk]);
      // In this order, which hooks after the test do not keep.
      try {
        const spill = join(disk, 'spill.swap');
        const daemon = await startDaemon({ folder, exports: EXPORTS, poolSize: '2M', spill });
        try {
          await staysWholeWhenFull(daemon, noise);
        } finally {
          await daemon.stop();
        }
      } finally {
        await runOk('umount', [disk]);
      }
    },
  );
});
