import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { decodeHeader, encodeHeader } from '../../../../src/swap/device/device-header.ts';
import type { DeviceHeader } from '../../../../src/swap/device/device-header.ts';

const header: DeviceHeader = {
  isInUse: true,
  uuid: Uint8Array.from({ length: 16 }, (_, index) => index),
  pageCount: 2 ** 33,
  owner: {
    pid: 4321,
    pidNamespace: 4_026_531_836,
    startTicks: 2 ** 40 + 1,
    bootId: '12345678-9abc-def0-1234-56789abcdef0',
  },
};

function encoded(value: DeviceHeader = header): Uint8Array {
  const page = new Uint8Array(4096).fill(0xee);
  encodeHeader(value, page);
  return page;
}

describe('device header', () => {
  it('reads back what was written', () => {
    assert.deepEqual(decodeHeader(encoded()), { kind: 'header', header });
  });

  it('tells clean from in use', () => {
    const clean = { ...header, isInUse: false };
    assert.deepEqual(decodeHeader(encoded(clean)), { kind: 'header', header: clean });
  });

  it('starts with the magic and holds its numbers little-endian', () => {
    const page = encoded();
    assert.equal(String.fromCharCode(...page.subarray(0, 8)), 'ZSWAPDEV');
    assert.deepEqual([...page.subarray(48, 52)], [0xe1, 0x10, 0, 0]);
  });

  it('takes any changed byte behind the magic for damage', () => {
    for (const at of [8, 12, 20, 48, 70, 3000, 4095]) {
      const page = encoded();
      page[at] = (page[at] ?? 0) ^ 1;
      assert.deepEqual(decodeHeader(page), { kind: 'damaged' }, `byte ${at}`);
    }
  });

  it('takes zeros, other data and too few bytes for no header', () => {
    assert.deepEqual(decodeHeader(new Uint8Array(4096)), { kind: 'none' });
    assert.deepEqual(decodeHeader(new Uint8Array(4096).fill(0x5a)), { kind: 'none' });
    assert.deepEqual(decodeHeader(encoded().subarray(0, 4095)), { kind: 'none' });
    assert.deepEqual(decodeHeader(new Uint8Array(0)), { kind: 'none' });
  });
});
