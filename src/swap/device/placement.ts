/**
 * Which device page is written next. Places are given out of place and in runs of consecutive
 * pages, so that writeback in LRU order is sequential on the device.
 *
 * Pages are managed in clusters, as swap slots are in the kernel. One cluster is current; runs come
 * from it in ascending order. When it has no decent run left, the next one is, in this order: the
 * lowest wholly free cluster that was used before; a partly free one with room for long runs; one
 * never used; any partly free one. So freed space is reused before the device grows, low before
 * high, and the high end is emptied rather than every place a little.
 *
 * ```
 *   cluster   0        1        2        3        4         5 ...
 *           [####.##][.......][##.#...][####...][#######]  never used, no metadata
 *            partial   whole   partial  current   full
 * ```
 *
 * Every used cluster is in exactly one state: current, whole (its bit set), partial (on the list of
 * its class by free pages), or full (nowhere).
 *
 * A device page may have no storage behind it: a sparse file's on a disk that is full. Pages that
 * have been written are known to have some, and are found by {@link DevicePages.allocateStored}.
 */
import { InvariantError, assert, present } from '../../std/assert.ts';
import { divCeil } from '../../std/units.ts';

/** Pages of a cluster (kernel `SWAPFILE_CLUSTER`). */
export const CLUSTER_PAGES = 512;
/** {@link DevicePages.allocateRun}: the device is full. */
export const NO_DEVICE_PAGE = -1;

/** A shorter run than this is worth leaving the current cluster for a better one. */
const RUN_PAGES_MIN = 8;
/** Free pages from which a partly free cluster is preferred to one never used. */
const REUSE_PAGES_MIN = 128;
const CLUSTER_WORDS: number = CLUSTER_PAGES / 32;
/** Clusters whose metadata come into being together: 2 GiB of device. */
const CHUNK_CLUSTERS = 1024;

/** Classes of partly free clusters: 1..31, 32..127, 128..255 and 256 or more free pages. */
const CLASS_COUNT = 4;
const CLASS_REUSE = 2;

function classOf(freePages: number): number {
  if (freePages >= 256) return 3;
  if (freePages >= REUSE_PAGES_MIN) return CLASS_REUSE;
  return freePages >= 32 ? 1 : 0;
}

/** Metadata of {@link CHUNK_CLUSTERS} clusters, about a quarter of a byte a page. */
class ClusterChunk {
  /** A bit set means the page is used, or beyond the end of the device. */
  readonly usedBits = new Uint32Array(CHUNK_CLUSTERS * CLUSTER_WORDS);
  /** A bit set means the page has been written, so there is storage behind it. */
  readonly storedBits = new Uint32Array(CHUNK_CLUSTERS * CLUSTER_WORDS);
  readonly freePages = new Uint16Array(CHUNK_CLUSTERS);
  /** Neighbours on the list of a class, as cluster index + 1; 0 is none. */
  readonly next = new Uint32Array(CHUNK_CLUSTERS);
  readonly previous = new Uint32Array(CHUNK_CLUSTERS);
  /** A bit set means the cluster is whole. */
  readonly wholeBits = new Uint32Array(CHUNK_CLUSTERS / 32);
  wholeCount = 0;
}

/** The word of a page's bit, in the bits of its cluster's chunk. */
function wordOf(cluster: number, page: number): number {
  return (cluster % CHUNK_CLUSTERS) * CLUSTER_WORDS + (page >>> 5);
}

/** Position of the lowest set bit of a word that is not 0. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Hands out and takes back the pages of one backing swap device. Nothing here waits. */
export class DevicePages {
  readonly pageCount: number;
  /** Pages of the run that {@link allocateRun} just returned; 0 if it returned none. */
  runLength = 0;
  readonly #clusterCount: number;
  readonly #chunks: ClusterChunk[] = [];
  /** Heads of the lists of partly free clusters by class, as cluster index + 1; 0 is none. */
  readonly #partialHeads = new Uint32Array(CLASS_COUNT);
  /** Clusters from here on were never used. */
  #touchedClusters = 0;
  #wholeCount = 0;
  #usedPages = 0;
  /** The current cluster, -1 before the first run. */
  #current = -1;
  /** Page of the current cluster behind the last run. */
  #cursor = 0;
  /** First page, within its cluster, of the run last found. */
  #foundPage = 0;
  /** Where the search for stored pages that are free goes on. */
  #storedCluster = 0;
  /** No stored page is free, unless one has been freed since. */
  #noneStored = false;

