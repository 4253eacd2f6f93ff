import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chunk } from '../../../src/zpool/chunk.ts';

const CHUNK_BYTES = 4 * 4096;

describe('Chunk', () => {
  it('shows a part through the bounce page, rounded up to 1024 bytes', () => {
    const chunk = new Chunk(CHUNK_BYTES);
    chunk.bytes.set([1, 2, 3], 5000);
    const view = chunk.bounce(5000, 3);
    assert.equal(view.length, 1024);
    assert.deepEqual([...view.subarray(0, 3)], [1, 2, 3]);
    assert.equal(chunk.bounce(4096, 4096).length, 4096);
    assert.equal(chunk.bounce(4096, 1024).length, 1024);
    assert.equal(chunk.bounce(4096, 1025).length, 2048);
  });

  it('uses the same view for the same length each time', () => {
    const chunk = new Chunk(CHUNK_BYTES);
    assert.equal(chunk.bounce(4096, 100), chunk.bounce(8192, 128));
  });

  it('holds no memory while released and comes back empty', () => {
    const chunk = new Chunk(CHUNK_BYTES);
    chunk.bytes.fill(9);
    chunk.frames[1] = 5;
    const view = chunk.bounce(4096, 64);
    chunk.release(CHUNK_BYTES);
    assert.equal(chunk.residentBytes, 0);
    assert.equal(chunk.bytes.length, 0);
    assert.equal(chunk.frames.length, 0);
    chunk.grow();
    assert.equal(chunk.residentBytes, CHUNK_BYTES);
    assert.ok(chunk.bytes.every((byte) => byte === 0));
    assert.deepEqual([...chunk.frames], [0, 0, 0, 0]);
    chunk.bytes[4096] = 7;
    assert.equal(chunk.bounce(4096, 64), view);
    assert.equal(view[0], 7);
  });

  it('gives its memory back in pieces, and may grow again between two', () => {
    const chunk = new Chunk(CHUNK_BYTES);
    chunk.bytes.fill(9);
    chunk.release(3 * 4096);
    assert.equal(chunk.residentBytes, 4096);
    assert.equal(chunk.frames.length, 0);
    chunk.grow();
    assert.equal(chunk.residentBytes, CHUNK_BYTES);
    assert.ok(chunk.bytes.subarray(4096).every((byte) => byte === 0));
    assert.equal(chunk.frames.length, 4);
    chunk.release(4096);
    chunk.release(CHUNK_BYTES);
    assert.equal(chunk.residentBytes, 0);
  });

  it('refuses to grow while it has memory', () => {
    assert.throws(() => new Chunk(CHUNK_BYTES).grow(), { name: 'InvariantError' });
  });
});
