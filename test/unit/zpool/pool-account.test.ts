import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Arena } from '../../../src/zpool/arena.ts';
import { createAccountMemory, PoolAccount } from '../../../src/zpool/pool-account.ts';

describe('an account', () => {
  it('tells each sharer the pages of the others', () => {
    const memory = createAccountMemory(3);
    const [a, b, c] = [0, 1, 2].map((sharer) => new PoolAccount(memory, sharer));
    a?.setPages(5);
    b?.setPages(70);
    assert.deepEqual([a?.othersPages(), b?.othersPages(), c?.othersPages()], [70, 5, 75]);
    a?.setPages(0);
    assert.equal(c?.othersPages(), 70);
  });

  it('is reached, and is not any more, for all at once', () => {
    const memory = createAccountMemory(2);
    const [a, b] = [new PoolAccount(memory, 0), new PoolAccount(memory, 1)];
    assert.equal(b.reachedFull, false);
    a.reachedFull = true;
    assert.equal(b.reachedFull, true);
    b.reachedFull = false;
    assert.equal(a.reachedFull, false);
  });

  it('has no others by default, and no more sharers than it was made for', () => {
    const alone = new PoolAccount();
    alone.setPages(9);
    assert.equal(alone.othersPages(), 0);
    assert.throws(() => new PoolAccount(createAccountMemory(2), 2));
  });

  it('is told by an arena of every frame that is taken and given back', () => {
    const memory = createAccountMemory(2);
    const arena = new Arena({ account: new PoolAccount(memory, 0) });
    const other = new PoolAccount(memory, 1);
    const owner = arena.enroll({ frameMoved: () => {} });
    const frames = [1, 2, 3].map((index) => arena.alloc(owner, index));
    assert.equal(other.othersPages(), 3);
    for (const frame of frames) arena.free(frame);
    assert.equal(other.othersPages(), 0);
  });
});
