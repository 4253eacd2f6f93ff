/**
 * Space given back by a real helper process on a real file system. Stopping the helper with a
 * signal holds a punch open for as long as a test needs.
 */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { present } from '../../../../src/std/assert.ts';
import { OK } from '../../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { BIO_PAGES, Bio } from '../../../../src/swap/device/device.ts';
import { PageChecksums } from '../../../../src/swap/device/checksums.ts';
import { crc32 } from '../../../../src/swap/device/crc32.ts';
import { openFileDevice } from '../../../../src/swap/device/device-file.ts';
import type { FileDevice } from '../../../../src/swap/device/device-file.ts';
import { DevicePages, NO_DEVICE_PAGE } from '../../../../src/swap/device/placement.ts';
import { untilGone } from '../../../support/device-process.ts';
import { NodeRt } from '../../../../src/rt/rt-node.ts';
import { makeFolder, transfer } from '../../../support/storage.ts';

const SEGMENT_PAGES = 64;
const SEGMENT_BYTES: number = SEGMENT_PAGES * PAGE_SIZE;
/** Device pages of the segments: the first one is a page shorter because of the header. */
const SEGMENT_STARTS = [0, 63, 127, 191] as const;
const PAGE_COUNT = 255;

const rt = new NodeRt();
const folder = makeFolder();
after(() => folder.remove());

async function openFilled(name: string, warnings: string[] = []): Promise<FileDevice> {
  const path = join(folder.path, name);
  const onWarning = (message: string): void => void warnings.push(message);
  const options = { path, pageCount: PAGE_COUNT, rt, segmentPages: SEGMENT_PAGES, onWarning };
  const device = await openFileDevice(options);
  warnings.length = 0;
  const bio = new Bio();
  for (let page = 0; page < PAGE_COUNT; page += BIO_PAGES) {
    bio.bytes.fill(1 + page / BIO_PAGES);
    const count = Math.min(BIO_PAGES, PAGE_COUNT - page);
    assert.equal((await transfer(device, bio, 'write', page, count)).error, OK);
  }
  return device;
}

async function firstByte(device: FileDevice, page: number): Promise<number | undefined> {
  return (await transfer(device, new Bio(), 'read', page, 1)).bytes[0];
}

function discardSegment(device: FileDevice, segment: number): void {
  const start = present(SEGMENT_STARTS[segment]);
  device.discard(start, (SEGMENT_STARTS[segment + 1] ?? PAGE_COUNT) - start);
}

/** Runs `body` with a tool path that has nothing but a shell. */
async function withoutTools<T>(body: () => Promise<T>): Promise<T> {
  const tools = join(folder.path, 'no-tools');
  mkdirSync(tools);
  symlinkSync('/bin/sh', join(tools, 'sh'));
  const path = process.env['PATH'];
  process.env['PATH'] = tools;
  try {
    return await body();
  } finally {
    process.env['PATH'] = path;
  }
}

