/**
 * Goal: copies of any length at any offset arrive whole and touch nothing else, in one frame, in
 * two adjacent frames, in two frames of one chunk and in two of different chunks.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patternBytes } from '../../../src/testing/zpool-contract.ts';
import { Chunk } from '../../../src/zpool/chunk.ts';
import { FrameMemory } from '../../../src/zpool/frame-memory.ts';

const SHIFT = 2;
const CHUNK_BYTES = 4 * 4096;

function fixture(): { chunks: Chunk[]; memory: FrameMemory } {
  const chunks = [new Chunk(CHUNK_BYTES), new Chunk(CHUNK_BYTES)];
  for (const chunk of chunks) chunk.bytes.fill(0xee);
  return { chunks, memory: new FrameMemory(chunks, SHIFT) };
}

/** A frame's content, seen past the class under test. */
function content(chunks: readonly Chunk[], frame: number): Uint8Array {
  const base = (frame & 3) * 4096;
  return chunks[frame >> SHIFT]?.bytes.slice(base, base + 4096) ?? new Uint8Array(0);
}

describe('FrameMemory', () => {
  for (const [place, frame, next] of [
    ['two adjacent frames', 1, 2],
    ['two frames of one chunk', 1, 3],
    ['two frames of one chunk, the later first', 3, 1],
    ['frames of two chunks', 2, 5],
    ['frames of two chunks, the later first', 6, 1],
  ] as const) {
    it(`writes and reads across ${place}`, () => {
      for (const [offset, size] of [
        [4088, 9],
        [4000, 1337],
        [8, 4089],
        [2048, 4096],
        [4088, 4096],
      ] as const) {
        const { chunks, memory } = fixture();
        memory.setNext(frame, next);
        const bytes = patternBytes(size, size);
        memory.write(frame, offset, bytes);
        const head = 4096 - offset;
        assert.deepEqual(content(chunks, frame).subarray(offset), bytes.slice(0, head));
        assert.ok(
          content(chunks, frame)
            .subarray(0, offset)
            .every((byte) => byte === 0xee),
        );
        const after = content(chunks, next);
        assert.deepEqual(after.slice(0, size - head), bytes.slice(head));
        const end = Math.ceil((size - head) / 8) * 8;
        assert.ok(after.subarray(end).every((byte) => byte === 0xee));
        const target = new Uint8Array(3 * 4096).fill(0x55);
        memory.read(frame, offset, size, target, 100);
        assert.deepEqual(target.slice(100, 100 + size), bytes);
        assert.ok(target.subarray(0, 100).every((byte) => byte === 0x55));
        const rounded = 100 + Math.ceil(size / 1024) * 1024;
        assert.ok(target.subarray(rounded).every((byte) => byte === 0x55));
      }
    });
  }

  it('follows the links of frames', () => {
    const { memory } = fixture();
    memory.setNext(2, 7);
    memory.setNext(7, 1);
    assert.equal(memory.next(1), 0);
    assert.deepEqual(
      [0, 1, 2].map((hops) => memory.follow(2, hops)),
      [2, 7, 1],
    );
    assert.equal(memory.next(7), 1);
  });

  it('keeps words where they were put', () => {
    const { memory } = fixture();
    memory.setWord(6, 4088, 0xfedcba98);
    assert.equal(memory.word(6, 4088), 0xfedcba98);
    assert.equal(memory.swapWord(6, 4088, 1), 0xfedcba98);
    assert.equal(memory.word(6, 4088), 1);
    assert.equal(memory.word(6, 4084), 0xeeeeeeee);
  });

  it('slides bytes inside a frame over themselves', () => {
    const { memory } = fixture();
    const bytes = patternBytes(1000, 1);
    memory.write(5, 700, bytes);
    memory.slide(5, 64, 700, 1000);
    const target = new Uint8Array(1024);
    memory.read(5, 64, 1000, target, 0);
    assert.deepEqual(target.slice(0, 1000), bytes);
  });

  it('copies a frame with its link', () => {
    const { chunks, memory } = fixture();
    const bytes = patternBytes(4096, 2);
    memory.write(1, 0, bytes);
    memory.setNext(1, 99);
    memory.copyFrame(6, 1);
    assert.deepEqual(content(chunks, 6), bytes);
    assert.equal(memory.next(6), 99);
  });

  it('refuses to run off the end of a frame that has no successor', () => {
    const { memory } = fixture();
    assert.throws(() => memory.write(1, 4090, new Uint8Array(7)), { name: 'InvariantError' });
    assert.throws(() => memory.read(1, 4090, 7, new Uint8Array(64), 0), {
      name: 'InvariantError',
    });
  });
});
