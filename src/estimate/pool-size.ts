/**
 * What a pool of compressed pages weighs in each allocator, from the lengths of a sample of them.
 *
 * zsmalloc is arithmetic: objects of a class fill zspage after zspage, in whatever order they come,
 * so the count by class decides, and the sample's counts may be scaled first. zbud and z3fold pair
 * objects as they come: there the sample itself goes through the real allocators, and their pages
 * are scaled. Nothing has been freed in either case: a pool that has run for long has holes, which
 * compaction closes.
 */
import { present } from '../std/assert.ts';
import { OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { Arena } from '../zpool/arena.ts';
import { createZpool } from '../zpool/open.ts';
import { SizeClasses } from '../zpool/size-class.ts';

/** Lengths of the stored pages of a sample, and how many pages each stands for. */
export interface StoredLengths {
  /** Bytes of each, 1..4096, in the order of the sample. */
  readonly lengths: Uint16Array;
  /** Pages of the source by page of the sample, 1 or more. */
  readonly scale: number;
}

/** What a buddy allocator makes of them. */
export interface BuddyPool {
  /** `pool_total_size`. */
  readonly poolBytes: number;
  /** Pages that the allocator does not take, so that they go to the device. */
  readonly rejectedPages: number;
}

const classes = new SizeClasses();

/** Objects in each size class of zsmalloc, by the class's index, scaled to the whole. */
export function classCounts({ lengths, scale }: StoredLengths): Float64Array {
  const counts = new Float64Array(classes.list.length);
  for (const length of lengths) {
    const { index } = classes.of(length);
    counts[index] = present(counts[index]) + scale;
  }
  return counts;
}

/** `pool_total_size` of zsmalloc for objects that have been stored and none freed. */
export function zsmallocPoolBytes(counts: Float64Array): number {
  let pages = 0;
  for (const { index, objectsPerZspage, pagesPerZspage } of classes.list) {
    pages += Math.ceil(present(counts[index]) / objectsPerZspage) * pagesPerZspage;
  }
  return pages * PAGE_SIZE;
}

/**
 * Bytes of zsmalloc's pages by stored page where the pool is so large that partly filled zspages
 * do not count.
 */
export function zsmallocBytesPerPage(counts: Float64Array): number {
  let pages = 0;
  let objects = 0;
  for (const { index, objectsPerZspage, pagesPerZspage } of classes.list) {
    const count = present(counts[index]);
    pages += (count / objectsPerZspage) * pagesPerZspage;
    objects += count;
  }
  return objects === 0 ? 0 : (pages * PAGE_SIZE) / objects;
}

/** The least length that takes a whole page of zsmalloc (kernel `zs_huge_class_size`). */
export function hugeClassSize(): number {
  return classes.hugeClassSize;
}

/** `pool_total_size` of zbud or z3fold. */
export function buddyPool(name: 'zbud' | 'z3fold', { lengths, scale }: StoredLengths): BuddyPool {
  const places = new Uint32Array(lengths.length + 1);
  const cells = {
    location: (handle: number): number => present(places[handle]),
    setLocation: (handle: number, location: number): void => {
      places[handle] = location;
    },
  };
  const zpool = createZpool(name, new Arena(), cells);
  let rejected = 0;
  lengths.forEach((length, index) => {
    if (zpool.malloc(index + 1, length) !== OK) rejected++;
  });
  return {
    poolBytes: Math.round(zpool.totalPages * scale) * PAGE_SIZE,
    rejectedPages: Math.round(rejected * scale),
  };
}
