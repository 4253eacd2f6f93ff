/**
 * A simulated machine: page frames above the real engine above a simulated device, driven by a
 * trace. One reference after the other: the next begins when the last has ended, and not before its
 * time in the trace; writeback goes on meanwhile.
 *
 *     reference -> frames -> (fault) -> disk -> pool, or device
 *                    |                    ^
 *                    +-- oldest, dirty ---+
 *
 * A trace of a swap device has passed the frames already: there, they are left out.
 */
import { Payload } from '../../blk/payload.ts';
import type { SwapDisk } from '../../blk/swap-disk.ts';
import type { DiskRequest } from '../../blk/disk-request.ts';
import type { BlkOp } from '../../blk/request.ts';
import { DEF_PRIORITY, type PressureShrink } from '../../memcg/shrinker.ts';
import { assert, present } from '../../std/assert.ts';
import { OK, type Errno } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { TraceTraffic } from '../format.ts';
import { OP_READ, OP_TRIM, OP_WRITE } from '../record.ts';
import type { ReferenceBlock, ReferenceTrace } from '../references.ts';
import { MachineFigures, SAMPLES } from './figures.ts';
import { Frames } from './frames.ts';
import { SimulatedPages, type PageSizes } from './pages.ts';
import { fillPage, isPage } from './sized-page.ts';
import { SimulatedWorld, type WorldOptions } from './world.ts';

/** Time of a reference that needs nothing, where the trace does not say when the next one is. */
const REFERENCE_US = 1;
/** Processor time of a request around what the codec takes. */
const REQUEST_US = 2;
/** Pages that reclaim takes at a time; the shrinkers are asked once for as many (kernel). */
const SWAP_CLUSTER_MAX = 32;
/** References of one time that are taken for one request, at most. */
const REQUEST_PAGES_MAX = 32;
/** Pages tried before memory is overrun, where none can go anywhere. */
const VICTIMS_MAX = 16;

export interface StoredSizes {
  readonly poolBytes: number;
  readonly storedPages: number;
}

export interface MachineOptions extends Omit<WorldOptions, 'disks'> {
  readonly trace: ReferenceTrace;
  readonly traffic: TraceTraffic;
  /** Page frames; not looked at for swap traffic. */
  readonly framePages: number;
  readonly sizes: PageSizes;
  /** By tenant number. */
  readonly tenants: readonly Omit<WorldOptions['disks'][number], 'pages'>[];
  readonly onProgress?: ((references: number) => void) | undefined;
}

export class SimulatedMachine {
  readonly world: SimulatedWorld;
  readonly figures: MachineFigures;
  readonly #options: MachineOptions;
  readonly #frames: Frames;
  readonly #pages: SimulatedPages;
  /** Page of an object within its tenant's disk. */
  readonly #pageOf: Uint32Array;
  /** 1: the disk holds the object's last version. */
  readonly #onDisk: Uint8Array;
  readonly #requests: readonly DiskRequest[];
  readonly #payload = new Payload(PAGE_SIZE);
  readonly #page: Uint8Array;
  readonly #pressure: PressureShrink;
  #isDone = false;
  readonly #done = (): boolean => this.#isDone;
  #isShrinking = false;
  #reclaimed = 0;
  #references = 0;
  #nextSample = 0;

