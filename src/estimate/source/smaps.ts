/**
 * Which parts of a process's address space hold memory that could be swapped out, from
 * `/proc/PID/smaps`: private mappings with anonymous pages in them, which includes the written part
 * of mapped files, and shared memory that no file of a disk stands behind.
 *
 * @see proc(5); Documentation/filesystems/proc.rst of the kernel, smaps
 */
import { KIB } from '../../std/units.ts';

/** One mapping that holds swappable memory. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Shared memory (shmem): its pages are anonymous to the swap, not to the page tables. */
  readonly isShared: boolean;
  /** Bytes that are in RAM and could be swapped out. */
  readonly residentBytes: number;
  /** Bytes that are swapped out. */
  readonly swappedBytes: number;
}

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) ([-r][-w][-x][ps]) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ *(.*)$/;
const FIELD = /^(Rss|Anonymous|Swap): +(\d+) kB$/;
/** Names of shared memory: of mmap, of shmget, of memfd_create, of shm_open. */
const SHMEM_NAME = /^(?:\/dev\/zero \(deleted\)|\/SYSV|\/memfd:|\/dev\/shm\/|\[anon_shmem)/;
/** Pages that the kernel lends every process. */
const KERNEL_NAME = /^\[(?:vdso|vvar|vsyscall)/;

/** The mappings of a process that hold swappable memory, from the text of its smaps. */
export function parseSmaps(text: string): Mapping[] {
  const mappings: Mapping[] = [];
  let head: RegExpExecArray | null = null;
  const sizes = { Rss: 0, Anonymous: 0, Swap: 0 };
  const finish = (): void => {
    const mapping = head === null ? undefined : toMapping(head, sizes);
    if (mapping !== undefined) mappings.push(mapping);
    Object.assign(sizes, { Rss: 0, Anonymous: 0, Swap: 0 });
  };
  for (const line of text.split('\n')) {
    const next = HEAD.exec(line);
    if (next !== null) {
      finish();
      head = next;
      continue;
    }
    const field = FIELD.exec(line);
    if (field !== null) sizes[field[1] as keyof typeof sizes] = Number(field[2]) * KIB;
  }
  finish();
  return mappings;
}

function toMapping(
  head: RegExpExecArray,
  sizes: { readonly Rss: number; readonly Anonymous: number; readonly Swap: number },
): Mapping | undefined {
  const [, start = '', end = '', rights = '', name = ''] = head;
  if (KERNEL_NAME.test(name)) return undefined;
  const isShared = rights.endsWith('s');
  if (isShared && !SHMEM_NAME.test(name)) return undefined;
  const residentBytes = isShared ? sizes.Rss : sizes.Anonymous;
  if (residentBytes + sizes.Swap === 0) return undefined;
  return {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    isShared,
    residentBytes,
    swappedBytes: sizes.Swap,
  };
}
