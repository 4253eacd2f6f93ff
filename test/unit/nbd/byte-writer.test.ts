import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter } from '../../../src/nbd/byte-writer.ts';

describe('ByteWriter', () => {
  it('writes big-endian fields, bytes and zeroes', () => {
    const out = new ByteWriter();
    out.u16(0x0102);
    out.u32(0x03040506);
    out.u64(2 ** 52 + 9);
    out.bytes(Uint8Array.of(7, 8));
    out.zeroes(2);
    const hex = Buffer.from(out.take()).toString('hex');
    assert.equal(hex, '0102' + '03040506' + '0010000000000009' + '0708' + '0000');
    assert.equal(out.length, 0);
  });

  it('grows in the middle of any field without losing a byte', () => {
    for (let offset = 250; offset <= 256; offset += 1) {
      const out = new ByteWriter();
      out.zeroes(offset);
      out.u64(2 ** 53 - 1);
      out.u16(0xabcd);
      const taken = out.take();
      assert.equal(taken.length, offset + 10);
      assert.equal(Buffer.from(taken.subarray(-2)).toString('hex'), 'abcd');
    }
  });
});
