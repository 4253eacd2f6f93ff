/**
 * The address-space front end: here zswapd plays the kernel. It holds regions of anonymous memory
 * whose pages are in frames up to a limit, beyond it in the pool, beyond that on the device. What
 * it does lies in one file for each verb: `fault`, `swap-out`, `reclaim`, `discard`, `copy`,
 * `swapoff`.
 *
 * Invariants: a folio that is not dirty has a backing for each of its pages; a dirty folio's
 * backing, where it has one, is never read; a slot has a reference for each PTE that names it, and
 * one that has none and no cached folio is free.
 */
import { assert, present } from '../std/assert.ts';
import { MemcgTree, type Memcg, type MemcgOfflineHook } from '../memcg/memcg.ts';
import { SILENT, type Tracepoint } from '../std/tracepoint.ts';
import { FolioTable } from '../page/folio.ts';
import { Frames, type Pfn } from '../page/frames.ts';
import type { Rt } from '../rt/rt.ts';
import type { Swap, SwapArea } from '../swap/info.ts';
import type { Zswap } from '../zswap/zswap.ts';
import { LimitReclaim } from './reclaim/limit-reclaim.ts';
import { Lruvecs } from './reclaim/lruvec.ts';
import { Reclaim } from './reclaim/reclaim.ts';
import { Region, RegionFamily } from './region.ts';
import { createMmStats, type MmStats } from './stats.ts';
import { SwapAreas } from './swap/swap-areas.ts';
import { CachedFolios } from './swap/swap-cache.ts';
import { PAGE_CLUSTER_DEFAULT } from './swap/readahead.ts';
import { SwapReadahead } from './swap/swap-readahead.ts';
import { Workingset } from './reclaim/workingset.ts';

/**
 * How a fault brings in a page that only one PTE names. `cache`: through the swap cache, taking the
 * entry over, as the newest kernels do always. `direct`: into a folio of the fault's own, leaving
 * the entry until the page is mapped, as kernels from 6.9 to 6.19 did on devices that answer at
 * once (SWP_SYNCHRONOUS_IO).
 */
export type SwapinMode = 'cache' | 'direct';

/**
 * Whether ranges are swapped in as large folios. `mixed`: wherever all their slots can be taken,
 * be their pages in the pool, zero or on the device. `never-with-zswap`: single pages, as kernels
 * do once zswap has been enabled.
 */
export type LargeSwapin = 'mixed' | 'never-with-zswap';

/** A fault that has ended. */
export interface FaultEvent {
  /** Name of the region, and the page's number in it. */
  readonly region: string;
  readonly page: number;
  readonly write: boolean;
  /** It had to bring the page in from the pool or the device. */
  readonly major: boolean;
  /** As {@link FaultResult} in `fault.ts`. */
  readonly result: 'mapped' | 'untouched' | 'failed' | 'blocked';
}

/** Where events of the front end go. */
export interface MmTrace {
  readonly fault: Tracepoint<FaultEvent>;
}

export interface MmOptions {
  readonly rt: Rt;
  readonly swap: Swap;
  readonly zswap: Zswap;
  readonly memcgs: MemcgTree;
  /** Page frames at most. */
  readonly framePages: number;
  readonly swapinMode?: SwapinMode;
  readonly largeSwapin?: LargeSwapin;
  /** Log2 of the pages read ahead at most (kernel `page-cluster`); 0: none. Default 3. */
  readonly pageCluster?: number;
  readonly trace?: MmTrace;
}

export class Mm implements MemcgOfflineHook {
  readonly rt: Rt;
  readonly swap: Swap;
  readonly zswap: Zswap;
  readonly memcgs: MemcgTree;
  readonly frames: Frames;
  readonly folios: FolioTable;
  /** The folios that belong to slots. */
  readonly swapCache: CachedFolios = new CachedFolios();
  readonly lru: Lruvecs;
  readonly workingset: Workingset;
  readonly areas: SwapAreas;
  readonly reclaim: Reclaim;
  readonly limitReclaim: LimitReclaim;
  readonly readahead: SwapReadahead;
  readonly stats: MmStats = createMmStats();
  swapinMode: SwapinMode;
  largeSwapin: LargeSwapin;
  readonly trace: MmTrace;
  readonly #families: (RegionFamily | undefined)[] = [];

  constructor(options: MmOptions) {
    this.rt = options.rt;
    this.swap = options.swap;
    this.zswap = options.zswap;
    this.memcgs = options.memcgs;
    this.frames = new Frames({ pageLimit: options.framePages });
    this.folios = new FolioTable();
    this.lru = new Lruvecs(this.folios);
    this.workingset = new Workingset(this.lru, options.framePages);
    this.areas = new SwapAreas(this.rt, this.swap, this.swapCache);
    this.reclaim = new Reclaim(this);
    this.limitReclaim = new LimitReclaim(this);
    this.swapinMode = options.swapinMode ?? 'cache';
    this.largeSwapin = options.largeSwapin ?? 'mixed';
    this.trace = options.trace ?? { fault: SILENT };
    this.readahead = new SwapReadahead(this, options.pageCluster ?? PAGE_CLUSTER_DEFAULT);
    this.memcgs.registerOfflineHook(this);
  }

  get metadataBytes(): number {
    let bytes = this.frames.metadataBytes + this.folios.metadataBytes;
    bytes += this.swapCache.metadataBytes + this.areas.metadataBytes;
    for (const region of this.regions()) bytes += region.table.metadataBytes;
    return bytes;
  }

  /**
   * Sets how many page frames may be in use. Of those above a lower limit pages are reclaimed in
   * the background, and nobody is given a frame before there are fewer.
   *
   * @throws RangeError as {@link Frames.setPageLimit}
   */
  setFramePages(pages: number): void {
    this.frames.setPageLimit(pages);
    this.workingset.setPageLimit(pages);
    this.reclaim.wakeKswapd();
  }

  /** Adds a swap area to put pages in; areas of higher priority are filled first. */
  swapon(area: SwapArea, priority = 0): void {
    this.areas.add(area, priority);
  }

  /** Makes an empty region. */
  map(name: string, memcg: Memcg, pageCount: number, orderMax = 0): Region {
    let id = this.#families.indexOf(undefined);
    if (id < 0) id = this.#families.length;
    const family = new RegionFamily(id);
    this.#families[id] = family;
    return new Region(name, family, memcg, pageCount, orderMax);
  }

  /** Forgets a region of which nothing is mapped any more. */
  forget(region: Region): void {
    const { family } = region;
    assert(!region.mapped && region.table.next(0, region.pageCount) === region.pageCount);
    family.regions.splice(family.regions.indexOf(region), 1);
    this.forgetFamily(family);
  }

  /** Forgets a family without regions once no folio names it. */
  forgetFamily(family: RegionFamily): void {
    if (family.regions.length === 0 && family.folios === 0) this.#families[family.id] = undefined;
  }

  family(id: number): RegionFamily {
    return present(this.#families[id]);
  }

  *regions(): Generator<Region> {
    for (const family of this.#families) if (family !== undefined) yield* family.regions;
  }

  /** The group whose lists a folio is on: its own, or the nearest online ancestor. */
  groupOf(pfn: Pfn): Memcg {
    return this.memcgs.living(this.memcgs.get(this.folios.memcg(pfn)));
  }

  /** Who is charged for what is brought into a region: its group, or who has inherited that. */
  payer(region: Region): Memcg {
    return this.memcgs.living(region.memcg);
  }

  groupOffline(group: Memcg, parent: Memcg): void {
    this.lru.reparent(group.id, parent.id);
  }
}
