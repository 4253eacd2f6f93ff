/**
 * Memory for the cache's tests: pages in a map, with a limit, and told by the test which of them
 * are on disk, lost, or slow to be discarded. It refuses what the cache must never do: write to a
 * page that holds something, or write or discard parts of pages.
 */
import assert from 'node:assert/strict';
import type { CacheHost, CacheMemory, WriteResult } from '../../src/cache/space/memory.ts';
import type { Rt, Task } from '../../src/rt/rt.ts';
import { ZswapError } from '../../src/std/error.ts';
import { MIB, PAGE_SIZE } from '../../src/std/units.ts';

export interface TestMemoryOptions {
  readonly bytes?: number;
  /** Pages that fit the disk; 0: there is none. */
  readonly diskPages?: number;
  /** Bytes that a page in RAM takes. */
  readonly pageBytes?: number;
}

export class TestMemory implements CacheMemory {
  readonly bytes: number;
  readonly spills: boolean;
  /** Pages in the order in which they were last used. */
  readonly pages: Map<number, Uint8Array> = new Map<number, Uint8Array>();
  readonly onDisk: Set<number> = new Set<number>();
  readonly lost: Set<number> = new Set<number>();
  discardsWait = false;
  writesWait = false;
  discardsFail = false;
  /** Reads that find no page frame; each that fails is one less. */
  readsWithoutRoom = 0;
  /** Turns of the event loop that a read takes which begins now. */
  readTurns = 1;
  /** Pages read from disk, by whoever. */
  diskReads = 0;
  /** Pages read at all. */
  reads = 0;
  isClosed = false;
  #limit = Number.POSITIVE_INFINITY;
  readonly #diskPages: number;
  readonly #pageBytes: number;

  constructor(options: TestMemoryOptions = {}) {
    this.bytes = options.bytes ?? 64 * MIB;
    this.#diskPages = options.diskPages ?? 0;
    this.#pageBytes = options.pageBytes ?? PAGE_SIZE;
    this.spills = this.#diskPages > 0;
  }

  usedBytes(): number {
    return (this.pages.size - this.onDisk.size) * this.#pageBytes;
  }

