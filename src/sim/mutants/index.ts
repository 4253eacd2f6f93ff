/** All mutants, in the order they are listed. */
import { DISK_MUTANTS } from './disk.ts';
import { GROUP_MUTANTS } from './groups.ts';
import { MEMORY_MUTANTS } from './memory.ts';
import type { Mutant } from './mutant.ts';
import { SLOT_MUTANTS } from './slots.ts';
import { STORE_MUTANTS } from './store.ts';
import { WRITEBACK_MUTANTS } from './writeback.ts';

export type { Mutant } from './mutant.ts';

export const MUTANTS: readonly Mutant[] = [
  ...WRITEBACK_MUTANTS,
  ...SLOT_MUTANTS,
  ...STORE_MUTANTS,
  ...DISK_MUTANTS,
  ...GROUP_MUTANTS,
  ...MEMORY_MUTANTS,
];
