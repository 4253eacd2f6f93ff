import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkRequest } from '../../../../src/nbd/transmission/request-check.ts';
import type { Session } from '../../../../src/nbd/transmission/request-check.ts';
import { EINVAL, ENOSPC, ENOTSUP, OK } from '../../../../src/std/errno.ts';

const SIZE = 64 * 1024 * 1024;
const MAX = 32 * 1024 * 1024;
const full: Session = { sizeBytes: SIZE, structured: true, hasStatus: true };
const plain: Session = { sizeBytes: SIZE, structured: false, hasStatus: false };
const [READ, WRITE, FLUSH, TRIM, CACHE, ZEROES, STATUS] = [0, 1, 3, 4, 5, 6, 7] as const;
const [FUA, NO_HOLE, DF, REQ_ONE, FAST_ZERO] = [1, 2, 4, 8, 16] as const;

describe('checkRequest', () => {
  it('refuses unknown commands, and the cache command that is not advertised', () => {
    for (const type of [CACHE, 8, 9, 1000, 0xffff]) {
      assert.equal(checkRequest(full, type, 0, 0, 4096), EINVAL);
    }
  });

  it('allows each command its own flags and refuses all others', () => {
    const allowed = new Map<number, number>([
      [READ, FUA | DF],
      [WRITE, FUA],
      [FLUSH, FUA],
      [TRIM, FUA],
      [ZEROES, FUA | NO_HOLE | FAST_ZERO],
      [STATUS, FUA | REQ_ONE],
    ]);
    for (const [type, flags] of allowed) {
      const length = type === FLUSH ? 0 : 4096;
      for (let bit = 0; bit < 16; bit += 1) {
        const expected = (flags & (1 << bit)) === 0 ? EINVAL : OK;
        assert.equal(checkRequest(full, type, 1 << bit, 0, length), expected, `${type} ${bit}`);
      }
    }
  });

  it('refuses DF without structured replies and status without its context', () => {
    assert.equal(checkRequest(plain, READ, DF, 0, 4096), EINVAL);
    assert.equal(checkRequest(plain, STATUS, 0, 0, 4096), EINVAL);
  });

  it('serves up to the last byte and refuses the byte after it, writes with ENOSPC', () => {
    for (const [type, error] of [
      [READ, EINVAL],
      [WRITE, ENOSPC],
      [TRIM, EINVAL],
      [ZEROES, ENOSPC],
      [STATUS, EINVAL],
    ] as const) {
      assert.equal(checkRequest(full, type, 0, SIZE - 1, 1), OK);
      assert.equal(checkRequest(full, type, 0, SIZE - 1, 2), error);
      assert.equal(checkRequest(full, type, 0, SIZE, 1), error);
      assert.equal(checkRequest(full, type, 0, 2 ** 64 - 1, 1), error);
      assert.equal(checkRequest(full, type, 0, 2 ** 53, MAX), error);
      assert.equal(checkRequest(full, type, 0, 0, 0), EINVAL);
    }
  });

  it('limits payloads to 32 MiB and nothing else', () => {
    for (const type of [READ, WRITE]) {
      assert.equal(checkRequest(full, type, 0, 0, MAX), OK);
      assert.equal(checkRequest(full, type, 0, 0, MAX + 1), EINVAL);
    }
    for (const type of [TRIM, ZEROES, STATUS]) {
      assert.equal(checkRequest(full, type, 0, 0, SIZE), OK);
    }
  });

  it('takes a flush only with offset and length zero', () => {
    assert.equal(checkRequest(full, FLUSH, 0, 0, 0), OK);
    assert.equal(checkRequest(full, FLUSH, 0, 1, 0), EINVAL);
    assert.equal(checkRequest(full, FLUSH, 0, 0, 1), EINVAL);
  });

  it('zeroes whole pages fast and says so of nothing else', () => {
    assert.equal(checkRequest(full, ZEROES, FAST_ZERO, 4096, 8192), OK);
    assert.equal(checkRequest(full, ZEROES, FAST_ZERO, 4096, 8191), ENOTSUP);
    assert.equal(checkRequest(full, ZEROES, FAST_ZERO, 1, 4096), ENOTSUP);
    assert.equal(checkRequest(full, ZEROES, 0, 1, 4096), OK);
    assert.equal(checkRequest(full, ZEROES, FAST_ZERO, SIZE, 4096), ENOSPC);
  });
});
