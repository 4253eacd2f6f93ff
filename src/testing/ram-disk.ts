/**
 * A disk of flat memory that keeps the block contract, for tests of what lies above a disk. It can
 * make requests wait at any page, seeded, so that late completion, completion out of order and
 * payloads that move while a request waits are all met.
 */
import type { BlkDisk, BlkOp, BlkRequest } from '../blk/request.ts';
import type { Payload } from '../blk/payload.ts';
import type { Rt, Task } from '../rt/rt.ts';
import { assert, present } from '../std/assert.ts';
import { EIO, OK } from '../std/errno.ts';
import type { Errno } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';

export interface RamDiskOptions {
  /** Seed of the waiting; the same seed and the same calls wait alike. Default 1. */
  readonly seed?: number;
  /** Probability that a request waits before a page, 0..1. Default 0. */
  readonly waitChance?: number;
  /** Runs waiting requests by itself; without it {@link RamDisk.runOne} does. */
  readonly rt?: Pick<Rt, 'yieldTask'>;
}

const HOLE = 0;
const ZERO = 1;
const DATA = 2;
const STATES = ['hole', 'zero', 'data'] as const;
/** Pages that one call of `status` looks at. */
const STATUS_PAGES_MAX = 2 ** 15;

export class RamDisk implements BlkDisk {
  readonly name: string;
  readonly sizeBytes: number;
  /** The contents; tests may look at and change them. */
  readonly bytes: Uint8Array;
  /** Pages that refuse to be read or written. */
  readonly badPages: Map<number, Errno> = new Map();
  readonly states: Uint8Array;
  readonly #waitChance: number;
  readonly #rt: Pick<Rt, 'yieldTask'> | undefined;
  readonly #waiting: RamRequest[] = [];
  #random: number;

  constructor(name: string, sizeBytes: number, options: RamDiskOptions = {}) {
    assert(sizeBytes % PAGE_SIZE === 0);
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.bytes = new Uint8Array(sizeBytes);
    this.states = new Uint8Array(sizeBytes / PAGE_SIZE);
    this.#waitChance = options.waitChance ?? 0;
    this.#rt = options.rt;
    this.#random = (options.seed ?? 1) >>> 0;
  }

  /** Requests that wait to be run on. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  createRequest(onDone: (request: BlkRequest) => void): BlkRequest {
    return new RamRequest(this, onDone);
  }

  start(request: BlkRequest): boolean {
    const own = this.#own(request);
    own.begin();
    return this.#run(own);
  }

  feed(request: BlkRequest): boolean {
    const own = this.#own(request);
    assert(own.isUnderWay && own.op === 'write');
    return own.isParked ? false : this.#run(own);
  }

  abandon(request: BlkRequest): boolean {
    const own = this.#own(request);
    assert(own.isUnderWay && own.op === 'write' && own.available < own.length);
    own.isAbandoned = true;
    return own.isParked ? false : this.#run(own);
  }

  status(
    offset: number,
    length: number,
    visit: (bytes: number, state: 'data' | 'zero' | 'hole') => boolean,
  ): void {
    const first = Math.floor(offset / PAGE_SIZE);
    const end = Math.min(Math.ceil((offset + length) / PAGE_SIZE), first + STATUS_PAGES_MAX);
    for (let page = first; page < end; page += 1) {
      const from = Math.max(offset, page * PAGE_SIZE);
      const to = Math.min(offset + length, (page + 1) * PAGE_SIZE);
      if (!visit(to - from, present(STATES[present(this.states[page])]))) return;
    }
  }

  /** Runs one waiting request, chosen by the seed, from where it stopped. False if none waits. */
  runOne(): boolean {
    if (this.#waiting.length === 0) return false;
    const [own] = this.#waiting.splice(Math.floor(this.#next() * this.#waiting.length), 1);
    this.runParked(present(own));
    return true;
  }

  /** Called by a waiting request that `rt` has woken. */
  runParked(own: RamRequest): void {
    const index = this.#waiting.indexOf(own);
    if (index >= 0) this.#waiting.splice(index, 1);
    own.isParked = false;
    if (this.#run(own)) own.onDone(own);
  }

  #own(request: BlkRequest): RamRequest {
    assert(request instanceof RamRequest && request.disk === this);
    return request;
  }

  #next(): number {
    // A 32-bit linear congruential step: enough to scatter waits, and the same everywhere.
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return this.#random / 2 ** 32;
  }

