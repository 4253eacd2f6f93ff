import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { EngineOptions } from '../../../../src/cli/engine/engine-options.ts';
import { openEngine } from '../../../../src/cli/engine/open-engine.ts';
import { MIB } from '../../../../src/std/units.ts';
import { makeFolder } from '../../../support/storage.ts';

const good: EngineOptions = { exports: [{ name: 'vm', sizeBytes: MIB }] };

/** Options that a program may get wrong, each with what is said to it. */
const wrong: readonly [string, EngineOptions, RegExp][] = [
  ['a limit below zero', { exports: [{ name: 'vm', sizeBytes: MIB, zswapMax: -1 }] }, /RangeError/],
  ['a percentage above 100', { ...good, acceptThresholdPercent: 101 }, /RangeError/],
  ['an export of no bytes', { exports: [{ name: 'vm', sizeBytes: 0 }] }, /RangeError/],
  ['an export of half a byte', { exports: [{ name: 'vm', sizeBytes: 0.5 }] }, /RangeError/],
  ['two exports of one name', { exports: [...good.exports, ...good.exports] }, /TypeError/],
  ['an unknown compressor', { ...good, compressor: 'best' }, /ZswapError.*best/],
];

describe('openEngine', () => {
  for (const [what, options, said] of wrong) {
    it(`refuses ${what} and leaves the device as it was`, async () => {
      const folder = makeFolder();
      try {
        const spill = join(folder.path, 'spill');
        await assert.rejects(openEngine({ ...options, spill }), (error) =>
          said.test(String(error)),
        );
        // Neither locked nor marked as in use.
        const engine = await openEngine({ ...good, spill });
        await engine.close();
      } finally {
        folder.remove();
      }
    });
  }

  it('makes an export of each name, rounded up to whole pages', async () => {
    const engine = await openEngine({
      exports: [
        { name: 'a', sizeBytes: 1 },
        { name: 'b', sizeBytes: MIB, zswapMax: 8192, zswapWriteback: false },
      ],
    });
    const { memcg } = engine.snapshot();
    assert.deepEqual(
      engine.exports.map((disk) => [disk.name, disk.sizeBytes]),
      [
        ['a', 4096],
        ['b', MIB],
      ],
    );
    assert.equal(memcg['a']?.['memory.zswap.max'], 'max');
    assert.equal(memcg['b']?.['memory.zswap.max'], 8192);
    assert.equal(memcg['b']?.['memory.zswap.writeback'], 0);
    await engine.close();
  });
});