  constructor(pageCount: number) {
    if (!Number.isSafeInteger(pageCount) || pageCount < 1 || pageCount > 2 ** 40) {
      throw new RangeError(`pageCount must be 1..2^40, got ${pageCount}`);
    }
    this.pageCount = pageCount;
    this.#clusterCount = divCeil(pageCount, CLUSTER_PAGES);
  }

  get usedPages(): number {
    return this.#usedPages;
  }

  get freePages(): number {
    return this.pageCount - this.#usedPages;
  }

  get metadataBytes(): number {
    return this.#chunks.length * CHUNK_CLUSTERS * (CLUSTER_PAGES / 4 + 10.125);
  }

  /** Pages up to the end of the highest cluster that was ever used. */
  get touchedPages(): number {
    return Math.min(this.pageCount, this.#touchedClusters * CLUSTER_PAGES);
  }

  /**
   * Takes up to `wanted` consecutive free pages.
   *
   * A run is shorter than wanted where no cluster that is worth it has a longer one; the caller
   * asks again for the rest. Runs do not cross clusters.
   *
   * @returns the first page, with {@link runLength} set, 1..wanted; {@link NO_DEVICE_PAGE} if the
   *   device is full
   * @see mm/swapfile.c alloc_swap_scan_cluster
   */
  allocateRun(wanted: number): number {
    assert(wanted >= 1);
    this.runLength = 0;
    if (this.#usedPages === this.pageCount) return NO_DEVICE_PAGE;
    if (this.#current >= 0) this.#findRun(wanted);
    if (
      this.runLength === 0 ||
      (this.runLength < Math.min(wanted, RUN_PAGES_MIN) && this.#hasBetter())
    ) {
      this.#retireCurrent();
      this.#current = this.#takeCluster();
      this.#cursor = 0;
      this.#findRun(wanted);
    }
    assert(this.runLength >= 1 && this.runLength <= wanted);
    return this.#takeRun();
  }

  /**
   * As {@link allocateRun}, of pages that are known to have storage behind them.
   *
   * @returns {@link NO_DEVICE_PAGE} if none of those is free; others may be
   */
  allocateStored(wanted: number): number {
    assert(wanted >= 1);
    this.runLength = 0;
    const cluster = this.#findStored();
    if (cluster < 0) return NO_DEVICE_PAGE;
    if (cluster !== this.#current) {
      this.#retireCurrent();
      this.#unfile(cluster);
      this.#current = cluster;
    }
    let page = 0;
    while (!this.#isStoredFree(cluster, page)) page++;
    this.#foundPage = page;
    while (this.runLength < wanted && this.#isStoredFree(cluster, page)) {
      this.runLength++;
      page++;
    }
    return this.#takeRun();
  }

  /** Says whether {@link allocateStored} would find a page. */
  hasStored(): boolean {
    return this.#findStored() >= 0;
  }

  /** Says whether the page is known to have storage behind it. */
  isStored(devicePage: number): boolean {
    const cluster = Math.floor(devicePage / CLUSTER_PAGES);
    const word = wordOf(cluster, devicePage % CLUSTER_PAGES);
    const bits = present(this.#chunkOf(cluster).storedBits[word]);
    return (bits & (1 << (devicePage & 31))) !== 0;
  }

  /** Notes whether there is storage behind a page that has been used. */
  setStored(devicePage: number, stored: boolean): void {
    const cluster = Math.floor(devicePage / CLUSTER_PAGES);
    const bits = this.#chunkOf(cluster).storedBits;
    const word = wordOf(cluster, devicePage % CLUSTER_PAGES);
    const bit = 1 << (devicePage & 31);
    bits[word] = stored ? present(bits[word]) | bit : present(bits[word]) & ~bit;
  }

  /** Gives one page back. Giving back a page that is not used is a bug. */
  free(devicePage: number): void {
    assert(this.isUsed(devicePage), 'device page is not used');
    const cluster = Math.floor(devicePage / CLUSTER_PAGES);
    const chunk = this.#chunkOf(cluster);
    const slot = cluster % CHUNK_CLUSTERS;
    const page = devicePage % CLUSTER_PAGES;
    const word = slot * CLUSTER_WORDS + (page >>> 5);
    chunk.usedBits[word] = present(chunk.usedBits[word]) & ~(1 << (page & 31));
    const before = present(chunk.freePages[slot]);
    chunk.freePages[slot] = before + 1;
    this.#usedPages--;
    this.#noneStored = false;
    const isWhole = before + 1 === this.#capacityOf(cluster);
    if (cluster === this.#current) {
      if (isWhole) this.#cursor = 0;
      return;
    }
    if (!isWhole && before > 0 && classOf(before) === classOf(before + 1)) return;
    if (before > 0) this.#unlink(cluster, classOf(before));
    this.#file(cluster);
  }

  /** True if the page was handed out and not given back. */
  isUsed(devicePage: number): boolean {
    assert(devicePage >= 0 && devicePage < this.pageCount);
    const cluster = Math.floor(devicePage / CLUSTER_PAGES);
    if (cluster >= this.#touchedClusters) return false;
    const page = devicePage % CLUSTER_PAGES;
    const word = (cluster % CHUNK_CLUSTERS) * CLUSTER_WORDS + (page >>> 5);
    return (present(this.#chunkOf(cluster).usedBits[word]) & (1 << (page & 31))) !== 0;
  }

  /** Whether leaving the current cluster, which has only a short run, leads to longer ones. */
  #hasBetter(): boolean {
    if (this.#wholeCount > 0) return true;
    if (this.#touchedClusters === this.#clusterCount) return false;
    return this.#freePagesOf(this.#current) < REUSE_PAGES_MIN && !this.#hasReusable();
  }

  #hasReusable(): boolean {
    for (let index = CLASS_REUSE; index < CLASS_COUNT; index++) {
      if (this.#partialHeads[index] !== 0) return true;
    }
    return false;
  }

  /** Finds a run: the first long enough after the cursor, else the longest of the cluster. */
  #findRun(wanted: number): void {
    this.#scan(this.#cursor, wanted);
    if (this.runLength < wanted && this.#cursor > 0) this.#scan(0, wanted);
  }

  #scan(from: number, wanted: number): void {
    const bits = this.#chunkOf(this.#current).usedBits;
    const base = (this.#current % CHUNK_CLUSTERS) * CLUSTER_WORDS;
    let page = from;
    while (this.runLength < wanted) {
      const start = this.#nextPage(bits, base, page, -1);
      if (start >= CLUSTER_PAGES) return;
      page = this.#nextPage(bits, base, start, 0);
      const length = Math.min(page - start, wanted);
      if (length > this.runLength) {
        this.runLength = length;
        this.#foundPage = start;
      }
    }
  }

  /** The first page from `page` on that is free (`flip` -1) or used (`flip` 0), else the end. */
  #nextPage(bits: Uint32Array, base: number, page: number, flip: 0 | -1): number {
    let word = page >>> 5;
    let mask = -1 << (page & 31);
    while (word < CLUSTER_WORDS) {
      const hits = (present(bits[base + word]) ^ flip) & mask;
      if (hits !== 0) return word * 32 + lowestBit(hits);
      word++;
      mask = -1;
    }
    return CLUSTER_PAGES;
  }

  /** A cluster with a free page that is stored, -1 if there is none. */
  #findStored(): number {
    if (this.#noneStored) return -1;
    for (let i = 0; i < this.#touchedClusters; i++) {
      const cluster = (this.#storedCluster + i) % this.#touchedClusters;
      const { storedBits, usedBits } = this.#chunkOf(cluster);
      const base = wordOf(cluster, 0);
      for (let word = base; word < base + CLUSTER_WORDS; word++) {
        if ((present(storedBits[word]) & ~present(usedBits[word])) === 0) continue;
        this.#storedCluster = cluster;
        return cluster;
      }
    }
    this.#noneStored = true;
    return -1;
  }

  #isStoredFree(cluster: number, page: number): boolean {
    if (page >= this.#capacityOf(cluster)) return false;
    const devicePage = cluster * CLUSTER_PAGES + page;
    return this.isStored(devicePage) && !this.isUsed(devicePage);
  }

  #takeRun(): number {
    const chunk = this.#chunkOf(this.#current);
    const slot = this.#current % CHUNK_CLUSTERS;
    const end = this.#foundPage + this.runLength;
    for (let page = this.#foundPage; page < end; page++) {
      const word = slot * CLUSTER_WORDS + (page >>> 5);
      chunk.usedBits[word] = present(chunk.usedBits[word]) | (1 << (page & 31));
    }
    chunk.freePages[slot] = present(chunk.freePages[slot]) - this.runLength;
    this.#usedPages += this.runLength;
    this.#cursor = end;
    return this.#current * CLUSTER_PAGES + this.#foundPage;
  }

  #retireCurrent(): void {
    this.runLength = 0;
    if (this.#current >= 0) this.#file(this.#current);
    this.#current = -1;
  }

  /** Takes the cluster to become current out of where it is. The device is not full. */
  #takeCluster(): number {
    if (this.#wholeCount > 0) return this.#takeLowestWhole();
    const isExhausted = this.#touchedClusters === this.#clusterCount;
    if (!isExhausted && !this.#hasReusable()) return this.#touchCluster();
    for (let index = CLASS_COUNT - 1; index >= 0; index--) {
      const cluster = present(this.#partialHeads[index]) - 1;
      if (cluster < 0) continue;
      this.#unlink(cluster, index);
      return cluster;
    }
    throw new InvariantError('pages are free but no cluster has any');
  }

  #takeLowestWhole(): number {
    for (let index = 0; index < this.#chunks.length; index++) {
      const chunk = present(this.#chunks[index]);
      if (chunk.wholeCount === 0) continue;
      let word = 0;
      while (chunk.wholeBits[word] === 0) word++;
      const bits = present(chunk.wholeBits[word]);
      chunk.wholeBits[word] = bits & (bits - 1);
      chunk.wholeCount--;
      this.#wholeCount--;
      return index * CHUNK_CLUSTERS + word * 32 + lowestBit(bits);
    }
    throw new InvariantError('a whole cluster is counted but has no bit');
  }

  #touchCluster(): number {
    const cluster = this.#touchedClusters++;
    if (cluster % CHUNK_CLUSTERS === 0) this.#chunks.push(new ClusterChunk());
    const chunk = this.#chunkOf(cluster);
    const slot = cluster % CHUNK_CLUSTERS;
    const capacity = this.#capacityOf(cluster);
    chunk.freePages[slot] = capacity;
    for (let page = capacity; page < CLUSTER_PAGES; page++) {
      const word = slot * CLUSTER_WORDS + (page >>> 5);
      chunk.usedBits[word] = present(chunk.usedBits[word]) | (1 << (page & 31));
    }
    return cluster;
  }

  /** Puts a cluster that is neither current nor on a list where its free pages say. */
  #file(cluster: number): void {
    const freePages = this.#freePagesOf(cluster);
    if (freePages === 0) return;
    if (freePages < this.#capacityOf(cluster)) {
      this.#link(cluster, classOf(freePages));
      return;
    }
    const chunk = this.#chunkOf(cluster);
    const slot = cluster % CHUNK_CLUSTERS;
    chunk.wholeBits[slot >>> 5] = present(chunk.wholeBits[slot >>> 5]) | (1 << (slot & 31));
    chunk.wholeCount++;
    this.#wholeCount++;
  }

  /** Takes a cluster that has free pages and is not current out of where {@link #file} put it. */
  #unfile(cluster: number): void {
    const freePages = this.#freePagesOf(cluster);
    if (freePages < this.#capacityOf(cluster)) {
      this.#unlink(cluster, classOf(freePages));
      return;
    }
    const chunk = this.#chunkOf(cluster);
    const slot = cluster % CHUNK_CLUSTERS;
    chunk.wholeBits[slot >>> 5] = present(chunk.wholeBits[slot >>> 5]) & ~(1 << (slot & 31));
    chunk.wholeCount--;
    this.#wholeCount--;
  }

  #link(cluster: number, listClass: number): void {
    const head = present(this.#partialHeads[listClass]);
    this.#chunkOf(cluster).next[cluster % CHUNK_CLUSTERS] = head;
    this.#chunkOf(cluster).previous[cluster % CHUNK_CLUSTERS] = 0;
    if (head !== 0) this.#chunkOf(head - 1).previous[(head - 1) % CHUNK_CLUSTERS] = cluster + 1;
    this.#partialHeads[listClass] = cluster + 1;
  }

  #unlink(cluster: number, listClass: number): void {
    const chunk = this.#chunkOf(cluster);
    const next = present(chunk.next[cluster % CHUNK_CLUSTERS]);
    const previous = present(chunk.previous[cluster % CHUNK_CLUSTERS]);
    if (next !== 0) this.#chunkOf(next - 1).previous[(next - 1) % CHUNK_CLUSTERS] = previous;
    if (previous === 0) this.#partialHeads[listClass] = next;
    else this.#chunkOf(previous - 1).next[(previous - 1) % CHUNK_CLUSTERS] = next;
  }

  #chunkOf(cluster: number): ClusterChunk {
    return present(this.#chunks[Math.floor(cluster / CHUNK_CLUSTERS)]);
  }

  #freePagesOf(cluster: number): number {
    return present(this.#chunkOf(cluster).freePages[cluster % CHUNK_CLUSTERS]);
  }

  #capacityOf(cluster: number): number {
    return Math.min(CLUSTER_PAGES, this.pageCount - cluster * CLUSTER_PAGES);
  }
}
