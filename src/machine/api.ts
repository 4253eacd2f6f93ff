/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What the library offers to a program: regions of memory that may be larger than the RAM they are
 * given. Offsets and lengths are bytes, of any alignment; a region reads as zeros where it was
 * never written, and costs nothing there.
 *
 * Mistakes in arguments are a TypeError or RangeError; what the environment does is a `ZswapError`
 * with a code. A method that returns a promise rejects and never throws.
 */
import type { MmEvents, OrderEvents } from '../mm/stats.ts';
import type {
  ParameterStats,
  RejectReason,
  SpillStats,
  SwapEvents,
  ZswapStats,
} from '../metrics/snapshot.ts';
import type { PortLike, ServeOptions } from './port/api.ts';

/** Bytes as a number, or as text: `'64MiB'`, `'1.5G'`; units are powers of two. */
export type Size = number | string;

/** As much of an AbortSignal as is needed. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Options of what may wait. */
export interface WaitOptions {
  /**
   * Ends the wait: the promise rejects with the signal's reason, and nothing is moved to or from
   * the caller's bytes afterwards. What has been done before stays: so of a write the pages before
   * some page are written and those after it are not, and no page is written in part.
   */
  readonly signal?: AbortSignalLike | undefined;
}

export interface PinOptions extends WaitOptions {
  /** The page is to be written to through the pin. Default false. */
  readonly write?: boolean;
}

/** Limits of a group, by the kernel's names in camelCase. */
export interface GroupLimits {
  /** Bytes of frames and compressed pages together; `'max'`, the default, is no limit. */
  readonly memoryMax?: Size;
  /** Compressed bytes; `'max'`, the default, is no limit. */
  readonly zswapMax?: Size;
  /** Whether pages may go to the swap device. Default true. */
  readonly writeback?: boolean;
}

export interface GroupOptions extends GroupLimits {
  /** Default: the root, which has no limits but the machine's. */
  readonly parent?: Group;
}

/** Who pays for pages: a memory control group. A charge to it is a charge to its ancestors. */
export interface Group {
  readonly name: string;
  /** Undefined: a child of the root. */
  readonly parent: Group | undefined;
  /** `memory.current`: bytes of frames and compressed pages that are charged to it. */
  readonly memoryCurrent: number;
  /** Changes limits; the others stay. A lower one takes effect at the next page it needs. */
  setLimits(limits: GroupLimits): void;
  stats(): GroupStats;
  /**
   * Removes the group. What is still charged to it, such as a page that a copy of a region shares,
   * is its parent's to reclaim.
   *
   * @throws ZswapError `ZSWAP_BUSY` while it has regions or groups below it
   */
  remove(): void;
}

export interface MapOptions {
  /** Rounded up to whole pages of 4096 bytes. */
  readonly bytes: Size;
  /** Who pays; default: the root group. */
  readonly group?: Group;
  /** Largest order of its folios, 0..9: 2^order pages that come and go as one. Default 0. */
  readonly order?: number;
  /** For statistics, diagnostics and clients on other threads. Default: a number. */
  readonly name?: string;
}

/** What a region can do wherever it is used: on the machine's thread or on another. */
export interface AsyncRegion {
  readonly name: string;
  /** Whole pages. */
  readonly bytes: number;
  /** Fills `target` from `offset` on. */
  read(offset: number, target: Uint8Array, options?: WaitOptions): Promise<void>;
  /**
   * Writes all of `source` from `offset` on. `source` must stay as it is until then. If a page
   * cannot be had, those before it have been written.
   */
  write(offset: number, source: Uint8Array, options?: WaitOptions): Promise<void>;
  /** The whole pages inside the range become zeros and give back what they hold (MADV_DONTNEED). */
  discard(offset: number, length: number, options?: WaitOptions): Promise<void>;
  /**
   * Swaps the pages that the range touches out (MADV_PAGEOUT); those that are pinned, or have
   * nowhere to go, stay.
   */
  pageout(offset: number, length: number, options?: WaitOptions): Promise<void>;
  /**
   * Brings the pages that the range touches in (MADV_WILLNEED), as many as there are frames for.
   * One that cannot be read stays where it is: whoever reads it is told.
   */
  prefetch(offset: number, length: number, options?: WaitOptions): Promise<void>;
  /**
   * Waits for what is under way, then gives back everything that the region holds. From the call
   * on it takes nothing new: `ZSWAP_CLOSED`. Asked again, it is the same promise.
   *
   * @throws ZswapError `ZSWAP_BUSY` while pages are pinned; the region stays as it is
   */
  unmap(): Promise<void>;
}

