import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Segments } from '../../../../src/swap/device/segments.ts';

/** 4 segments of 32 storage pages, the last one of 5; device page p is storage page p + 1. */
function makeSegments(): Segments {
  return new Segments({ pageCount: 100, leadingPages: 1, segmentPages: 32 });
}

describe('Segments', () => {
  it('cuts the storage, so that the header shortens the first segment', () => {
    const segments = makeSegments();
    assert.equal(segments.segmentCount, 4);
    assert.equal(segments.firstStoragePage(0), 1);
    assert.equal(segments.endStoragePage(0), 32);
    assert.equal(segments.firstStoragePage(3), 96);
    assert.equal(segments.endStoragePage(3), 101);
  });

  it('counts a page once however often it is written', () => {
    const segments = makeSegments();
    segments.markWritten(0, 3);
    segments.markWritten(1, 3);
    assert.equal(segments.livePagesOf(0), 4);
  });

  it('counts a run on both sides of a border', () => {
    const segments = makeSegments();
    segments.markWritten(30, 4);
    assert.equal(segments.livePagesOf(0), 1);
    assert.equal(segments.livePagesOf(1), 3);
  });

  it('queues a segment with its last live page and takes it once', () => {
    const segments = makeSegments();
    segments.markWritten(40, 2);
    segments.markFree(40, 1);
    assert.equal(segments.queuedCount, 0);
    segments.markFree(41, 1);
    assert.equal(segments.queuedCount, 1);
    assert.equal(segments.takeQueued(), 1);
    assert.equal(segments.takeQueued(), -1);
  });

  it('does not queue a segment that was never written', () => {
    const segments = makeSegments();
    segments.markFree(0, 100);
    assert.equal(segments.queuedCount, 0);
  });

  it('withdraws a queued segment when it is written again', () => {
    const segments = makeSegments();
    segments.markWritten(40, 1);
    segments.markFree(40, 1);
    segments.markWritten(50, 1);
    assert.equal(segments.queuedCount, 0);
    assert.equal(segments.takeQueued(), -1);
  });

  it('makes a write wait that touches a segment being punched, and no other', () => {
    const segments = makeSegments();
    segments.markWritten(40, 1);
    segments.markFree(40, 1);
    segments.takeQueued();
    assert.equal(segments.mustWait(50, 1), true);
    assert.equal(segments.mustWait(20, 20), true);
    assert.equal(segments.mustWait(0, 31), false);
    assert.equal(segments.mustWait(63, 30), false);
    assert.throws(() => segments.markWritten(40, 1), /being punched/);
    segments.endPunch(1, true);
    assert.equal(segments.mustWait(50, 1), false);
    assert.equal(segments.takeTail(), -1, 'nothing has storage any more');
  });

  it('keeps the storage of a segment whose punch failed', () => {
    const segments = makeSegments();
    segments.markWritten(40, 1);
    segments.markFree(40, 1);
    segments.endPunch(segments.takeQueued(), false);
    assert.equal(segments.queuedCount, 0);
    assert.equal(segments.takeTail(), 0, 'there is storage to be given back');
  });

  it('takes queued segments in turn', () => {
    const segments = makeSegments();
    for (const page of [0, 40, 70]) {
      segments.markWritten(page, 1);
      segments.markFree(page, 1);
    }
    const taken = [segments.takeQueued(), segments.takeQueued(), segments.takeQueued()];
    assert.deepEqual(taken, [0, 1, 2]);
  });

  it('takes as the tail everything behind the last live page', () => {
    const segments = makeSegments();
    segments.markWritten(0, 100);
    segments.markFree(0, 31);
    assert.equal(segments.takeTail(), -1);
    assert.equal(segments.queuedCount, 0);
    segments.markFree(63, 37);
    assert.equal(segments.queuedCount, 2);
    assert.equal(segments.takeTail(), 2);
    assert.equal(segments.mustWait(95, 1), true);
    segments.endPunch(2, true);
    segments.endPunch(3, true);
    segments.markFree(31, 32);
    assert.equal(
      segments.takeTail(),
      0,
      'the first segment was freed earlier and still has storage',
    );
  });

  it('finds no tail where nothing has storage', () => {
    assert.equal(makeSegments().takeTail(), -1);
  });

  it('forgets the queue on request', () => {
    const segments = makeSegments();
    segments.markWritten(0, 1);
    segments.markFree(0, 1);
    segments.dropQueue();
    assert.equal(segments.takeQueued(), -1);
    segments.markWritten(0, 1);
    segments.markFree(0, 1);
    assert.equal(segments.takeQueued(), 0);
  });
});
