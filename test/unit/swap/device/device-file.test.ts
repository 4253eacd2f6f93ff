/**
 * Opening and closing: who may have the device, and in which state it is left. Other holders are
 * real processes; full disks are real file systems.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { present } from '../../../../src/std/assert.ts';
import { ENOSPC, OK } from '../../../../src/std/errno.ts';
import { MIB, PAGE_SIZE } from '../../../../src/std/units.ts';
import { Bio } from '../../../../src/swap/device/device.ts';
import { openFileDevice } from '../../../../src/swap/device/device-file.ts';
import type { FileDevice, FileDeviceOptions } from '../../../../src/swap/device/device-file.ts';
import { decodeHeader, encodeHeader } from '../../../../src/swap/device/device-header.ts';
import type { DeviceHeader } from '../../../../src/swap/device/device-header.ts';
import { startHolder, untilGone } from '../../../support/device-process.ts';
import { NodeRt } from '../../../../src/rt/rt-node.ts';
import {
  makeFolder,
  makeLoopDevice,
  makeSmallFileSystem,
  reasonToSkip,
  transfer,
} from '../../../support/storage.ts';

const PAGE_COUNT = 256;
const rt = new NodeRt();
const folder = makeFolder();
after(() => folder.remove());
const at = (name: string): string => join(folder.path, name);

function openAt(path: string, more: Partial<FileDeviceOptions> = {}): Promise<FileDevice> {
  return openFileDevice({ path, pageCount: PAGE_COUNT, rt, ...more });
}

function headerOf(path: string): DeviceHeader {
  const reading = decodeHeader(readFileSync(path).subarray(0, PAGE_SIZE));
  assert.equal(reading.kind, 'header');
  return reading.header;
}

function writeHeaderFile(path: string, header: DeviceHeader): void {
  const page = new Uint8Array(PAGE_SIZE);
  encodeHeader(header, page);
  writeFileSync(path, page);
}

async function assertRefused(path: string, code: string, message: RegExp): Promise<void> {
  const before = readFileSync(path);
  await assert.rejects(openAt(path), (error: Error & { code?: string }) => {
    assert.equal(error.code, code);
    assert.ok(error.message.includes(path));
    assert.match(error.message, message);
    return true;
  });
  assert.ok(before.equals(readFileSync(path)), 'a refused device was changed');
}

describe('openFileDevice', () => {
  it('creates a sparse file for its owner only, marked in use by this process', async () => {
    const device = await openAt(at('new'));
    const stat = statSync(at('new'));
    assert.equal(stat.mode & 0o777, 0o600);
    assert.equal(stat.size, (PAGE_COUNT + 1) * PAGE_SIZE);
    assert.ok(device.heldBytes() <= 16 * PAGE_SIZE);
    assert.equal(device.pageCount, PAGE_COUNT);
    assert.equal(device.name, at('new'));
    const header = headerOf(at('new'));
    assert.equal(header.isInUse, true);
    assert.equal(header.owner.pid, process.pid);
    assert.equal(header.pageCount, PAGE_COUNT);
    await device.close();
  });

  it('leaves a clean header and nothing else, and knows the device again', async () => {
    const device = await openAt(at('again'));
    await transfer(device, new Bio(), 'write', 100, 32);
    await device.close();
    const { uuid, isInUse } = headerOf(at('again'));
    assert.equal(isInUse, false);
    assert.equal(statSync(at('again')).size, PAGE_SIZE);
    const second = await openAt(at('again'), { pageCount: 2 * PAGE_COUNT });
    assert.equal(second.pageCount, 2 * PAGE_COUNT);
    assert.deepEqual(headerOf(at('again')).uuid, uuid);
    await second.close();
  });

  it('takes the rights of others away from a file that was there', async () => {
    writeFileSync(at('readable'), '', { mode: 0o644 });
    await (await openAt(at('readable'))).close();
    assert.equal(statSync(at('readable')).mode & 0o777, 0o600);
  });

  it('waits for requests in flight when closed, and closes once', async () => {
    const device = await openAt(at('busy'));
    let completions = 0;
    for (let page = 0; page < 64; page += 8) {
      void transfer(device, new Bio(), 'write', page, 8).then(() => completions++);
    }
    await Promise.all([device.close(), device.close()]);
    assert.equal(completions, 8);
    assert.throws(() => device.read(new Bio()), /closed/);
  });

  it('says whether it bypasses the page cache', async () => {
    const device = await openAt(at('buffered'), { direct: false });
    assert.equal(device.direct, false);
    await device.close();
  });

  it('refuses page counts that are none', async () => {
    for (const pageCount of [-1, 0.5, 0]) {
      await assert.rejects(openAt(at('count'), { pageCount }), RangeError);
    }
    await (await openAt(at('count'))).close();
  });

  it('says why a file cannot have the size wanted, and keeps no lock', async () => {
    await assert.rejects(openAt(at('huge'), { pageCount: 2 ** 48 }), {
      code: 'ZSWAP_DEVICE_OPEN',
      message: /huge.*cannot grow to 281474976710656 pages/,
    });
    await (await openAt(at('huge'))).close();
  });
});

describe('a device in use', () => {
  it('is refused to this process a second time', async () => {
    const device = await openAt(at('twice'));
    const who = new RegExp(`in use by process ${process.pid}$`);
    await assertRefused(at('twice'), 'ZSWAP_DEVICE_BUSY', who);
    await device.close();
  });

  it('is refused to a second process, which is told who has it', async () => {
    const device = await openAt(at('second'));
    const other = await startHolder([at('second'), PAGE_COUNT]);
    assert.match(other.line, /^ZSWAP_DEVICE_BUSY .*in use by process \d+$/);
    assert.ok(other.line.endsWith(` ${process.pid}`));
    await other.ended;
    await device.close();
    const heir = await startHolder([at('second'), PAGE_COUNT]);
    assert.match(heir.line, /^ready/);
    await assertRefused(at('second'), 'ZSWAP_DEVICE_BUSY', new RegExp(` ${heir.child.pid}$`));
    heir.child.stdin.end();
    assert.equal(await heir.ended, 0);
    await (await openAt(at('second'))).close();
  });

  it('is refused although its owner is known only from the header', async () => {
    const owner = await startHolder([at('of-owner'), PAGE_COUNT]);
    writeHeaderFile(at('only-header'), headerOf(at('of-owner')));
    const who = new RegExp(`in use by process ${owner.child.pid}$`);
    await assertRefused(at('only-header'), 'ZSWAP_DEVICE_BUSY', who);
    await assert.rejects(openAt(at('only-header'), { reset: true }), { code: 'ZSWAP_DEVICE_BUSY' });
    owner.child.stdin.end();
    await owner.ended;
  });

  const unshare = ['unshare', '--net', '--pid', '--fork', '--mount-proc', '--'];
  const skip = reasonToSkip('root and unshare', () => {
    execFileSync('unshare', [...unshare.slice(1), 'flock', '--version'], { stdio: 'pipe' });
    return { path: '', remove: (): void => {} };
  });
  it('is refused between containers', { skip }, async () => {
    const device = await openAt(at('shared'));
    const other = await startHolder([at('shared'), PAGE_COUNT], unshare);
    assert.match(other.line, /^ZSWAP_DEVICE_BUSY/);
    await other.ended;
    await device.close();
  });

  it('does not keep a process from ending', async () => {
    const holder = await startHolder([at('leaving'), PAGE_COUNT, 'leave']);
    assert.match(holder.line, /^ready/);
    assert.equal(await holder.ended, 0);
  });
});

describe('a device that was not closed', () => {
  it('is refused after its owner was killed, and accepted with reset', async () => {
    const owner = await startHolder([at('killed'), PAGE_COUNT]);
    owner.child.kill('SIGKILL');
    await owner.ended;
    await untilGone(Number(owner.line.split(' ')[1]));
    const why = new RegExp(`not clean: process ${owner.child.pid} did not close it`);
    await assertRefused(at('killed'), 'ZSWAP_DEVICE_UNCLEAN', why);
    const device = await openAt(at('killed'), { reset: true });
    const { bytes, error } = await transfer(device, new Bio(), 'read', 0, 8);
    assert.equal(error, OK);
    assert.ok(bytes.every((byte) => byte === 0));
    await device.close();
    await (await openAt(at('killed'))).close();
  });

  it('is waited for while the helper of its killed owner still ends', async () => {
    const owner = await startHolder([at('restarted'), PAGE_COUNT]);
    const helper = Number(owner.line.split(' ')[1]);
    process.kill(helper, 'SIGSTOP');
    owner.child.kill('SIGKILL');
    await owner.ended;
    const sleeps: number[] = [];
    const impatient = new NodeRt();
    impatient.sleep = (ms): Promise<void> => {
      sleeps.push(ms);
      if (sleeps.length === 2) process.kill(helper, 'SIGCONT');
      return rt.sleep(ms);
    };
    await (await openAt(at('restarted'), { reset: true, rt: impatient })).close();
    assert.ok(sleeps.length >= 2);
  });

  it('is refused if its owner is of another container, and accepted with reset', async () => {
    await (await openAt(at('container'))).close();
    const header = headerOf(at('container'));
    const owner = { ...header.owner, pidNamespace: 1 };
    writeHeaderFile(at('container'), { ...header, isInUse: true, owner });
    await assertRefused(at('container'), 'ZSWAP_DEVICE_UNCLEAN', /another container/);
    await (await openAt(at('container'), { reset: true })).close();
  });
});

describe('a file of somebody else', () => {
  it('is refused and left alone, and taken with reset', async () => {
    writeFileSync(at('letter'), 'Dear Sir or Madam');
    await assertRefused(at('letter'), 'ZSWAP_DEVICE_FOREIGN', /holds data that is not ours/);
    await (await openAt(at('letter'), { reset: true })).close();
    assert.equal(headerOf(at('letter')).isInUse, false);
  });

  it('is refused if only its header looks like ours', async () => {
    await (await openAt(at('damaged'))).close();
    const page = readFileSync(at('damaged'));
    page[100] = 1;
    writeFileSync(at('damaged'), page);
    await assertRefused(at('damaged'), 'ZSWAP_DEVICE_FOREIGN', /another version or a damaged one/);
    await (await openAt(at('damaged'), { reset: true })).close();
  });

  it('is taken without reset if it holds nothing but zeros', async () => {
    writeFileSync(at('zeros'), new Uint8Array(100_000));
    await (await openAt(at('zeros'))).close();
  });

  it('is never reached through a symbolic link', async () => {
    writeFileSync(at('victim'), '');
    symlinkSync(at('victim'), at('trap'));
    await assert.rejects(openAt(at('trap'), { reset: true }), { code: 'ZSWAP_DEVICE_OPEN' });
    assert.equal(statSync(at('victim')).size, 0);
  });
});

describe('a full disk', () => {
  const skip = reasonToSkip('root and mount', () => makeSmallFileSystem(MIB));
  it(
    'refuses writes with ENOSPC, keeps what it has, and goes on after a discard',
    { skip },
    async () => {
      const small = makeSmallFileSystem(MIB);
      const device = await openAt(join(small.path, 'swap'), { pageCount: 4096, segmentPages: 64 });
      try {
        const outcomes: number[] = [];
        const bio = new Bio();
        for (let page = 0; page < 512; page += 16) {
          bio.bytes.fill(page / 16);
          outcomes.push((await transfer(device, bio, 'write', page, 16)).error);
        }
        const written = outcomes.indexOf(ENOSPC);
        assert.ok(written >= 8 && written < 16);
        assert.ok(outcomes.slice(written).every((error) => error === ENOSPC));
        for (let run = 0; run < written; run++) {
          const back = await transfer(device, bio, 'read', run * 16, 16);
          assert.equal(back.error, OK);
          assert.ok(back.bytes.subarray(0, 16 * PAGE_SIZE).every((byte) => byte === run));
        }
        device.discard(63, 64);
        await device.settled();
        for (let page = 1024; page < 1072; page += 16) {
          assert.equal((await transfer(device, bio, 'write', page, 16)).error, OK);
        }
      } finally {
        await device.close();
        small.remove();
      }
    },
  );
});

describe('a block device', () => {
  const skip = reasonToSkip('root and losetup', () => makeLoopDevice(4 * MIB));
  it('offers all its pages but the header, or as many as asked for', { skip }, async () => {
    const loop = makeLoopDevice(4 * MIB);
    try {
      const all = await openAt(loop.path, { pageCount: 0 });
      assert.equal(all.pageCount, 1023);
      assert.equal(all.heldBytes(), 0);
      await assert.rejects(openAt(loop.path), { code: 'ZSWAP_DEVICE_BUSY' });
      await all.close();
      const some = await openAt(loop.path, { pageCount: 100 });
      assert.equal(some.pageCount, 100);
      await some.close();
      const tooMany = openAt(loop.path, { pageCount: 1024 });
      await assert.rejects(tooMany, { code: 'ZSWAP_DEVICE_OPEN', message: /room for 1023 pages/ });
    } finally {
      loop.remove();
    }
  });

  it('gives space back to what is below it', { skip }, async () => {
    const loop = makeLoopDevice(4 * MIB);
    const image = join(loop.folder, 'image');
    try {
      const device = await openAt(loop.path, { pageCount: 0, segmentPages: 256 });
      for (let page = 0; page < 1023 - 32; page += 32) {
        await transfer(device, new Bio(), 'write', page, 32);
      }
      const before = statSync(image).blocks;
      device.discard(255, 512);
      await device.settled();
      assert.equal(statSync(image).blocks, before - (512 * PAGE_SIZE) / 512);
      await device.close();
    } finally {
      loop.remove();
    }
  });

  it('is refused if it holds a file system, and taken with reset', { skip }, async () => {
    const loop = makeLoopDevice(4 * MIB);
    try {
      writeFileSync(loop.path, new Uint8Array(2048).fill(0x53));
      await assert.rejects(openAt(loop.path), { code: 'ZSWAP_DEVICE_FOREIGN' });
      assert.equal(present(readFileSync(loop.path)[0]), 0x53);
      await (await openAt(loop.path, { reset: true })).close();
      await (await openAt(loop.path)).close();
    } finally {
      loop.remove();
    }
  });
});
