import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ConnectionBudget,
  FRAME_HEAD_BYTES,
  frameBytes,
  FramePool,
  ServerBudget,
} from '../../../src/nbd/frames.ts';
import { DEFAULT_LIMITS } from '../../../src/nbd/limits.ts';

const KIB = 1024;

describe('FramePool', () => {
  it('gives frames that hold the data and a header', () => {
    const pool = new FramePool(1);
    for (const bytes of [1, 4096, 4097, 100_000, 32 * KIB * KIB]) {
      const frame = pool.take(bytes);
      assert.ok(frame.payload.size >= bytes + FRAME_HEAD_BYTES);
      assert.equal(frame.classBytes, frameBytes(bytes));
      assert.ok(frame.classBytes < Math.max(2 * bytes, 4097));
    }
  });

  it('hands out again what was given back, by size', () => {
    const pool = new FramePool(64 * KIB);
    const small = pool.take(4096);
    const large = pool.take(8192);
    pool.give(small);
    pool.give(large);
    assert.equal(pool.pooledBytes, 12 * KIB);
    assert.equal(pool.take(5000), large);
    assert.equal(pool.take(10), small);
    assert.equal(pool.pooledBytes, 0);
  });

  it('gives the memory of what it does not keep back at once', () => {
    const pool = new FramePool(4096);
    const frames = Array.from({ length: 3 }, () => pool.take(4096));
    for (const frame of frames) pool.give(frame);
    assert.deepEqual(
      frames.map((frame) => frame.payload.bytes.length > 0),
      [true, false, false],
    );
  });

  it('keeps no more than its limit', () => {
    const pool = new FramePool(16 * KIB);
    for (const frame of Array.from({ length: 9 }, () => pool.take(4096))) pool.give(frame);
    assert.equal(pool.pooledBytes, 16 * KIB);
  });
});

describe('budget', () => {
  const limits = {
    ...DEFAULT_LIMITS,
    ownedBytesPerConnection: 100,
    ownedBytesPerServer: 150,
    ownedFloorBytes: 10,
  };

  it('limits a connection', () => {
    const one = new ConnectionBudget(new ServerBudget(limits));
    assert.equal(one.reserve(60), 60);
    assert.equal(one.reserve(41), 0);
    assert.equal(one.reserve(40), 40);
    one.release(60);
    assert.equal(one.reservedBytes, 40);
  });

  it('limits all connections together but leaves each a floor', () => {
    const server = new ServerBudget(limits);
    const [one, two] = [new ConnectionBudget(server), new ConnectionBudget(server)];
    assert.equal(one.reserve(100), 100);
    assert.equal(two.reserve(50), 50);
    assert.equal(server.reservedBytes, 150);
    assert.equal(two.reserve(11), 0);
    assert.equal(two.reserve(10), -10);
    assert.equal(two.reserve(1), 0, 'the floor is one request');
    assert.equal(two.reservedBytes, 60);
    two.release(-10);
    assert.equal(two.reserve(3), -3);
    assert.equal(server.reservedBytes, 150);
  });

  it('wakes those whose need fits when memory is given back', () => {
    const server = new ServerBudget(limits);
    const one = new ConnectionBudget(server);
    assert.equal(one.reserve(90), 90);
    assert.equal(one.reserve(10), 10);
    const woken: number[] = [];
    const waiter = (neededBytes: number): { neededBytes: number; budgetFreed(): void } => ({
      neededBytes,
      budgetFreed: () => void woken.push(neededBytes),
    });
    const gone = waiter(1);
    for (const other of [waiter(120), waiter(50), waiter(55), gone]) server.wait(other);
    server.forget(gone);
    one.release(10);
    assert.deepEqual(woken, [50]);
    assert.ok(server.hasWaiters);
    one.release(90);
    assert.deepEqual(woken, [50, 120]);
    server.give(0);
    assert.deepEqual(woken, [50, 120, 55]);
    assert.equal(server.hasWaiters, false);
  });
});
