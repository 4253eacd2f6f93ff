import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { EntryTable } from '../../../../src/cache/lookup/entries.ts';
import { halfSipHash } from '../../../../src/cache/lookup/hash.ts';
import { KeyScratch } from '../../../../src/cache/lookup/key.ts';
import {
  forEachLive,
  HEADER_BYTES,
  Log,
  recordHead,
  segmentOf,
} from '../../../../src/cache/space/log.ts';
import { SEGMENT_BYTES, segmentOffset, Segments } from '../../../../src/cache/space/segments.ts';
import { MIB, PAGE_SIZE } from '../../../../src/std/units.ts';
import { TestMemory } from '../../../support/cache-memory.ts';

describe('the log of records', () => {
  let memory: TestMemory;
  let segments: Segments;
  let log: Log;
  const key = new KeyScratch(halfSipHash(1, 2));
  beforeEach(() => {
    memory = new TestMemory({ bytes: MIB });
    segments = new Segments(memory);
    log = new Log(memory, segments);
    key.set('key');
  });

  it('reads a record back, staged or written', () => {
    log.open();
    const location = log.append(5, key, Uint8Array.of(1, 2, 3));
    const check = (): void => {
      const record = log.readSync(location, HEADER_BYTES + 6);
      assert.ok(record !== undefined);
      const head = recordHead(record, 0);
      assert.deepEqual(head, { entry: 5, bytes: HEADER_BYTES + 6, keyLength: 3, keyKind: 0 });
      assert.deepEqual(record.slice(-3), Uint8Array.of(1, 2, 3));
    };
    assert.ok(log.isStaged(location));
    check();
    assert.equal(log.flushSync(), 'done');
    assert.ok(!log.isStaged(location));
    check();
  });

  it('writes only the pages that it has filled, and zeros to their end', () => {
    log.open();
    log.append(5, key, new Uint8Array(PAGE_SIZE).fill(9));
    log.flushSync();
    assert.deepEqual([...memory.pages.keys()], [0, 1]);
    assert.ok(
      memory.pages
        .get(1)
        ?.subarray(HEADER_BYTES + 3)
        .every((byte) => byte === 0),
    );
  });

  it('begins a segment anew in which nothing is alive, instead of writing it', () => {
    log.open();
    const location = log.append(5, key, new Uint8Array(4000));
    segments.subtractLive(segmentOf(location), 4016);
    assert.equal(log.flushSync(), 'done');
    assert.equal(memory.pages.size, 0);
    assert.equal(log.append(6, key, new Uint8Array(10)), location);
  });

  it('appends nothing while the segment is being written', async () => {
    log.open();
    const location = log.append(5, key, new Uint8Array(100));
    const flushing = log.flush();
    assert.equal(log.fits(16), false);
    assert.equal(log.flushSync(), 'would-wait');
    assert.ok(log.readSync(location, 20) !== undefined, 'but it can be read');
    assert.equal(await flushing, 'done');
    assert.equal(await log.flush(), 'done');
  });

  it('shows what is alive in a segment to whoever cleans it', () => {
    const entries = new EntryTable();
    log.open();
    const all = Array.from({ length: 20 }, (_, i) => {
      const entry = entries.allocate();
      entries.setRecord(entry, log.append(entry, key, new Uint8Array(i * 20)), 13 + i * 20);
      return entry;
    });
    const segment = segmentOf(entries.location(all[0] ?? 0));
    log.flushSync();
    for (const entry of all) if (entry % 3 === 0) entries.free(entry);
    const bytes = new Uint8Array(SEGMENT_BYTES);
    memory.readSync(segmentOffset(segment), bytes);
    const found: number[] = [];
    forEachLive(segment, bytes, entries, (entry) => found.push(entry) > 0);
    assert.deepEqual(
      found,
      all.filter((entry) => entry % 3 !== 0),
    );
    found.length = 0;
    forEachLive(segment, bytes, entries, (entry) => found.push(entry) < 3);
    assert.equal(found.length, 3, 'until it has had enough');
  });
});
