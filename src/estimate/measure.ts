/**
 * What one compressor makes of a sample: the length of each page, and what a page costs both ways.
 *
 * Costs are of processor time, in batches, because a clock is too coarse for a page; the median
 * batch counts, which neither a collection nor a neighbour moves. A lane is warmed up first: the
 * first pages through a WebAssembly kernel run in the compiler's slow tier.
 */
import type { CodecLane } from '../codec/codec.ts';
import { assert, present } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { runsWithin, type Sample, ZERO_PAGE } from './sample.ts';

/** Pages that are timed together. */
const BATCH_PAGES = 32;
/** Pages through a lane before any counts. */
const WARM_PAGES = 400;
/** Warming up ends after this share of the time a lane has, however few pages it was. */
const WARM_SHARE = 0.1;
/** Pages that are decompressed at most: the cost is known long before the lengths are. */
const DECOMPRESS_PAGES_MAX = 2048;

/** The clocks that costs and deadlines are taken by. */
export interface EstimateClock {
  /** Processor time of this process, in microseconds. */
  readonly cpuUs: () => number;
  /** Time that only goes forward, in milliseconds. */
  readonly wallMs: () => number;
}

/** How long something may take, by which clocks. */
export interface Timing {
  readonly clock: EstimateClock;
  /** Time of the wall clock to end at. */
  readonly deadlineMs: number;
  /** Pages of the sample that are looked at however late it is. */
  readonly pagesLeast: number;
}

/** What a compressor made of the first runs of a sample. */
export interface Measured {
  /** Runs of the sample that were compressed: all, unless time ran out. */
  readonly runs: number;
  /** By page of those runs: 0 for a zero page, 1..4095, or 4096 where it is kept as it is. */
  readonly lengths: Uint16Array;
  /** Median microseconds of processor time for a page; 0 where none was compressed. */
  readonly compressUs: number;
  readonly decompressUs: number;
}

/** Compresses the sample, or as much of it as there is time for. */
export function measureLane(lane: CodecLane, sample: Sample, timing: Timing): Measured {
  const { clock, deadlineMs, pagesLeast } = timing;
  const pages = new LanePages(lane, sample, clock);
  const start = clock.wallMs();
  pages.warmUp(start + (deadlineMs - start) * WARM_SHARE);
  const done = pages.run(deadlineMs, pagesLeast);
  const runs = done === sample.pages ? sample.runStarts.length - 1 : runsWithin(sample, done);
  const end = present(sample.runStarts[runs]);
  return {
    runs,
    lengths: pages.lengths.subarray(0, end),
    compressUs: median(pages.compressCosts),
    decompressUs: median(pages.decompressCosts),
  };
}

/** A lane on its way through the pages of a sample. */
class LanePages {
  readonly lengths: Uint16Array;
  readonly compressCosts: number[] = [];
  readonly decompressCosts: number[] = [];
  readonly #lane: CodecLane;
  readonly #sample: Sample;
  readonly #clock: EstimateClock;
  readonly #compressed = new Uint8Array(BATCH_PAGES * PAGE_SIZE);
  readonly #target = new Uint8Array(PAGE_SIZE);
  #decompressed = 0;

  constructor(lane: CodecLane, sample: Sample, clock: EstimateClock) {
    this.#lane = lane;
    this.#sample = sample;
    this.#clock = clock;
    this.lengths = new Uint16Array(sample.pages);
  }

  /** Compresses pages over and over until the lane runs at its full speed. */
  warmUp(deadlineMs: number): void {
    const data = this.#dataPages(0, Math.min(this.#sample.pages, WARM_PAGES));
    if (data.length === 0) return;
    for (let done = 0; done < WARM_PAGES; done += data.length) {
      for (const page of data) {
        const length = this.#lane.compress(this.#content(page));
        if (length > 0) assert(this.#lane.decompress(length, this.#target, 0));
      }
      if (this.#clock.wallMs() > deadlineMs) return;
    }
  }

  /** Goes through the pages; returns how many there was time for. */
  run(deadlineMs: number, pagesLeast: number): number {
    const { pages } = this.#sample;
    let at = 0;
    while (at < pages) {
      const end = Math.min(at + BATCH_PAGES, pages);
      const data = this.#dataPages(at, end);
      this.#compress(data);
      if (this.#decompressed < DECOMPRESS_PAGES_MAX) this.#decompress(data);
      at = end;
      if (at >= pagesLeast && this.#clock.wallMs() > deadlineMs) break;
    }
    return at;
  }

  /** The pages of a range that a compressor would see. */
  #dataPages(from: number, to: number): number[] {
    const pages: number[] = [];
    for (let page = from; page < to; page++) {
      if (this.#sample.kinds[page] !== ZERO_PAGE) pages.push(page);
    }
    return pages;
  }

  #content(page: number): Uint8Array {
    return this.#sample.bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
  }

  #compress(pages: readonly number[]): void {
    if (pages.length === 0) return;
    const keep = this.#decompressed < DECOMPRESS_PAGES_MAX;
    const start = this.#clock.cpuUs();
    for (let index = 0; index < pages.length; index++) {
      const page = present(pages[index]);
      const length = this.#lane.compress(this.#content(page));
      this.lengths[page] = length > 0 ? length : PAGE_SIZE;
      if (length > 0 && keep) {
        this.#compressed.set(this.#lane.window.of(length), index * PAGE_SIZE);
      }
    }
    this.compressCosts.push((this.#clock.cpuUs() - start) / pages.length);
  }

  /** Decompresses what {@link LanePages.#compress} has just kept. */
  #decompress(pages: readonly number[]): void {
    let count = 0;
    const start = this.#clock.cpuUs();
    for (let index = 0; index < pages.length; index++) {
      const length = present(this.lengths[present(pages[index])]);
      if (length === PAGE_SIZE) continue;
      const at = index * PAGE_SIZE;
      this.#lane.window.bytes.set(this.#compressed.subarray(at, at + length));
      assert(this.#lane.decompress(length, this.#target, 0), 'a page did not come back');
      count++;
    }
    if (count > 0) this.decompressCosts.push((this.#clock.cpuUs() - start) / count);
    this.#decompressed += count;
  }
}

/** The middle of some figures; 0 of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = present(sorted[middle]);
  return sorted.length % 2 === 1 ? upper : (present(sorted[middle - 1]) + upper) / 2;
}
