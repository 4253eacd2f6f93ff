/**
 * A store of a folio by somebody who keeps its data until it is stored, as an address space does:
 * it owns all slots of the folio meanwhile.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import type { Task } from '../../rt/rt.ts';
import { FolioStoreOp } from '../../zswap/store-folio.ts';
import type { Action } from './actor.ts';
import type { DiskActions } from './disk-actions.ts';
import type { Stage } from './stage.ts';
import { pageOf } from './versions.ts';

/**
 * Stores a folio of free slots from `first` on; one that is refused leaves them free, and so does
 * one that was stored: its owner frees it at once.
 */
export function storeFolio(
  stage: Stage,
  disk: DiskActions,
  first: number,
  ...ids: readonly number[]
): Action {
  const { rt, zswap, swap } = stage.world;
  const op = new FolioStoreOp();
  const slots = ids.map((_, i) => disk.slot(first + i));
  return {
    label: `store folio ${ids.join()}`,
    begin: (actor) => {
      const task: Task = { resume: () => run() && actor.done() };
      const run = (): boolean => {
        const result = op.run(zswap, task);
        if (result === 'waiting') return false;
        rt.mark(`folio ${result}`);
        for (const slot of slots) {
          const isEntry = swap.table.kind(slot) === 'entry';
          if (isEntry !== (result === 'stored')) stage.report('aFolioIsStoredWhole', `${slot}`);
          swap.free(slot);
          swap.cache.unlock(slot, task);
        }
        return true;
      };
      rt.nameTask(task, actor.name);
      for (const slot of slots) if (!swap.cache.tryLock(slot, task)) throw new RangeError('busy');
      const pages = ids.map((id) => pageOf(id).subarray(0, PAGE_SIZE));
      op.begin(disk.slot(first), pages.length, disk.memcg, { page: (i) => pages[i] });
      return run();
    },
  };
}
