/**
 * One engine with so many stored pages, in a process of its own, so that what others have left
 * behind does not count: prints one line of JSON. The parent is `scale.ts`.
 *
 *   node dist/bench/scale-child.js PAGES
 */
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { Payload } from '../src/blk/payload.ts';
import type { BlkOp } from '../src/blk/request.ts';
import { SwapDisk } from '../src/blk/swap-disk.ts';
import { createLz4 } from '../src/codec/lz4.ts';
import { MemcgTree } from '../src/memcg/memcg.ts';
import { NodeRt } from '../src/rt/rt-node.ts';
import { Prng } from '../src/std/prng.ts';
import { GIB, PAGE_SIZE } from '../src/std/units.ts';
import { Swap } from '../src/swap/info.ts';
import { Arena } from '../src/zpool/arena.ts';
import { createZpool } from '../src/zpool/open.ts';
import { ZswapParams } from '../src/zswap/params.ts';
import { Zswap } from '../src/zswap/zswap.ts';

/** What a child has to say. Times are nanoseconds of processor time for a page. */
export interface ScaleResult {
  readonly pages: number;
  readonly store: number;
  readonly load: number;
  readonly randomLoad: number;
  readonly randomOverwrite: number;
  readonly trim: number;
  readonly metadataBytes: number;
  /** Longest collection, and quantiles of the event loop's delay, in milliseconds. */
  readonly gcMost: number;
  readonly delay50: number;
  readonly delay99: number;
  readonly delayMost: number;
}

const RUN_PAGES = 32;
/** Pages of the random parts, at most. */
const RANDOM_PAGES = 200_000;
/** Requests between two turns of the event loop: less than a millisecond. */
const TURN_REQUESTS = 4;
const WARM_PAGES = 100_000;

class ScaleEngine {
  readonly #pages: number;
  readonly #swap: Swap;
  readonly #zswap: Zswap;
  readonly #arena = new Arena();
  readonly #disk: SwapDisk;
  readonly #payload = new Payload(RUN_PAGES * PAGE_SIZE);
  readonly #numbers: DataView;
  #woken: () => void = () => {};
  readonly #request;
  #requests = 0;

  constructor(pages: number) {
    const rt = new NodeRt();
    const memcgs = new MemcgTree();
    const params = new ZswapParams(0);
    params.poolBytes = 16 * GIB;
    this.#pages = pages;
    this.#swap = new Swap(rt, undefined);
    this.#zswap = new Zswap({ rt, swap: this.#swap, memcgs, params });
    this.#zswap.setCurrentPool(createLz4(), 'zsmalloc', (cells) =>
      createZpool('zsmalloc', this.#arena, cells),
    );
    const area = this.#swap.swapon('scale', pages, memcgs.create('scale'));
    this.#disk = new SwapDisk({ rt, zswap: this.#zswap, area });
    this.#request = this.#disk.createRequest(() => this.#woken());
    this.#request.payload = this.#payload;
    const { bytes } = this.#payload;
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = (i % PAGE_SIZE) >> 5;
    this.#numbers = new DataView(bytes.buffer, bytes.byteOffset);
  }

  get metadataBytes(): number {
    return this.#swap.metadataBytes + this.#zswap.metadataBytes + this.#arena.metadataBytes;
  }

  get storedPages(): number {
    return this.#zswap.stats.stored_pages;
  }

  async run(op: BlkOp, first: number, pages: number): Promise<void> {
    const request = this.#request;
    if (op === 'write') {
      for (let i = 0; i < pages; i += 1) this.#numbers.setUint32(i * PAGE_SIZE, first + i, true);
    }
    request.op = op;
    request.offset = first * PAGE_SIZE;
    request.length = pages * PAGE_SIZE;
    request.payloadOffset = 0;
    request.available = request.length;
    if (!this.#disk.start(request)) await new Promise<void>((resolve) => (this.#woken = resolve));
    if (request.error !== 0) throw new Error(`${op} of page ${first}: error ${request.error}`);
    if (op === 'read') this.#check(first, pages);
    this.#requests += 1;
    if (this.#requests % TURN_REQUESTS === 0) await new Promise(setImmediate);
  }

  /** The number is a page's only difference, so it is all there is to compare. */
  #check(first: number, pages: number): void {
    for (let i = 0; i < pages; i += 1) {
      const found = this.#numbers.getUint32(i * PAGE_SIZE, true);
      if (found !== first + i) throw new Error(`page ${first + i} came back as ${found}`);
    }
  }

  async all(op: BlkOp): Promise<void> {
    for (let first = 0; first < this.#pages; first += RUN_PAGES) {
      await this.run(op, first, Math.min(RUN_PAGES, this.#pages - first));
    }
  }

  async random(op: BlkOp, count: number): Promise<void> {
    const random = new Prng(1);
    for (let i = 0; i < count; i += 1) await this.run(op, random.below(this.#pages), 1);
  }

  /** Leaves holes everywhere, so that the pool has to be compacted. */
  async thin(): Promise<void> {
    for (let page = 0; page < this.#pages; page += 3) {
      await this.run('trim', page, Math.min(2, this.#pages - page));
    }
  }
}

/** Nanoseconds of processor time for each page. */
async function timed(pages: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / pages;
}

async function main(pages: number): Promise<ScaleResult> {
  const engine = new ScaleEngine(pages);
  // The first pages run in code that is not compiled yet.
  for (let warm = 0; warm < WARM_PAGES; warm += Math.min(pages, 1e5)) {
    for (let first = 0; first < Math.min(pages, 1e5); first += RUN_PAGES) {
      const count = Math.min(RUN_PAGES, pages - first);
      for (const op of ['write', 'read', 'trim'] as const) await engine.run(op, first, count);
    }
  }
  let gcMost = 0;
  const collections = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) gcMost = Math.max(gcMost, entry.duration);
  });
  collections.observe({ entryTypes: ['gc'] });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const store = await timed(pages, () => engine.all('write'));
  if (engine.storedPages !== pages) throw new Error(`${engine.storedPages} pages are stored`);
  const { metadataBytes } = engine;
  const load = await timed(pages, () => engine.all('read'));
  const random = Math.min(pages, RANDOM_PAGES);
  const randomLoad = await timed(random, () => engine.random('read', random));
  const randomOverwrite = await timed(random, () => engine.random('write', random));
  await engine.thin();
  const trim = await timed(pages, () => engine.all('trim'));
  delay.disable();
  collections.disconnect();
  const ms = (nanoseconds: number): number => nanoseconds / 1e6;
  return {
    pages,
    store,
    load,
    randomLoad,
    randomOverwrite,
    trim,
    metadataBytes,
    gcMost,
    delay50: ms(delay.percentile(50)),
    delay99: ms(delay.percentile(99)),
    delayMost: ms(delay.max),
  };
}

process.stdout.write(`${JSON.stringify(await main(Number(process.argv[2])))}\n`);
