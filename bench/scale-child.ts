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
import { Standstill } from './standstill.ts';

/** What a child has to say. Times are nanoseconds of processor time for a page. */
export interface ScaleResult {
  readonly pages: number;
  readonly store: number;
  readonly load: number;
  readonly randomLoad: number;
  readonly randomOverwrite: number;
  readonly trim: number;
  readonly metadataBytes: number;
  readonly poolBytes: number;
  /** Of the pool once two pages of three are gone and it has been compacted. */
  readonly thinnedPoolBytes: number;
  /**
   * The same for one read of a random word in as many bytes as the pool and its tables have, each
   * read after the one before: what a look-up's accesses cost where no cache helps.
   */
  readonly randomWord: number;
  /** Longest collection, and quantiles of the event loop's delay, in milliseconds. */
  readonly gcMost: number;
  readonly delay50: number;
  readonly delay99: number;
  readonly delay9999: number;
  readonly delayMost: number;
  /** See {@link Standstill}: the longest turn, by its own time too, and turns by that. */
  readonly turnMost: number;
  readonly turnOwnMost: number;
  readonly turns: readonly number[];
}

const RUN_PAGES = 32;
/** Pages of the random parts, and of the others at least: few pages go in and out again. */
const RANDOM_PAGES = 200_000;
/** A page has as many runs of equal bytes as this goes into it. */
const BYTES_OF_A_RUN = 1024;
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
  /** Called in each turn of the event loop. */
  onTurn: () => void = () => {};
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
    for (let i = 0; i < bytes.length; i += 1) {
      bytes[i] = Math.floor((i % PAGE_SIZE) / BYTES_OF_A_RUN);
    }
    this.#numbers = new DataView(bytes.buffer, bytes.byteOffset);
  }

  get metadataBytes(): number {
    return this.#swap.metadataBytes + this.#zswap.metadataBytes + this.#arena.metadataBytes;
  }

  get poolBytes(): number {
    return this.#zswap.poolTotalSize;
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
    if (this.#requests % TURN_REQUESTS !== 0) return;
    await new Promise(setImmediate);
    this.onTurn();
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

  /** Leaves holes everywhere, so that the pool has to be compacted, and waits for that. */
  async thin(): Promise<void> {
    for (let page = 0; page < this.#pages; page += 3) {
      await this.run('trim', page, Math.min(2, this.#pages - page));
    }
    while (this.#zswap.compactor.running) {
      await new Promise(setImmediate);
      this.onTurn();
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

/** Runs code that is not compiled yet, with requests of both sizes. */
async function warmUp(engine: ScaleEngine, pages: number): Promise<void> {
  for (const runPages of [RUN_PAGES, 1]) {
    for (let warm = 0; warm < WARM_PAGES; warm += runPages) {
      const first = warm % (pages - runPages);
      for (const op of ['write', 'read', 'trim'] as const) await engine.run(op, first, runPages);
    }
  }
}

/** What a random access to so much memory takes: what is read decides where the next one goes. */
async function timeRandomWords(bytes: number): Promise<number> {
  const words = new Uint32Array(Math.ceil(bytes / Uint32Array.BYTES_PER_ELEMENT)).fill(1);
  const random = new Prng(1);
  let read = 0;
  const work = (): Promise<void> => {
    for (let i = 0; i < RANDOM_PAGES; i += 1) {
      read = (words[(random.below(words.length) + read) % words.length] ?? 0) & 1;
    }
    return Promise.resolve();
  };
  await work();
  return timed(RANDOM_PAGES, work);
}

/** Stores and loads all pages, over again where they are few. They stay after the last time. */
async function timeAll(engine: ScaleEngine, pages: number): Promise<[number, number]> {
  const passes = Math.ceil(RANDOM_PAGES / pages);
  let [store, load] = [0, 0];
  for (let pass = 0; pass < passes; pass += 1) {
    if (pass > 0) await engine.all('trim');
    store += await timed(pages, () => engine.all('write'));
    if (engine.storedPages !== pages) throw new Error(`${engine.storedPages} pages are stored`);
    load += await timed(pages, () => engine.all('read'));
  }
  return [store / passes, load / passes];
}

async function main(pages: number): Promise<ScaleResult> {
  const engine = new ScaleEngine(pages);
  await warmUp(engine, pages);
  let gcMost = 0;
  const collections = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) gcMost = Math.max(gcMost, entry.duration);
  });
  collections.observe({ entryTypes: ['gc'] });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const standstill = new Standstill();
  engine.onTurn = () => standstill.turn();
  const [store, load] = await timeAll(engine, pages);
  const { metadataBytes, poolBytes } = engine;
  const random = RANDOM_PAGES;
  const randomLoad = await timed(random, () => engine.random('read', random));
  const randomOverwrite = await timed(random, () => engine.random('write', random));
  await engine.thin();
  const thinnedPoolBytes = engine.poolBytes;
  const trim = await timed(pages, () => engine.all('trim'));
  delay.disable();
  standstill.close();
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
    poolBytes,
    thinnedPoolBytes,
    randomWord: await timeRandomWords(metadataBytes + poolBytes),
    gcMost,
    delay50: ms(delay.percentile(50)),
    delay99: ms(delay.percentile(99)),
    delay9999: ms(delay.percentile(99.99)),
    delayMost: ms(delay.max),
    turnMost: standstill.longest,
    turnOwnMost: standstill.longestOwn,
    turns: standstill.counts,
  };
}

process.stdout.write(`${JSON.stringify(await main(Number(process.argv[2])))}\n`);