  constructor(options: MachineOptions) {
    const { trace } = options;
    this.#options = options;
    const disks = options.tenants.map((tenant, index) => ({
      ...tenant,
      pages: trace.tenantObjects[index] ?? 0,
    }));
    this.world = new SimulatedWorld({ ...options, disks });
    this.figures = new MachineFigures(trace.tenants.length);
    this.#frames = new Frames(trace.objectCount, Math.max(1, options.framePages));
    this.#pages = new SimulatedPages(trace.objectCount, options.sizes);
    this.#pageOf = pagesOfObjects(trace);
    this.#onDisk = new Uint8Array(trace.objectCount);
    this.#requests = this.world.disks.map((disk) =>
      disk.createRequest(() => {
        this.#isDone = true;
      }),
    );
    this.#page = this.#payload.bytes.subarray(0, PAGE_SIZE);
    this.#pressure = this.world.zswap.pressureShrinker.createShrink();
    this.#pressure.onEnd = () => {
      this.#isShrinking = false;
    };
  }

  /** Runs the trace to its end, and what is still to be written back. */
  run(): MachineFigures {
    const { trace, traffic, onProgress } = this.#options;
    for (const block of trace.blocks) {
      if (traffic === 'swap') this.#runSwap(block);
      else this.#runMemory(block);
      onProgress?.(this.#references);
    }
    this.world.rt.settle();
    this.#sample();
    return this.figures;
  }

  #runSwap(block: ReferenceBlock): void {
    for (let at = 0; at < block.count; at += 1) {
      const object = block.objects[at] ?? 0;
      this.#begin(block, at);
      const op = block.ops[at];
      if (op === OP_READ) this.#swapIn(object);
      else if (op === OP_TRIM) this.#drop(object);
      else {
        this.#pages.write(object, block.sizes[at] ?? -1);
        this.#swapOut(object);
      }
    }
  }

  #runMemory(block: ReferenceBlock): void {
    const frames = this.#frames;
    for (let at = 0; at < block.count; at += 1) {
      const object = block.objects[at] ?? 0;
      const op = block.ops[at];
      this.#begin(block, at);
      if (op === OP_TRIM) {
        this.#drop(object);
        frames.forget(object);
        continue;
      }
      if (frames.has(object)) {
        this.figures.count(block.tenants[at] ?? 0, 'frames');
        frames.use(object);
      } else this.#fault(object);
      if (op === OP_WRITE) this.#dirty(object, block.sizes[at] ?? -1);
    }
  }

  /** Brings a page in, and makes way for it. */
  #fault(object: number): void {
    const frames = this.#frames;
    for (let tries = 0; frames.isFull && tries < VICTIMS_MAX; tries += 1) this.#reclaimOne();
    frames.add(object);
    if (frames.isInSwap(object)) {
      if (this.#swapIn(object)) frames.setClean(object);
      return;
    }
    this.figures.count(this.#tenantOf(object), 'first');
    // A page that comes into being has contents that nobody else has.
    this.#dirty(object, -1);
  }

  /** The page is written in memory; its copy in swap is of no use any more. */
  #dirty(object: number, recordedBytes: number): void {
    const frames = this.#frames;
    this.#pages.write(object, recordedBytes);
    if (frames.isInSwap(object)) {
      this.#drop(object);
      frames.dropCopy(object);
    }
    frames.setDirty(object);
  }

  /** Takes the oldest page out of memory; where it can go nowhere, it becomes the newest. */
  #reclaimOne(): void {
    const frames = this.#frames;
    const victim = frames.oldest;
    if (frames.isDirty(victim)) {
      if (!this.#swapOut(victim)) {
        frames.use(victim);
        return;
      }
      frames.setClean(victim);
    }
    frames.remove(victim);
    this.#reclaimed += 1;
    if (this.#reclaimed % SWAP_CLUSTER_MAX === 0) this.#press(victim);
  }

  /** Memory is short, so the shrinker has its say, as under the kernel's reclaim. */
  #press(victim: number): void {
    if (this.#isShrinking || !this.#options.settings.shrinkerEnabled) return;
    const { memcg } = this.#diskOf(victim).area;
    this.#isShrinking = !this.#pressure.begin(memcg, DEF_PRIORITY);
  }

  /** Reads a page from swap; false: it could not be had. */
  #swapIn(object: number): boolean {
    const { figures } = this;
    const { vmstat } = this.world.zswap.swap;
    const { zswpin, swpin_zero, pswpin } = vmstat;
    const startUs = this.world.rt.nowUs;
    const error = this.#request('read', object);
    const us = this.world.rt.nowUs - startUs;
    const tenant = this.#tenantOf(object);
    const isFromDevice = vmstat.pswpin > pswpin;
    if (isFromDevice) figures.count(tenant, 'device');
    else if (vmstat.zswpin > zswpin) figures.count(tenant, 'zswap');
    else if (vmstat.swpin_zero > swpin_zero) figures.count(tenant, 'zero');
    else figures.count(tenant, 'first');
    figures.faultLatency.add(us);
    (isFromDevice ? figures.deviceLatency : figures.zswapLatency).add(us);
    const version = this.#pages.version(object);
    const bytes = this.#pages.bytes(object);
    const isKnown = this.#onDisk[object] === 1;
    const isRight = error === OK && (!isKnown || isPage(this.#page, object, version, bytes));
    if (!isRight) figures.wrongReads += 1;
    return isRight;
  }

  /** Writes a page to swap; false: it was refused. */
  #swapOut(object: number): boolean {
    fillPage(this.#page, object, this.#pages.version(object), this.#pages.bytes(object));
    const startUs = this.world.rt.nowUs;
    const isStored = this.#request('write', object) === OK;
    this.figures.writeLatency.add(this.world.rt.nowUs - startUs);
    if (isStored) this.#onDisk[object] = 1;
    else {
      this.figures.refusedWrites += 1;
      // What was there before is still there, in an older version.
      this.#onDisk[object] = 0;
    }
    this.figures.notePool(this.world.zswap.poolTotalSize);
    return isStored;
  }

  #drop(object: number): void {
    this.#onDisk[object] = 0;
    this.#request('trim', object);
  }

  #request(op: BlkOp, object: number): Errno {
    const { rt } = this.world;
    const tenant = this.#tenantOf(object);
    const request = present(this.#requests[tenant]);
    rt.charge(REQUEST_US);
    request.op = op;
    request.offset = (this.#pageOf[object] ?? 0) * PAGE_SIZE;
    request.length = PAGE_SIZE;
    request.payload = this.#payload;
    request.payloadOffset = 0;
    request.available = PAGE_SIZE;
    this.#isDone = this.#diskOf(object).start(request);
    if (!this.#isDone) rt.runUntil(this.#done);
    return request.error;
  }

  /**
   * Waits for a reference's time. The pages of one request, which have the same time, follow each
   * other without anybody else's turn in between, as they do in the engine.
   */
  #begin(block: ReferenceBlock, at: number): void {
    const { rt } = this.world;
    if (this.#references >= this.#nextSample) this.#sample();
    this.#references += 1;
    const { times } = block;
    if (times === undefined) {
      rt.charge(REFERENCE_US);
      rt.turn();
    } else if (!this.#isSameRequest(block, at)) rt.idleUntil((times[at] ?? 0) * 1e6);
  }

  #isSameRequest({ times, ops, tenants }: ReferenceBlock, at: number): boolean {
    if (at === 0 || this.#options.traffic !== 'swap' || at % REQUEST_PAGES_MAX === 0) return false;
    const isSameTime = times?.[at] === times?.[at - 1];
    return isSameTime && ops[at] === ops[at - 1] && tenants[at] === tenants[at - 1];
  }

  #sample(): void {
    const { rt, zswap } = this.world;
    this.#nextSample = this.#references + this.#options.trace.referenceCount / SAMPLES;
    this.figures.addSample({
      reference: this.#references,
      seconds: rt.nowUs / 1e6,
      poolBytes: zswap.poolTotalSize,
      storedPages: zswap.stats.stored_pages,
      devicePages: zswap.swap.backing?.usedPages ?? 0,
      writtenBack: zswap.stats.written_back_pages,
      tiers: { ...this.figures.tiers },
    });
  }

  #tenantOf(object: number): number {
    return this.#options.trace.objectTenants[object] ?? 0;
  }

  #diskOf(object: number): SwapDisk {
    return present(this.world.disks[this.#tenantOf(object)]);
  }
}

/** Each object's number among those of its tenant. */
function pagesOfObjects(trace: ReferenceTrace): Uint32Array {
  const pages = new Uint32Array(trace.objectCount);
  const counts = trace.tenants.map(() => 0);
  for (let object = 0; object < trace.objectCount; object += 1) {
    const tenant = trace.objectTenants[object] ?? 0;
    const page = counts[tenant];
    assert(page !== undefined);
    pages[object] = page;
    counts[tenant] = page + 1;
  }
  return pages;
}
