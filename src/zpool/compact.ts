/**
 * zsmalloc's compaction: in a class with as many free slots as a whole zspage has, the objects of
 * the emptiest zspage go into the fullest ones that have room, and its pages are given back.
 *
 * Kernel: mm/zsmalloc.c zs_can_compact, __zs_compact, migrate_zspage. The kernel may leave a source
 * half emptied when its destination is full or a lock is wanted, and then picks it again as the
 * emptiest; here a source is emptied in one go.
 */
import { assert } from '../std/assert.ts';
import type { FullnessLists } from './fullness.ts';
import type { SizeClass } from './size-class.ts';
import type { HandleCells } from './zpool.ts';
import { objectLocation, type Zspages } from './zspage.ts';

/** Pages that compaction can free in a class with these slots and slots in use. */
export function compactablePages(
  sizeClass: SizeClass,
  objsAllocated: number,
  objsUsed: number,
): number {
  const zspages = Math.floor((objsAllocated - objsUsed) / sizeClass.objectsPerZspage);
  return zspages * sizeClass.pagesPerZspage;
}

/**
 * Empties the emptiest zspage of a class and gives it back. The class must have
 * {@link compactablePages}, so the other zspages have room for all its objects.
 *
 * @returns objects moved, whose cells have been rewritten.
 */
export function emptyOneZspage(
  zspages: Zspages,
  lists: FullnessLists,
  cells: HandleCells,
  sizeClass: SizeClass,
): number {
  const { table } = zspages;
  const { index, objectsPerZspage } = sizeClass;
  const source = lists.emptiest(index);
  assert(source !== 0);
  const moves = table.inUse(source);
  lists.refile(source, sizeClass, moves, 0);
  let left = moves;
  let destination = 0;
  let filedWith = 0;
  for (let object = 0; left > 0; object++) {
    assert(object < objectsPerZspage);
    const handle = zspages.handleOf(source, sizeClass, object);
    if (handle === 0) continue;
    if (destination === 0) {
      destination = lists.fullestNotFull(index);
      assert(destination !== 0);
      filedWith = table.inUse(destination);
    }
    const tag = zspages.tagOf(source, sizeClass, object);
    const place = zspages.takeObject(destination, sizeClass, handle, tag);
    zspages.copyObject(sizeClass, destination, place, source, object);
    left = zspages.putObject(source, sizeClass, object, handle);
    cells.setLocation(handle, objectLocation(destination, place));
    const inUse = table.inUse(destination);
    if (inUse < objectsPerZspage && left > 0) continue;
    lists.refile(destination, sizeClass, filedWith, inUse);
    destination = 0;
  }
  zspages.destroy(source);
  return moves;
}
