import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  COMPRESSORS,
  DEFAULT_COMPRESSOR,
  describeCompressors,
  openCodec,
  parseCompressor,
} from '../../../src/codec/registry.ts';
import { ZswapError } from '../../../src/std/error.ts';

function refusal(spec: string): string {
  try {
    parseCompressor(spec);
  } catch (error) {
    assert.ok(error instanceof ZswapError);
    assert.equal(error.code, 'ZSWAP_CODEC');
    return error.message;
  }
  return assert.fail(`${spec} was accepted`);
}

describe('parseCompressor', () => {
  it('takes every name alone, without a level', () => {
    for (const name of COMPRESSORS) assert.deepEqual(parseCompressor(name), { name });
  });

  it('takes the levels of zstd and deflate', () => {
    assert.deepEqual(parseCompressor('zstd:-7'), { name: 'zstd', level: -7 });
    assert.deepEqual(parseCompressor('zstd:19'), { name: 'zstd', level: 19 });
    assert.deepEqual(parseCompressor('deflate:1'), { name: 'deflate', level: 1 });
    assert.deepEqual(parseCompressor('deflate:9'), { name: 'deflate', level: 9 });
  });

  it('lists the known names when the name is unknown', () => {
    for (const spec of ['', 'lz4hc', 'LZ4', ' zstd', 'toString', ':3', 'lz5:3']) {
      const message = refusal(spec);
      assert.ok(message.includes(`'${spec}'`), message);
      assert.ok(message.endsWith('lz4, lzo, lzo-rle, zstd, deflate, null'), message);
    }
  });

  it('names the range when the level is none', () => {
    for (const level of ['-8', '0', '-0', '20', '', '1.5', '+3', '0x3', '3 ', '3:4', '1e1', 'x']) {
      const message = refusal(`zstd:${level}`);
      assert.ok(message.includes(`'${level}' is no level of zstd`), message);
      assert.ok(message.endsWith('-7 to -1 and 1 to 19'), message);
    }
    for (const level of ['0', '10', '-1']) {
      assert.ok(refusal(`deflate:${level}`).endsWith('1 to 9'));
    }
  });

  it('refuses a level for a compressor that has none', () => {
    for (const name of ['lz4', 'lzo', 'lzo-rle', 'null']) {
      assert.ok(refusal(`${name}:1`).includes(`${name} has no levels`));
    }
  });
});

describe('openCodec', () => {
  it('opens every compressor under its own name', async () => {
    for (const name of COMPRESSORS) {
      const codec = await openCodec(name);
      assert.deepEqual([codec.name, codec.spec], [name, name]);
    }
  });

  it('hands the level on', async () => {
    assert.equal((await openCodec('zstd:-1')).spec, 'zstd:-1');
    assert.equal((await openCodec('deflate:2')).spec, 'deflate:2');
    assert.equal((await openCodec('deflate:6')).spec, 'deflate');
  });

  it('rejects what cannot be parsed', async () => {
    await assert.rejects(openCodec('842'), { code: 'ZSWAP_CODEC' });
  });
});

describe('describeCompressors', () => {
  it('describes all in order, each on one line', () => {
    const all = describeCompressors();
    assert.deepEqual(
      all.map(({ name }) => name),
      COMPRESSORS,
    );
    for (const { description, implementation } of all) {
      assert.match(description, /^.{10,80}$/);
      assert.match(implementation, /^.{4,60}$/);
    }
  });

  it('gives levels to zstd and deflate only, and their defaults as in the kernel', () => {
    const defaults = describeCompressors().map(({ name, levels }) => [name, levels?.default]);
    assert.deepEqual(
      defaults.filter(([, level]) => level !== undefined),
      [
        ['zstd', 3],
        ['deflate', 6],
      ],
    );
  });

  it('knows the default compressor', () => {
    assert.ok(COMPRESSORS.includes(DEFAULT_COMPRESSOR));
  });
});
