import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openEngine } from '../../../../src/cli/engine/open-engine.ts';
import { MIB } from '../../../../src/std/units.ts';

describe('setParameter', () => {
  it("names the parameter that a bad value was meant for, as the caller's mistake", async () => {
    const engine = await openEngine({ exports: [{ name: 'a', sizeBytes: MIB }] });
    const before = engine.snapshot().parameters;
    for (const [name, value, message] of [
      ['compressor', 'foo', /^compressor: unknown compressor 'foo'/],
      ['compressor', 'zstd:99', /^compressor: .*'99' is no level of zstd/],
      ['pool_size', '-1', /^pool_size: '-1' is not a size; it takes bytes/],
      ['a:memory.zswap.max', 'x', /^memory\.zswap\.max: 'x' is not a size/],
    ] as const) {
      await assert.rejects(engine.setParameter(name, value), { name: 'RangeError', message });
    }
    assert.deepEqual(engine.snapshot().parameters, before);
    await engine.close();
  });
});
