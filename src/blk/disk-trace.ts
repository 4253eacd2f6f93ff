/**
 * What a disk tells to who listens: each request when it has ended, in one record per disk that is
 * used again for the next. A listener takes what it needs at once.
 */
import type { Tracepoint } from '../std/tracepoint.ts';
import type { BlkOp } from './request.ts';
import type { SwapDisk } from './swap-disk.ts';

export interface DiskEvent {
  readonly disk: SwapDisk;
  op: BlkOp;
  /** First page that the request touched, and how many; those covered in part included. */
  page: number;
  pageCount: number;
}

/** Where the requests of disks go. */
export type DiskTrace = Tracepoint<DiskEvent>;