  #run(own: RamRequest): boolean {
    for (;;) {
      const piece = own.nextPiece();
      if (piece === 0) return own.finish(own.error);
      if (piece < 0) {
        if (own.isAbandoned) return own.finish(EIO);
        return false;
      }
      if (!own.mayPass && this.#waitChance > 0 && this.#next() < this.#waitChance) {
        own.mayPass = true;
        own.isParked = true;
        this.#waiting.push(own);
        this.#rt?.yieldTask(own);
        return false;
      }
      own.mayPass = false;
      const error = this.#movePage(own, piece);
      if (error !== OK) return own.finish(error);
      own.done += piece;
    }
  }

  /** Carries out the next `piece` bytes, which lie in one page. */
  #movePage(own: RamRequest, piece: number): Errno {
    const at = own.offset + own.done;
    const page = Math.floor(at / PAGE_SIZE);
    const bad = this.badPages.get(page);
    if (own.op === 'flush') return OK;
    if (bad !== undefined) return bad;
    switch (own.op) {
      case 'read': {
        const { payload, payloadOffset } = own.place();
        payload.bytes.set(this.bytes.subarray(at, at + piece), payloadOffset + own.done);
        return OK;
      }
      case 'write': {
        const { payload, payloadOffset } = own.place();
        const from = payloadOffset + own.done;
        assert(from >= 0 && from + piece <= payload.size);
        this.bytes.set(payload.bytes.subarray(from, from + piece), at);
        this.states[page] = DATA;
        return OK;
      }
      case 'zero':
        this.bytes.fill(0, at, at + piece);
        if (piece === PAGE_SIZE) this.states[page] = ZERO;
        return OK;
      case 'trim':
        if (piece < PAGE_SIZE) return OK;
        this.bytes.fill(0, at, at + piece);
        this.states[page] = HOLE;
        return OK;
    }
  }
}

class RamRequest implements BlkRequest, Task {
  readonly disk: RamDisk;
  op: BlkOp = 'read';
  offset = 0;
  length = 0;
  payload: Payload | undefined = undefined;
  payloadOffset = 0;
  available = 0;
  done = 0;
  error: Errno = OK;
  onDone: (request: BlkRequest) => void;
  isUnderWay = false;
  isParked = false;
  isAbandoned = false;
  /** Has waited for this page already. */
  mayPass = false;

  constructor(disk: RamDisk, onDone: (request: BlkRequest) => void) {
    this.disk = disk;
    this.onDone = onDone;
  }

  resume(): void {
    this.disk.runParked(this);
  }

  begin(): void {
    assert(!this.isUnderWay && this.length >= 0);
    assert(this.offset >= 0 && this.offset + this.length <= this.disk.sizeBytes);
    this.isUnderWay = true;
    this.isAbandoned = false;
    this.mayPass = false;
    this.done = 0;
    this.error = OK;
  }

  /**
   * Bytes to the end of the page or the request; 0 if all is done, -1 if they are not there yet.
   */
  nextPiece(): number {
    const left = this.length - this.done;
    const piece = Math.min(left, PAGE_SIZE - ((this.offset + this.done) % PAGE_SIZE));
    return this.op === 'write' && this.done + piece > this.available ? -1 : piece;
  }

  place(): { payload: Payload; payloadOffset: number } {
    return { payload: present(this.payload), payloadOffset: this.payloadOffset };
  }

  finish(error: Errno): true {
    this.error = error;
    this.isUnderWay = false;
    return true;
  }
}
