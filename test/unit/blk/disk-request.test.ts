import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { DiskRequest } from '../../../src/blk/disk-request.ts';
import { EIO, ENOSPC } from '../../../src/std/errno.ts';

const request = (offset: number, length: number): DiskRequest => {
  const made = new DiskRequest(
    () => {},
    () => {},
    () => {},
  );
  made.offset = offset;
  made.length = length;
  made.begin();
  return made;
};

describe('DiskRequest', () => {
  it('knows the page it is at, and its share of it', () => {
    const made = request(4096 + 100, 2 * 4096);
    const seen: number[][] = [];
    while (made.done < made.length) {
      seen.push([made.pageNumber, made.within, made.take, made.pagesLeft]);
      made.advance(made.take);
    }
    assert.deepEqual(seen, [
      [1, 100, 3996, 3],
      [2, 0, 4096, 2],
      [3, 0, 100, 1],
    ]);
  });

  it('counts beyond 32 bits', () => {
    const made = request(2 ** 44 + 1, 4096);
    assert.equal(made.pageNumber, 2 ** 32);
    assert.equal(made.within, 1);
  });

  it('keeps the first error, and is never successful after a failure', () => {
    const made = request(0, 4096);
    made.fail(ENOSPC);
    made.fail(EIO);
    assert.equal(made.error, ENOSPC);
    const other = request(0, 4096);
    other.fail(0);
    assert.equal(other.error, EIO);
  });

  it('names only slots that it holds', () => {
    const made = request(0, 4096);
    assert.throws(() => made.bioSlot(0), { name: 'InvariantError' });
    made.bioCount = 1;
    made.bioSlots[0] = 7;
    assert.equal(made.bioSlot(0), 7);
  });
});
