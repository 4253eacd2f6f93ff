import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import * as errno from '../../../src/std/errno.ts';

describe('errno', () => {
  it('has the values of Linux', () => {
    const { OK, ENOTSUP, ...others } = errno;
    assert.equal(OK, 0);
    assert.equal(ENOTSUP, constants.errno.EOPNOTSUPP);
    // Node has no name for this one; include/uapi/asm-generic/errno.h has.
    const { ESHUTDOWN, ...named } = others;
    assert.equal(ESHUTDOWN, 108);
    const table: Readonly<Record<string, number>> = { ...constants.errno };
    for (const [name, value] of Object.entries(named)) assert.equal(value, table[name], name);
  });
});
