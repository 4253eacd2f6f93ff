/**
 * The contract of a backing swap device: pages by number, read and written in runs. It knows
 * nothing of slots; which device page belongs to which slot is decided above it.
 */
import type { Errno } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';

/** Pages one request moves at most (kernel `SWAP_CLUSTER_MAX`). */
export const BIO_PAGES = 32;

/**
 * One read or write of consecutive device pages, preallocated with its own page-aligned memory.
 * A record is owned by one request at a time; the device owns it between submit and completion.
 */
export class Bio {
  /** First device page. */
  devicePage = 0;
  /** Pages to move, 1..{@link BIO_PAGES}. */
  pageCount = 0;
  /** Outcome, set by the device before it calls `onDone`. */
  error: Errno = 0;
  /** Called once by the device when the request has ended, never from inside submit. */
  onDone: (bio: Bio) => void = () => {};
  /** Page-aligned memory of BIO_PAGES pages (O_DIRECT needs the alignment). */
  readonly bytes: Uint8Array;
  /** The same memory page by page. */
  readonly pages: readonly Uint8Array[];

  constructor() {
    // A resizable buffer is mapped on its own and therefore page-aligned; a plain one is not.
    const length = BIO_PAGES * PAGE_SIZE;
    const buffer = new ArrayBuffer(length, { maxByteLength: length });
    this.bytes = new Uint8Array(buffer, 0, length);
    this.pages = Array.from(
      { length: BIO_PAGES },
      (_, index) => new Uint8Array(buffer, index * PAGE_SIZE, PAGE_SIZE),
    );
  }
}

export interface SwapDevice {
  /** Where it is, for messages: a path, or `ram`. */
  readonly name: string;
  /** Pages it can hold; fixed after opening. */
  readonly pageCount: number;
  /** Bytes of storage really held where that can be told (a sparse file's blocks), else 0. */
  heldBytes(): number;
  /** True if reads and writes bypass the page cache. */
  readonly direct: boolean;
  /** Starts reading `bio.pageCount` pages from `bio.devicePage` into `bio.bytes`. */
  read(bio: Bio): void;
  /** Starts writing; `onDone` with error 0 means the device has acknowledged. */
  write(bio: Bio): void;
  /** Says that these pages hold nothing any more. A hint: space comes back in the background. */
  discard(devicePage: number, pageCount: number): void;
  /** Ends background work, marks the device clean, closes. Nothing may be in flight. */
  close(): Promise<void>;
}
