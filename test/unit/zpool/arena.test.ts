import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { MIB, PAGE_SIZE } from '../../../src/std/units.ts';
import { patternBytes } from '../../../src/testing/zpool-contract.ts';
import { Arena, type FrameOwner, PoolFrames } from '../../../src/zpool/arena.ts';

/** Chunks of four pages, of which three are frames. */
const CHUNK_BYTES = 4 * PAGE_SIZE;

/** An owner that holds one frame per index and follows its moves. */
class Holder implements FrameOwner {
  readonly frames = new Map<number, number>();
  readonly share: PoolFrames;

  constructor(arena: Arena) {
    this.share = new PoolFrames(arena, this);
  }

  hold(index: number): number {
    const frame = this.share.alloc(index);
    if (frame !== 0) this.frames.set(index, frame);
    return frame;
  }

  drop(index: number): void {
    this.share.free(this.frames.get(index) ?? 0);
    this.frames.delete(index);
  }

  frameMoved(index: number, from: number, to: number): void {
    assert.equal(this.frames.get(index), from);
    this.frames.set(index, to);
  }
}

function holding(count: number): { arena: Arena; holder: Holder } {
  const arena = new Arena({ chunkBytes: CHUNK_BYTES });
  const holder = new Holder(arena);
  for (let index = 1; index <= count; index++) {
    holder.hold(index);
    arena.memory.write(holder.frames.get(index) ?? 0, 0, patternBytes(PAGE_SIZE, index));
  }
  return { arena, holder };
}

function assertContents({ arena, holder }: { arena: Arena; holder: Holder }): void {
  const target = new Uint8Array(PAGE_SIZE);
  for (const [index, frame] of holder.frames) {
    arena.memory.read(frame, 0, PAGE_SIZE, target, 0);
    assert.deepEqual(target, patternBytes(PAGE_SIZE, index));
  }
}

/** Two chunks of the usual size, full, and then the second of them free. */
function twoLargeChunks(): { arena: Arena; holder: Holder; chunkBytes: number; frames: number } {
  const arena = new Arena();
  const holder = new Holder(arena);
  holder.hold(1);
  const chunkBytes = arena.residentBytes;
  const frames = chunkBytes / PAGE_SIZE - 1;
  for (let index = 2; index <= 3 * frames; index++) holder.hold(index);
  for (let index = frames + 1; index <= 3 * frames; index++) holder.drop(index);
  return { arena, holder, chunkBytes, frames };
}

