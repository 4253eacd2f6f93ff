import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errnoOfNbdError, nbdErrorOf } from '../../../src/nbd/errors.ts';
import * as errno from '../../../src/std/errno.ts';
import type { Errno } from '../../../src/std/errno.ts';

const ALLOWED_ON_THE_WIRE = [0, 1, 5, 12, 22, 28, 75, 95, 108];

describe('NBD errors', () => {
  it('maps every error of the engine to a value the protocol allows', () => {
    for (const value of Object.values(errno) as Errno[]) {
      assert.ok(ALLOWED_ON_THE_WIRE.includes(nbdErrorOf(value)), `errno ${value}`);
      assert.equal(nbdErrorOf(value) === 0, value === 0);
    }
  });

  it('gives every value of the protocol back as the same error', () => {
    for (const value of ALLOWED_ON_THE_WIRE) {
      assert.equal(nbdErrorOf(errnoOfNbdError(value)), value);
    }
  });

  it('takes an unknown value for EINVAL', () => {
    assert.equal(errnoOfNbdError(9999), errno.EINVAL);
    assert.equal(errnoOfNbdError(errno.EBUSY), errno.EINVAL);
  });
});
