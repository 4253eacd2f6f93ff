/** The contract of allocators, held against each of them. */
import { describe, it } from 'node:test';
import { zpoolContract } from '../../src/testing/zpool-contract.ts';
import { createZpool, ZPOOLS } from '../../src/zpool/open.ts';
import { Zsmalloc } from '../../src/zpool/zsmalloc.ts';

const SIZE_MAX = { zsmalloc: 4096, zbud: 3968, z3fold: 4096 };

describe('zpool contract', () => {
  for (const name of ZPOOLS) {
    zpoolContract({
      name,
      test: it,
      create: (arena, cells) => createZpool(name, arena, cells),
      sizeMax: SIZE_MAX[name],
    });
  }
  for (const chainLimit of [4, 16]) {
    zpoolContract({
      name: `zsmalloc with chains of ${chainLimit}`,
      test: it,
      create: (arena, cells) => new Zsmalloc(arena, cells, { chainLimit }),
      sizeMax: SIZE_MAX.zsmalloc,
    });
  }
});
