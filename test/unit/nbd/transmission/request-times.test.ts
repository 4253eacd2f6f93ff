// Goal: each answered request is timed once, from its arrival to its reply, for one look at the
// clock a batch. Method: the harness's clock moves by a millisecond with each look.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnsweredBatch, RequestTimes } from '../../../../src/nbd/transmission/request-times.ts';
import { RamDisk } from '../../../../src/testing/ram-disk.ts';
import { Harness } from '../../../support/nbd-harness.ts';

const MIB = 2 ** 20;
const [READ, WRITE, FLUSH, TRIM, ZEROES] = [0, 1, 3, 4, 6] as const;

function countsOf(harness: Harness): Record<string, number> {
  const rows = Object.entries(harness.shared.times.read());
  return Object.fromEntries(rows.map(([op, { count }]) => [op, count]));
}

describe('the times of requests', () => {
  it('has each command once', () => {
    const harness = new Harness(new RamDisk('swap', MIB));
    harness.exchange(
      { type: WRITE, cookie: 1, data: new Uint8Array(4096) },
      { type: READ, cookie: 2, length: 4096 },
      { type: READ, cookie: 3, length: 8192 },
      { type: TRIM, cookie: 4, length: 4096 },
      { type: ZEROES, cookie: 5, length: 4096 },
      { type: FLUSH, cookie: 6 },
    );
    assert.deepEqual(countsOf(harness), { read: 2, write: 1, trim: 1, zero: 1, flush: 1 });
  });

  it('leaves out what was refused before it began', () => {
    const harness = new Harness(new RamDisk('swap', MIB));
    harness.exchange({ type: READ, cookie: 1, offset: MIB, length: 1 }, { type: 99, cookie: 2 });
    assert.deepEqual(countsOf(harness), { read: 0, write: 0, trim: 0, zero: 0, flush: 0 });
  });

  it('lasts until the reply of a request that has to wait', () => {
    const harness = new Harness(new RamDisk('swap', MIB, { waitChance: 1 }));
    harness.shared.msPerLook = 1;
    assert.equal(harness.exchange({ type: READ, length: 4096 }).length, 0);
    assert.equal(countsOf(harness)['read'], 0);
    harness.shared.msPerLook = 1000;
    harness.settle();
    assert.equal(harness.takeReplies().length, 1);
    const { count, sum_seconds } = harness.shared.times.read().read;
    assert.equal(count, 1);
    assert.ok(sum_seconds >= 1, String(sum_seconds));
  });

  it('lasts from the header of a write to the end of its payload', () => {
    const harness = new Harness(new RamDisk('swap', MIB));
    harness.shared.msPerLook = 1;
    const bytes = harness.encode({ type: WRITE, data: new Uint8Array(65_536) });
    harness.push(bytes, [4096]);
    harness.settle();
    assert.equal(harness.takeReplies().length, 1);
    const { count, sum_seconds } = harness.shared.times.read().write;
    assert.equal(count, 1);
    assert.ok(sum_seconds >= 0.016, String(sum_seconds));
  });

  it('looks at the clock once for all that is answered together, however much that is', () => {
    let looks = 0;
    const times = new RequestTimes();
    const batch = new AnsweredBatch(times, () => 5 + (looks += 1));
    batch.settle();
    assert.equal(looks, 0);
    for (let i = 0; i < 200; i++) batch.note('read', 5);
    batch.settle();
    batch.settle();
    assert.equal(looks, 1);
    assert.equal(times.read().read.count, 200);
    for (let i = 0; i < 1000; i++) batch.note('trim', 5);
    batch.settle();
    assert.equal(times.read().trim.count, 1000);
  });
});
