import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Payload } from '../../../src/blk/payload.ts';
import type { BlkOp, BlkRequest } from '../../../src/blk/request.ts';
import { EIO, OK } from '../../../src/std/errno.ts';
import { RamDisk } from '../../../src/testing/ram-disk.ts';

const PAGE = 4096;

function request(
  disk: RamDisk,
  op: BlkOp,
  offset: number,
  length: number,
  done: BlkRequest[] = [],
): BlkRequest {
  const made = disk.createRequest((finished) => void done.push(finished));
  made.op = op;
  made.offset = offset;
  made.length = length;
  made.payload = new Payload(length);
  made.payload.bytes.fill(7, 0, length);
  made.payloadOffset = 0;
  made.available = op === 'write' ? length : 0;
  return made;
}

describe('RamDisk', () => {
  it('writes and reads at any alignment', () => {
    const disk = new RamDisk('ram', 4 * PAGE);
    assert.ok(disk.start(request(disk, 'write', 100, 5000)));
    const read = request(disk, 'read', 99, 5002);
    assert.ok(disk.start(read));
    assert.equal(read.done, 5002);
    const bytes = read.payload?.bytes.subarray(0, 5002);
    assert.deepEqual([bytes?.[0], bytes?.[1], bytes?.[5000], bytes?.[5001]], [0, 7, 7, 0]);
  });

  it('takes a payload page by page as it comes, from wherever it was moved to', () => {
    const disk = new RamDisk('ram', 4 * PAGE);
    const write = request(disk, 'write', 10, 2 * PAGE);
    write.available = 0;
    assert.equal(disk.start(write), false);
    write.available = PAGE + 1;
    assert.equal(disk.feed(write), false);
    assert.equal(write.done, PAGE - 10);
    const moved = new Payload(2 * PAGE - write.done);
    moved.bytes.fill(9, 0, moved.size);
    write.payload = moved;
    write.payloadOffset = -write.done;
    write.available = 2 * PAGE;
    assert.equal(disk.feed(write), true);
    assert.deepEqual([disk.bytes[10], disk.bytes[PAGE - 1], disk.bytes[PAGE]], [7, 7, 9]);
  });

  it('waits when told to and calls back from its own turn', () => {
    const disk = new RamDisk('ram', 4 * PAGE, { waitChance: 1 });
    const done: BlkRequest[] = [];
    const write = request(disk, 'write', 0, 2 * PAGE, done);
    assert.equal(disk.start(write), false);
    assert.equal(disk.waitingCount, 1);
    assert.ok(disk.runOne());
    assert.deepEqual([write.done, done.length], [PAGE, 0]);
    assert.ok(disk.runOne());
    assert.deepEqual([write.error, done], [OK, [write]]);
    assert.equal(disk.runOne(), false);
  });

  it('waits alike for the same seed', () => {
    const trace = (seed: number): boolean[] => {
      const disk = new RamDisk('ram', 4 * PAGE, { seed, waitChance: 0.5 });
      return Array.from(
        { length: 30 },
        () =>
          disk.start(request(disk, 'flush', 0, 0)) && disk.start(request(disk, 'zero', 0, PAGE)),
      );
    };
    assert.deepEqual(trace(5), trace(5));
    assert.notDeepEqual(trace(5), trace(6));
  });

  it('gives up an incomplete write and keeps its whole pages', () => {
    for (const waitChance of [0, 1]) {
      const disk = new RamDisk('ram', 4 * PAGE, { waitChance });
      const done: BlkRequest[] = [];
      const write = request(disk, 'write', 0, 3 * PAGE, done);
      write.available = 2 * PAGE - 1;
      assert.equal(disk.start(write), false);
      const finished = disk.abandon(write);
      assert.equal(finished, waitChance === 0);
      while (disk.runOne());
      assert.equal(done.length, finished ? 0 : 1);
      assert.equal(write.error, EIO);
      assert.deepEqual([disk.bytes[PAGE - 1], disk.bytes[PAGE]], [7, 0]);
    }
  });

  it('refuses bad pages and describes the others', () => {
    const disk = new RamDisk('ram', 4 * PAGE);
    disk.badPages.set(1, EIO);
    const write = request(disk, 'write', 0, 2 * PAGE);
    assert.ok(disk.start(write));
    assert.deepEqual([write.error, write.done], [EIO, PAGE]);
    disk.start(request(disk, 'zero', 2 * PAGE, PAGE));
    disk.start(request(disk, 'write', 3 * PAGE, PAGE));
    disk.start(request(disk, 'trim', 3 * PAGE, PAGE));
    const runs: [number, string][] = [];
    disk.status(1, 4 * PAGE - 1, (bytes, state) => runs.push([bytes, state]) > 0);
    assert.deepEqual(runs, [
      [PAGE - 1, 'data'],
      [PAGE, 'hole'],
      [PAGE, 'zero'],
      [PAGE, 'hole'],
    ]);
  });
});