/** A region on the machine's own thread. */
export interface Region extends AsyncRegion {
  readonly group: Group;
  readonly order: number;
  /**
   * Reads what is in frames or in the pool, at once. Makes no garbage for whole pages and for
   * pieces of up to 256 bytes.
   *
   * @returns false: a page is on the device, or frames have to be waited for, so {@link read} is
   *   needed; `target` is undefined then
   * @throws ZswapError as the rejections of {@link read}
   */
  readSync(offset: number, target: Uint8Array): boolean;
  /**
   * Writes at once, as {@link readSync} reads.
   *
   * @returns false: it would have to wait, so {@link write} is needed; pages before the one to wait
   *   for have been written
   */
  writeSync(offset: number, source: Uint8Array): boolean;
  /** Pins a page if it can be had at once. */
  tryPin(page: number, options?: { readonly write?: boolean }): Pin | undefined;
  /**
   * Pins a page: it stays in its frame until it is released, and with it the folio it belongs to.
   * Pinned frames cannot be reclaimed: when they leave too few, whoever needs one gets
   * `ZSWAP_NO_MEMORY`.
   */
  pin(page: number, options?: PinOptions): Promise<Pin>;
  /**
   * Discards at once, as {@link discard} does.
   *
   * @returns false: the range is so long that others must have their turn meanwhile; some of its
   *   pages may be left, so {@link discard} is needed
   */
  discardSync(offset: number, length: number): boolean;
  /**
   * Makes a copy: both share all pages until one of them writes. Takes a look at each page, in one
   * go.
   *
   * @throws ZswapError `ZSWAP_BUSY` while pages are pinned
   */
  copy(options?: { readonly name?: string; readonly group?: Group }): Region;
}

