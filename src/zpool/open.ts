/** The allocators by name, as the parameter `zpool` of zswap selects them. */
import type { Arena } from './arena.ts';
import { Z3fold } from './buddy/z3fold.ts';
import { Zbud } from './buddy/zbud.ts';
import type { HandleCells, Zpool } from './zpool.ts';
import { Zsmalloc } from './zsmalloc.ts';

/** Names of the allocators; the first is the reference and the default. */
export const ZPOOLS = ['zsmalloc', 'zbud', 'z3fold'] as const;

export type ZpoolName = (typeof ZPOOLS)[number];

/** An empty zpool that takes its pages from `arena` and notes places in `cells`. */
export function createZpool(name: ZpoolName, arena: Arena, cells: HandleCells): Zpool {
  switch (name) {
    case 'zsmalloc':
      return new Zsmalloc(arena, cells);
    case 'zbud':
      return new Zbud(arena, cells);
    case 'z3fold':
      return new Z3fold(arena, cells);
  }
}
