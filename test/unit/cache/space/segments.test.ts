import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { SEGMENT_BYTES, segmentOffset, Segments } from '../../../../src/cache/space/segments.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { TestMemory } from '../../../support/cache-memory.ts';

const LIMIT = 20;

describe('the segments of a region', () => {
  let memory: TestMemory;
  let segments: Segments;
  beforeEach(() => {
    memory = new TestMemory({ bytes: LIMIT * SEGMENT_BYTES });
    segments = new Segments(memory);
  });

  /** A packed segment with so many bytes alive. */
  function packed(live: number): number {
    const segment = segments.take('open');
    segments.addLive(segment, live);
    memory.writeSync(segmentOffset(segment), new Uint8Array(SEGMENT_BYTES));
    segments.pack(segment);
    return segment;
  }

  it('are numbered from 1 and cover the region', () => {
    const all = Array.from({ length: LIMIT }, () => segments.take('large'));
    const expected = Array.from({ length: LIMIT }, (_, i) => i + 1);
    assert.deepEqual(
      all.toSorted((a, b) => a - b),
      expected,
    );
    assert.equal(segments.available, 0);
    assert.equal(segmentOffset(1), 0);
    assert.equal(segmentOffset(LIMIT), (LIMIT - 1) * SEGMENT_BYTES);
  });

  it('are discarded when nothing in them is alive', () => {
    const segment = packed(100);
    segments.subtractLive(segment, 60);
    assert.equal(memory.pages.size, SEGMENT_BYTES / PAGE_SIZE);
    segments.subtractLive(segment, 40);
    assert.equal(memory.pages.size, 0);
    assert.equal(segments.used, 0);
    assert.equal(segments.take('open'), segment);
  });

  it('are told apart by what is alive in them, the emptiest first', () => {
    const [full, half, sparse] = [packed(SEGMENT_BYTES), packed(8000), packed(1000)];
    assert.equal(segments.sparse(), sparse);
    assert.equal(segments.deadBytes, 2 * SEGMENT_BYTES - 9000);
    assert.equal(segments.packedBytes, 3 * SEGMENT_BYTES);
    segments.subtractLive(sparse, 1000);
    assert.equal(segments.sparse(), half);
    segments.subtractLive(half, 8000);
    assert.equal(segments.sparse(), 0, 'a full one is not worth cleaning');
    segments.subtractLive(full, SEGMENT_BYTES - 16);
    assert.equal(segments.sparse(), full);
    const other = packed(16);
    segments.defer(full);
    assert.equal(segments.sparse(), other);
  });

  it('keep their bytes while they are pinned', () => {
    const segment = packed(100);
    segments.pin(segment);
    segments.pin(segment);
    segments.subtractLive(segment, 100);
    assert.ok(memory.pages.size > 0);
    segments.unpin(segment);
    assert.ok(memory.pages.size > 0);
    segments.unpin(segment);
    assert.equal(memory.pages.size, 0);
    assert.equal(segments.used, 0);
  });

  it('of a large entry are freed together, by their first', () => {
    const [last, first] = [segments.take('large'), segments.take('large')];
    segments.setNext(first, last);
    segments.pin(first);
    segments.freeLarge(first);
    assert.equal(segments.used, 2);
    segments.unpin(first);
    assert.equal(segments.used, 0);
  });

  it('are not used again before a discard that has to wait is done', async () => {
    memory.discardsWait = true;
    const all = Array.from({ length: 6 }, () => packed(10));
    for (const segment of all) segments.subtractLive(segment, 10);
    assert.equal(segments.pending, 6);
    assert.equal(segments.available, LIMIT - 6);
    assert.ok(!all.includes(segments.take('open')));
    await segments.drain();
    assert.equal(segments.pending, 0);
    assert.equal(segments.available, LIMIT - 1);
    assert.equal(memory.pages.size, 0);
  });

  it('whose discard fails are out of use', async () => {
    memory.discardsWait = true;
    memory.discardsFail = true;
    segments.subtractLive(packed(10), 10);
    await segments.drain();
    assert.equal(segments.lost, 1);
    assert.equal(segments.available, LIMIT - 1);
  });

  it('foretell what their table will take', () => {
    const large = new Segments(new TestMemory({ bytes: 4000 * SEGMENT_BYTES }));
    for (let i = 0; i < 2500; i += 1) {
      const growth = large.growthBytes(1);
      const before = large.metadataBytes;
      large.take('large');
      assert.equal(large.metadataBytes, before + growth);
    }
  });
});