  freeBytes(): number {
    const ram = Math.floor((this.#limit - this.usedBytes()) / this.#pageBytes) * PAGE_SIZE;
    return ram + (this.#diskPages - this.onDisk.size) * PAGE_SIZE;
  }

  limitRam(bytes: number): boolean {
    this.#limit = bytes;
    this.#spill(0);
    return this.usedBytes() <= bytes;
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  readSync(offset: number, target: Uint8Array): boolean {
    const first = Math.floor(offset / PAGE_SIZE);
    const last = Math.floor((offset + target.length - 1) / PAGE_SIZE);
    for (let page = first; page <= last; page += 1) {
      if (this.onDisk.has(page)) return false;
      if (this.lost.has(page)) throw new Error('the page is lost');
    }
    this.#needRoom();
    this.#copyOut(offset, target);
    return true;
  }

  async read(offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    assert.ok(!this.isClosed);
    for (let turns = this.readTurns; turns > 0; turns -= 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    signal?.throwIfAborted();
    const first = Math.floor(offset / PAGE_SIZE);
    const last = Math.floor((offset + target.length - 1) / PAGE_SIZE);
    for (let page = first; page <= last; page += 1) {
      if (this.lost.has(page)) throw new Error('the page is lost');
      if (this.onDisk.delete(page)) this.diskReads += 1;
    }
    this.#needRoom();
    this.#copyOut(offset, target);
    this.#spill(0);
  }

  writeSync(offset: number, source: Uint8Array): WriteResult {
    if (this.writesWait) return 'would-wait';
    return this.#write(offset, source);
  }

  async write(offset: number, source: Uint8Array): Promise<WriteResult> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.#write(offset, source);
  }

  discardSync(offset: number, length: number): boolean {
    if (this.discardsWait) return false;
    this.#discard(offset, length);
    return true;
  }

  async discard(offset: number, length: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.discardsFail) throw new Error('the discard failed');
    this.#discard(offset, length);
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.pages.clear();
    this.onDisk.clear();
    return Promise.resolve();
  }

  /** Puts every page on disk. */
  pageOutAll(): void {
    for (const page of this.pages.keys()) this.onDisk.add(page);
  }

  #needRoom(): void {
    if (this.readsWithoutRoom === 0) return;
    this.readsWithoutRoom -= 1;
    throw new ZswapError('ZSWAP_NO_MEMORY', 'no page frame can be had');
  }

  #write(offset: number, source: Uint8Array): WriteResult {
    assert.ok(!this.isClosed);
    assert.equal(offset % PAGE_SIZE, 0, 'writes whole pages');
    assert.equal(source.length % PAGE_SIZE, 0, 'writes whole pages');
    assert.ok(offset + source.length <= this.bytes);
    const count = source.length / PAGE_SIZE;
    this.#spill(count);
    if (this.usedBytes() + count * this.#pageBytes > this.#limit) return 'no-room';
    for (let i = 0; i < count; i += 1) {
      const page = offset / PAGE_SIZE + i;
      assert.ok(!this.pages.has(page), 'a page that holds something is written to');
      this.pages.set(page, source.slice(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
    }
    return 'done';
  }

  #discard(offset: number, length: number): void {
    assert.equal(offset % PAGE_SIZE, 0);
    assert.equal(length % PAGE_SIZE, 0);
    for (let page = offset / PAGE_SIZE; page < (offset + length) / PAGE_SIZE; page += 1) {
      this.pages.delete(page);
      this.onDisk.delete(page);
      this.lost.delete(page);
    }
  }

  /** Moves the least recently used pages to disk, until `count` more fit. */
  #spill(count: number): void {
    for (const page of this.pages.keys()) {
      if (this.usedBytes() + count * this.#pageBytes <= this.#limit) return;
      if (this.onDisk.size >= this.#diskPages) return;
      this.onDisk.add(page);
    }
  }

  #copyOut(offset: number, target: Uint8Array): void {
    for (let at = 0; at < target.length;) {
      const page = Math.floor((offset + at) / PAGE_SIZE);
      const skip = (offset + at) % PAGE_SIZE;
      const length = Math.min(PAGE_SIZE - skip, target.length - at);
      const bytes = this.pages.get(page);
      this.reads += 1;
      if (bytes === undefined) target.fill(0, at, at + length);
      else {
        target.set(bytes.subarray(skip, skip + length), at);
        this.pages.delete(page);
        this.pages.set(page, bytes);
      }
      at += length;
    }
  }
}

/** A host whose regions are {@link TestMemory}. */
export class TestHost implements CacheHost {
  readonly rt: Rt;
  readonly memories: Map<string, TestMemory> = new Map<string, TestMemory>();
  isClosed = false;
  readonly #options: TestMemoryOptions;

  constructor(rt: Rt, options: TestMemoryOptions = {}) {
    this.rt = rt;
    this.#options = options;
  }

  /** The region of the cache itself. */
  get memory(): TestMemory {
    const memory = this.memories.get('');
    assert.ok(memory !== undefined);
    return memory;
  }

  map(name: string): CacheMemory {
    const memory = new TestMemory(this.#options);
    this.memories.set(name, memory);
    return memory;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** A clock that the test sets, and turns of the event loop. */
export class TestRt implements Rt {
  now = 1;
  #random = 1;

  nowMs(): number {
    return this.now;
  }

  randomU32(): number {
    this.#random = (Math.imul(this.#random, 0x9e3779b1) + 0x7f4a7c15) >>> 0;
    return this.#random;
  }

  point(): boolean {
    return false;
  }

  wake(task: Task): void {
    queueMicrotask(() => task.resume());
  }

  yieldTask(task: Task): void {
    setImmediate(() => task.resume());
  }

  async yieldNow(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async sleep(ms: number): Promise<void> {
    this.now += ms;
    await this.yieldNow();
  }
}