/** A page that stays where it is. */
export interface Pin {
  /** Number of the page in its region. */
  readonly page: number;
  /**
   * The page's own 4096 bytes. To be written to only if it was pinned for it, and not to be used
   * after {@link release}: the frame is somebody else's then. A page that was discarded, or that is
   * shared with a copy and written to otherwise, is the pin's alone: it goes when it is released.
   *
   * @throws ZswapError `ZSWAP_CLOSED` after the release
   */
  readonly bytes: Uint8Array;
  /** Lets the page go; again: nothing. */
  release(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/** A group's figures, by the names of its cgroup files; bytes. */
export interface GroupStats extends SwapEvents {
  readonly 'memory.current': number;
  readonly 'memory.max': number | 'max';
  readonly 'memory.zswap.current': number;
  readonly 'memory.zswap.max': number | 'max';
  readonly 'memory.zswap.writeback': 0 | 1;
  /** Bytes of frames. */
  readonly anon: number;
  /** Uncompressed bytes of what is in the pool. */
  readonly zswapped: number;
}

/** Figures of a machine at one moment; names are the kernel's. */
export interface MachineStats {
  /** Frames, in bytes. */
  readonly memory: {
    readonly limit: number;
    readonly used: number;
    /** Held from the system: `used`, and what is free in chunks of 2 MiB. */
    readonly resident: number;
    /** Of pages that are pinned. */
    readonly pinned: number;
  };
  /** Faults and reclaim, as in `/proc/vmstat`. */
  readonly events: Readonly<MmEvents>;
  /** By order, as in `/sys/kernel/mm/transparent_hugepage/hugepages-*kB/stats`. */
  readonly orders: readonly Readonly<OrderEvents>[];
  readonly zswap: ZswapStats;
  readonly rejects: Readonly<Record<RejectReason, number>>;
  readonly vmstat: SwapEvents;
  readonly parameters: ParameterStats;
  /** By name; the root is `/`. */
  readonly groups: Readonly<Record<string, GroupStats>>;
  readonly process: {
    /** Resident bytes of the whole process. */
    readonly rss: number;
    /** What the machine holds beside frames and compressed pages. */
    readonly metadata_bytes: number;
  };
  /** Absent without a swap device. */
  readonly swap?: SpillStats;
}

/** A swap device: a file, or a block device. */
export interface SwapDeviceOptions {
  readonly path: string;
  /** What it may hold; it is made as a hole. A block device has what it has. */
  readonly size?: Size;
  /** Use it although it was not closed cleanly or holds other data, which goes. Default false. */
  readonly reset?: boolean;
}

export interface PoolOptions {
  /** Bytes of compressed pages. Default: as much as `memory`. */
  readonly limit?: Size;
  /** `NAME` or `NAME:LEVEL`, as `zswapd compressors` lists them. Default `lz4`. */
  readonly compressor?: string;
  /** `zsmalloc`, the default, `zbud` or `z3fold`. */
  readonly zpool?: 'zsmalloc' | 'zbud' | 'z3fold';
  /** Percent of the limit at which a full pool accepts again. Default 90. */
  readonly acceptThresholdPercent?: number;
  /** Cold pages are written back when this computer is short of memory. Default false. */
  readonly shrinkerEnabled?: boolean;
  /** What the shrinker takes for warm. Default `second_chance`. */
  readonly shrinkerPolicy?: 'second_chance' | 'protected';
  /** False: no page goes to the pool. Default true. */
  readonly enabled?: boolean;
}

export interface MachineOptions {
  /** RAM for page frames: 64 KiB at least. It is taken as it is needed. */
  readonly memory: Size;
  readonly pool?: PoolOptions;
  /** At most one device. Default none: what does not fit into the pool has nowhere to go. */
  readonly swap?: readonly SwapDeviceOptions[];
  /** Log2 of the pages read ahead at most, 0..9 (kernel `page-cluster`). Default 3; 0: none. */
  readonly pageCluster?: number;
  /** How single pages come in; see `SwapinMode` in `src/mm/mm.ts`. Default `cache`. */
  readonly swapinMode?: 'cache' | 'direct';
  /**
   * Whether ranges come in as large folios whatever holds their pages (`mixed`, the default), or
   * never, as in the kernel once zswap was enabled (`never-with-zswap`).
   */
  readonly largeSwapin?: 'mixed' | 'never-with-zswap';
}

/** Memory that is larger than the RAM it is given. */
export interface Machine {
  /** Makes an empty region. */
  map(options: MapOptions): Region;
  /** Makes a group; names are unique and not `/`. */
  group(name: string, options?: GroupOptions): Group;
  stats(): MachineStats;
  /** {@link MachineStats} `process.metadata_bytes`. */
  readonly metadataBytes: number;
  /**
   * Changes a parameter by the kernel's name: `compressor`, `zpool`, `max_pool_percent` (of
   * `memory`), `pool_size`, `accept_threshold_percent`, `shrinker_enabled`,
   * `shrinker_policy`, `enabled`; or of a group `NAME:memory.max`, `NAME:memory.zswap.max`,
   * `NAME:memory.zswap.writeback`.
   *
   * @returns the value in force then
   */
  setParameter(name: string, value: string): Promise<string>;
  /**
   * Serves a client on another thread, which calls `connectMachine` with the other port of the
   * channel. When that thread or its port ends, what the client has under way is abandoned, its
   * pins are released, and its regions unmapped. The port does not keep the process alive.
   */
  serve(port: PortLike, options?: ServeOptions): void;
  /** Opens a swap device on a machine that has none. */
  swapon(device: SwapDeviceOptions): Promise<void>;
  /**
   * Brings everything back from the swap device, into frames and the pool, and closes it.
   *
   * @throws ZswapError `ZSWAP_NO_MEMORY` if it does not fit, `ZSWAP_DEVICE_IO` or `ZSWAP_CORRUPT`
   *   if a page cannot be read, `ZSWAP_BUSY` if it is under way; the device stays in use then
   */
  swapoff(options?: WaitOptions): Promise<void>;
  /**
   * Ends the machine: takes nothing new, waits for what is under way, and closes the device
   * cleanly. Pins end. Asked again, it is the same promise.
   */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
