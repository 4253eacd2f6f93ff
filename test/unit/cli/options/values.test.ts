import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatHostPort,
  parseCompressor,
  parseHostPort,
  parsePath,
  parsePercent,
  parseSocketPath,
  parseSwitch,
  parseZpool,
  parseZswapMax,
} from '../../../../src/cli/options/values.ts';

describe('parseHostPort', () => {
  it('takes names, IPv4 and bracketed IPv6', () => {
    assert.deepEqual(parseHostPort('127.0.0.1:10809'), { host: '127.0.0.1', port: 10809 });
    assert.deepEqual(parseHostPort('localhost:0'), { host: 'localhost', port: 0 });
    assert.deepEqual(parseHostPort('[::1]:65535'), { host: '::1', port: 65535 });
  });

  it('refuses a missing part, a port out of range and bare IPv6', () => {
    for (const text of ['', 'host', ':1', 'host:', 'host:65536', '::1:80', '[::1]', 'a b:1']) {
      assert.throws(() => parseHostPort(text), RangeError, text);
    }
  });

  it('writes back what it read', () => {
    for (const text of ['127.0.0.1:1', '[fe80::1]:2', 'swap.example.com:3']) {
      assert.equal(formatHostPort(parseHostPort(text)), text);
    }
  });
});

describe('other values', () => {
  it('takes whole percentages from 0 to 100', () => {
    assert.equal(parsePercent('0'), 0);
    assert.equal(parsePercent('100'), 100);
    for (const text of ['101', '-1', '1.5', '', '5%']) {
      assert.throws(() => parsePercent(text), /a whole number from 0 to 100/, text);
    }
  });

  it("takes 0, 1 and the kernel's N and Y as switches", () => {
    assert.deepEqual(['0', 'N', 'n', 'off'].map(parseSwitch), [false, false, false, false]);
    assert.deepEqual(['1', 'Y', 'y', 'on'].map(parseSwitch), [true, true, true, true]);
    assert.throws(() => parseSwitch('2'), /it takes 0 or 1/);
  });

  it('takes compressors with and without a level', () => {
    assert.equal(parseCompressor('lzo-rle'), 'lzo-rle');
    assert.equal(parseCompressor('zstd:-1'), 'zstd:-1');
    for (const text of ['', 'LZ4', 'zstd:', 'zstd:x', 'zstd:1:2']) {
      assert.throws(() => parseCompressor(text), /is not a compressor/, text);
    }
  });

  it('takes the allocators by name', () => {
    assert.equal(parseZpool('z3fold'), 'z3fold');
    assert.throws(() => parseZpool('slab'), /it takes zsmalloc, zbud, z3fold/);
  });

  it("takes a size or 'max' as the limit of a tenant", () => {
    assert.equal(parseZswapMax('max'), 'max');
    assert.equal(parseZswapMax('1M'), 1_048_576);
  });

  it('refuses empty paths, and socket paths that the system would cut off', () => {
    assert.throws(() => parsePath(''), /is not a path/);
    assert.equal(parseSocketPath(`/${'a'.repeat(106)}`).length, 107);
    assert.throws(() => parseSocketPath(`/${'a'.repeat(107)}`), /longer than the 107 bytes/);
  });
});
