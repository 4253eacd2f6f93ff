import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { PageChecksums } from '../../../../src/swap/device/checksums.ts';

describe('PageChecksums', () => {
  it('matches what was last set for a page and nothing else', () => {
    const checksums = new PageChecksums(100_000);
    checksums.set(7, 0xdeadbeef);
    checksums.set(8, 1);
    assert.equal(checksums.matches(7, 0xdeadbeef), true);
    assert.equal(checksums.matches(7, 0xdeadbeee), false);
    checksums.set(7, 2);
    assert.equal(checksums.matches(7, 0xdeadbeef), false);
    assert.equal(checksums.matches(8, 1), true);
  });

  it('accepts a checksum as a signed integer', () => {
    const checksums = new PageChecksums(1);
    checksums.set(0, 0xdeadbeef);
    assert.equal(checksums.matches(0, 0xdeadbeef | 0), true);
  });

  it('takes memory only where pages were written', () => {
    const checksums = new PageChecksums(2 ** 28);
    assert.equal(checksums.heldBytes, 0);
    checksums.set(2 ** 28 - 1, 5);
    assert.equal(checksums.heldBytes, 65_536);
    assert.equal(checksums.matches(2 ** 28 - 1, 5), true);
  });

  it('refuses pages outside the device and pages never set', () => {
    const checksums = new PageChecksums(10);
    assert.throws(() => checksums.set(10, 0));
    assert.throws(() => checksums.matches(3, 0));
  });
});