describe('Arena', () => {
  it('gives the memory of a large chunk back piece by piece', () => {
    const { arena, chunkBytes } = twoLargeChunks();
    let before = arena.residentBytes;
    assert.ok(before > chunkBytes);
    for (let calls = 0; arena.migrate(1) > 0; calls++) {
      assert.ok(before - arena.residentBytes <= 2 * (chunkBytes / 16), 'a piece or two at a time');
      assert.ok(calls < 100);
      before = arena.residentBytes;
    }
    assert.equal(arena.residentBytes, chunkBytes);
  });

  it('gives memory back as fast as frames are freed', () => {
    const { arena, holder, chunkBytes, frames } = twoLargeChunks();
    arena.releaseSpare();
    const before = arena.residentBytes;
    for (let index = 1; index < frames; index++) holder.drop(index);
    assert.ok(arena.residentBytes <= before - (chunkBytes - chunkBytes / 8));
  });

  it('takes a chunk again whose memory is being given back', () => {
    const { arena, holder, chunkBytes, frames } = twoLargeChunks();
    arena.releaseSpare();
    assert.ok(arena.residentBytes % chunkBytes !== 0, 'one is on its way');
    for (let index = frames + 1; index <= 3 * frames; index++) {
      const frame = holder.hold(index);
      arena.memory.write(frame, 0, patternBytes(PAGE_SIZE, index));
    }
    assert.equal(arena.residentBytes, 3 * chunkBytes);
    for (let index = 1; index <= frames; index++) holder.drop(index);
    assertContents({ arena, holder });
    for (let index = frames + 1; index <= 3 * frames; index++) holder.drop(index);
    while (arena.migrate(64) > 0);
    assert.equal(arena.residentBytes, 0);
  });

  it('takes frames from the lowest chunk that has one', () => {
    const { arena, holder } = holding(9);
    assert.equal(new Set(holder.frames.values()).size, 9);
    holder.drop(8);
    holder.drop(2);
    assert.equal(holder.hold(20), 2);
    assert.equal(holder.hold(21) >> 2, 2);
    assert.equal(arena.pagesUsed, 9);
  });

  it('gives chunks back when they are free, but one', () => {
    const { arena, holder } = holding(9);
    assert.equal(arena.residentBytes, 3 * CHUNK_BYTES);
    for (const index of [7, 8, 9]) holder.drop(index);
    assert.equal(arena.residentBytes, 3 * CHUNK_BYTES);
    for (const index of [4, 5, 6]) holder.drop(index);
    assert.equal(arena.residentBytes, 2 * CHUNK_BYTES);
    arena.releaseSpare();
    assert.equal(arena.residentBytes, CHUNK_BYTES);
    for (const index of [11, 12, 13, 14, 15, 16]) assert.notEqual(holder.hold(index), 0);
    assert.equal(arena.residentBytes, 3 * CHUNK_BYTES);
  });

  it('refuses frames above the limit and has them again after a free', () => {
    const arena = new Arena({ chunkBytes: CHUNK_BYTES, pageLimit: 2 });
    const holder = new Holder(arena);
    holder.hold(1);
    holder.hold(2);
    assert.equal(holder.hold(3), 0);
    assert.equal(holder.share.count, 2);
    holder.drop(1);
    assert.notEqual(holder.hold(3), 0);
  });

  it('answers that there is no memory when the system refuses a chunk', () => {
    const unlimited = ArrayBuffer;
    const arena = new Arena({ chunkBytes: CHUNK_BYTES });
    const holder = new Holder(arena);
    globalThis.ArrayBuffer = class extends ArrayBuffer {
      constructor() {
        super(0);
        throw new RangeError('Array buffer allocation failed');
      }
    } as unknown as typeof ArrayBuffer;
    try {
      assert.equal(holder.hold(1), 0);
    } finally {
      globalThis.ArrayBuffer = unlimited;
    }
    assert.equal(arena.residentBytes, 0);
    assert.notEqual(holder.hold(1), 0);
  });

  it('moves the frames of the highest chunk into lower ones and gives it back', () => {
    const state = holding(9);
    const { arena, holder } = state;
    for (const index of [1, 5, 8]) holder.drop(index);
    assert.equal(arena.migrate(100), 2);
    assert.equal(arena.residentBytes, 2 * CHUNK_BYTES);
    assert.equal(arena.pagesUsed, 6);
    assertContents(state);
    assert.ok([...holder.frames.values()].every((frame) => frame < 8));
    assert.equal(arena.migrate(100), 0);
  });

  it('migrates in steps of the budget', () => {
    const state = holding(9);
    const { arena, holder } = state;
    for (const index of [1, 2, 4, 8]) holder.drop(index);
    assert.equal(arena.migrate(1), 1);
    assert.equal(arena.residentBytes, 3 * CHUNK_BYTES);
    assert.equal(arena.migrate(1), 1);
    assert.equal(arena.residentBytes, 2 * CHUNK_BYTES);
    assert.equal(arena.migrate(1), 0);
    assertContents(state);
  });

  it('comes back to a frame that was taken behind where it stopped', () => {
    const state = holding(9);
    const { arena, holder } = state;
    for (const index of [1, 4, 5]) holder.drop(index);
    // The first frame of the highest chunk leaves, and is the first to be taken when all is full.
    assert.equal(arena.migrate(1), 1);
    for (const index of [10, 11, 12]) holder.hold(index);
    assert.ok([10, 11, 12].some((index) => (holder.frames.get(index) ?? 0) > 8));
    for (const index of [10, 11, 12]) {
      arena.memory.write(holder.frames.get(index) ?? 0, 0, patternBytes(PAGE_SIZE, index));
    }
    for (const index of [2, 3, 6]) holder.drop(index);
    assert.equal(arena.migrate(100), 3);
    assert.equal(arena.residentBytes, 2 * CHUNK_BYTES);
    assertContents(state);
  });

  it('moves nothing when the highest chunk does not fit below, and frees the spare', () => {
    const { arena, holder } = holding(9);
    for (const index of [1, 2, 3, 4]) holder.drop(index);
    // Five pages need two chunks: moving two of them into the spare would gain nothing.
    assert.equal(arena.migrate(100), 0);
    assert.equal(arena.residentBytes, 2 * CHUNK_BYTES);
  });

  it('drops the number of an owner that holds nothing', () => {
    const arena = new Arena({ chunkBytes: CHUNK_BYTES });
    for (let round = 0; round < 1000; round++) {
      const holder = new Holder(arena);
      assert.notEqual(holder.hold(1), 0);
      holder.drop(1);
    }
    const holders = Array.from({ length: 127 }, () => new Holder(arena));
    for (const holder of holders) holder.hold(1);
    assert.throws(() => new Holder(arena).hold(1), RangeError);
    holders[7]?.drop(1);
    assert.notEqual(new Holder(arena).hold(1), 0);
  });

  it('notices a frame freed twice', () => {
    const { arena, holder } = holding(2);
    const frame = holder.frames.get(1) ?? 0;
    arena.free(frame);
    assert.throws(() => arena.free(frame), { name: 'InvariantError' });
  });

  it('refuses chunk sizes that are not a power of two of pages', () => {
    for (const chunkBytes of [0, PAGE_SIZE, 3 * PAGE_SIZE, 10_000, 512 * MIB]) {
      assert.throws(() => new Arena({ chunkBytes }), RangeError);
    }
  });

  it('returns memory to the system when it shrinks', () => {
    const residentMib = (): number => {
      const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]);
      return (pages * PAGE_SIZE) / MIB;
    };
    const arena = new Arena();
    const holder = new Holder(arena);
    const page = patternBytes(PAGE_SIZE, 1);
    const before = residentMib();
    const count = (256 * MIB) / PAGE_SIZE;
    for (let index = 1; index <= count; index++) arena.memory.write(holder.hold(index), 0, page);
    const full = residentMib();
    for (let index = 1; index <= count; index++) holder.drop(index);
    const drained = residentMib();
    assert.ok(full - before > 240, `${full - before} MiB taken`);
    assert.ok(full - drained > 220, `${full - drained} MiB given back of ${full - before}`);
    assert.ok(arena.residentBytes <= 4 * MIB);
  });
});