describe('giving space back', () => {
  it('gives back the blocks of wholly free segments and keeps the others', async () => {
    const device = await openFilled('punched');
    const before = device.heldBytes();
    assert.ok(before >= 4 * SEGMENT_BYTES);
    discardSegment(device, 0);
    discardSegment(device, 2);
    await device.settled();
    const first = SEGMENT_BYTES - PAGE_SIZE;
    assert.equal(device.heldBytes(), before - first - SEGMENT_BYTES);
    assert.equal(await firstByte(device, 63), 2);
    assert.equal(await firstByte(device, 254), 8);
    await device.close();
  });

  it('keeps a segment with a single live page', async () => {
    const device = await openFilled('one-left');
    const before = device.heldBytes();
    device.discard(63, 30);
    device.discard(94, 33);
    await device.settled();
    assert.equal(device.heldBytes(), before);
    assert.equal(await firstByte(device, 93), 3);
    await device.close();
  });

  it('withdraws a segment that is written before its punch starts', async () => {
    const device = await openFilled('withdrawn');
    const before = device.heldBytes();
    discardSegment(device, 1);
    const bio = new Bio();
    bio.bytes.fill(99);
    await transfer(device, bio, 'write', 70, 1);
    await device.settled();
    assert.equal(device.heldBytes(), before);
    assert.equal(await firstByte(device, 70), 99);
    await device.close();
  });

  it('makes a write to a segment being punched wait, and no other', async () => {
    const device = await openFilled('waiting');
    const helper = present(device.helperPid);
    process.kill(helper, 'SIGSTOP');
    discardSegment(device, 1);
    await rt.yieldNow();
    const order: string[] = [];
    const waiting = new Bio();
    waiting.bytes.fill(77);
    const written = transfer(device, waiting, 'write', 100, 2).then(() => order.push('punched'));
    await transfer(device, new Bio(), 'write', 0, 1).then(() => order.push('other'));
    assert.equal(await firstByte(device, 200), 7);
    assert.deepEqual(order, ['other']);
    process.kill(helper, 'SIGCONT');
    await written;
    await device.settled();
    assert.equal(await firstByte(device, 100), 77);
    assert.equal(await firstByte(device, 101), 77);
    await device.close();
  });

  it('waits for a punch under way when it is closed', async () => {
    const device = await openFilled('closing');
    const helper = present(device.helperPid);
    process.kill(helper, 'SIGSTOP');
    discardSegment(device, 3);
    await rt.yieldNow();
    const closed = device.close();
    process.kill(helper, 'SIGCONT');
    await closed;
  });

  it('warns once when the helper dies, and cuts the free end off from then on', async () => {
    const warnings: string[] = [];
    const device = await openFilled('dying', warnings);
    const before = device.heldBytes();
    const helper = present(device.helperPid);
    process.kill(helper, 'SIGSTOP');
    discardSegment(device, 1);
    await rt.yieldNow();
    process.kill(helper, 'SIGKILL');
    await untilGone(helper);
    await device.settled();
    assert.equal(device.heldBytes(), before, 'a free segment in the middle stays held');
    discardSegment(device, 2);
    discardSegment(device, 3);
    await device.settled();
    assert.equal(device.heldBytes(), before - 3 * SEGMENT_BYTES);
    assert.equal(await firstByte(device, 62), 2);
    await transfer(device, new Bio(), 'write', 254, 1);
    assert.equal(await firstByte(device, 254), 0);
    assert.equal(warnings.length, 1);
    assert.match(present(warnings[0]), /dying: holes cannot be punched .*helper process has ended/);
    await device.close();
  });

  it('cuts the free end off where the tools are missing', async () => {
    const warnings: string[] = [];
    const device = await withoutTools(() => {
      const path = join(folder.path, 'toolless');
      const onWarning = (message: string): void => void warnings.push(message);
      const options = { path, pageCount: PAGE_COUNT, rt, segmentPages: SEGMENT_PAGES, onWarning };
      return openFileDevice(options);
    });
    assert.match(present(warnings[0]), /tools for it are missing.*only its free end/);
    for (let page = 0; page < PAGE_COUNT; page++) {
      await transfer(device, new Bio(), 'write', page, 1);
    }
    const before = device.heldBytes();
    discardSegment(device, 3);
    await device.settled();
    assert.equal(device.heldBytes(), before - SEGMENT_BYTES);
    await device.close();
  });

  it('loses no page while writes, reads, discards and punches overlap', async () => {
    const device = await openFileDevice({
      path: join(folder.path, 'overlapping'),
      pageCount: 2048,
      rt,
      segmentPages: SEGMENT_PAGES,
    });
    const churn = new Churn(device);
    await Promise.all(Array.from({ length: 8 }, () => churn.work(150)));
    assert.ok(churn.pagesChecked > 1000);
    await device.close();
  });
});

/** A run of device pages that holds data. */
interface Run {
  readonly first: number;
  readonly count: number;
}

/** Several workers that fill, check and empty one device through placement and checksums. */
class Churn {
  pagesChecked = 0;
  readonly #device: FileDevice;
  readonly #placement: DevicePages;
  readonly #checksums: PageChecksums;
  /** Runs that no worker is busy with. */
  readonly #runs: Run[] = [];

  constructor(device: FileDevice) {
    this.#device = device;
    this.#placement = new DevicePages(device.pageCount);
    this.#checksums = new PageChecksums(device.pageCount);
  }

  async work(steps: number): Promise<void> {
    const bio = new Bio();
    for (let step = 0; step < steps; step++) {
      // More goes in than out for a while, then the other way round, so that segments empty.
      const share = step % 50 < 25 ? 0.7 : 0.2;
      if (rt.randomU32() / 2 ** 32 < share) await this.#fill(bio);
      else await this.#empty(bio);
    }
  }

  async #fill(bio: Bio): Promise<void> {
    const first = this.#placement.allocateRun(1 + (rt.randomU32() % BIO_PAGES));
    if (first === NO_DEVICE_PAGE) return;
    const count = this.#placement.runLength;
    for (const [index, page] of bio.pages.slice(0, count).entries()) {
      page.fill(rt.randomU32() >>> 24);
      this.#checksums.set(first + index, crc32(page));
    }
    assert.equal((await transfer(this.#device, bio, 'write', first, count)).error, OK);
    this.#runs.push({ first, count });
  }

  async #empty(bio: Bio): Promise<void> {
    const [run] = this.#runs.splice(rt.randomU32() % (this.#runs.length + 1), 1);
    if (run === undefined) return;
    const { first, count } = run;
    assert.equal((await transfer(this.#device, bio, 'read', first, count)).error, OK);
    for (const [index, page] of bio.pages.slice(0, count).entries()) {
      assert.ok(this.#checksums.matches(first + index, crc32(page)), `page ${first + index}`);
      this.pagesChecked++;
      this.#placement.free(first + index);
    }
    this.#device.discard(first, count);
  }
}
