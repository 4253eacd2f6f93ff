/**
 * The memory that requests travel through: buffers by size class, pooled for the whole server, and
 * the account of what connections may own at a time. A reservation is made before a request starts
 * and covers the worst case, so that no request gets stuck half-way for want of memory.
 */
import { Payload } from '../blk/payload.ts';
import { assert, present } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { NbdLimits } from './limits.ts';

/** Room for a reply's header in front of the data. */
export const FRAME_HEAD_BYTES = 32;
const CLASS_SHIFT_MIN = 12;
const CLASS_SHIFT_MAX = 25;

/** Bytes of memory that a frame for `bytes` of data really takes, without head and staging page. */
export function frameBytes(bytes: number): number {
  return 1 << (CLASS_SHIFT_MIN + classOf(bytes));
}

function classOf(bytes: number): number {
  assert(bytes <= 1 << CLASS_SHIFT_MAX);
  return bytes <= 1 << CLASS_SHIFT_MIN ? 0 : 32 - Math.clz32(bytes - 1) - CLASS_SHIFT_MIN;
}

/** A payload buffer with the view that headers are read and written through. */
export class Frame {
  readonly buffer: ArrayBuffer;
  readonly payload: Payload;
  readonly view: DataView;
  readonly classIndex: number;

  constructor(classIndex: number) {
    this.classIndex = classIndex;
    const bytes = (1 << (CLASS_SHIFT_MIN + classIndex)) + FRAME_HEAD_BYTES;
    this.buffer = new ArrayBuffer(bytes + PAGE_SIZE);
    this.payload = new Payload(bytes, this.buffer);
    this.view = new DataView(this.buffer);
  }

  /** Bytes of its class; the room for a header comes on top. */
  get classBytes(): number {
    return 1 << (CLASS_SHIFT_MIN + this.classIndex);
  }
}

/**
 * Free frames by power-of-two class, from a page to the largest payload. The memory of a frame that
 * is not kept goes back to the system at once: the collector comes when much is allocated, and a
 * server that has become quiet would hold for good what its busiest moment took.
 */
export class FramePool {
  /** Takes buffers along to nowhere: what is sent to a closed port is dropped with its memory. */
  readonly #drain: Port = closedPort();
  readonly #free: readonly Frame[][];
  readonly #pooledBytesMax: number;
  #pooledBytes = 0;

  constructor(pooledBytesMax: number) {
    this.#pooledBytesMax = pooledBytesMax;
    this.#free = Array.from({ length: CLASS_SHIFT_MAX - CLASS_SHIFT_MIN + 1 }, () => []);
  }

  /** Bytes of the frames that lie ready. */
  get pooledBytes(): number {
    return this.#pooledBytes;
  }

  /** A frame for `bytes` of data (1..32 MiB) and a header in front. Its contents are undefined. */
  take(bytes: number): Frame {
    const classIndex = classOf(bytes);
    const frame = present(this.#free[classIndex]).pop();
    if (frame === undefined) return new Frame(classIndex);
    this.#pooledBytes -= frame.classBytes;
    return frame;
  }

  /** Takes a frame back; nobody may use it any more. */
  give(frame: Frame): void {
    if (this.#pooledBytes + frame.classBytes > this.#pooledBytesMax) {
      this.#drain.postMessage(undefined, [frame.buffer]);
      return;
    }
    this.#pooledBytes += frame.classBytes;
    present(this.#free[frame.classIndex]).push(frame);
  }
}

type Port = InstanceType<typeof MessageChannel>['port1'];

function closedPort(): Port {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.close();
  return port1;
}

/** Somebody who wants to know when memory may be there. */
export interface BudgetWaiter {
  /** Bytes it needs. */
  readonly neededBytes: number;
  /** Try again. Called from inside a release, so it only makes a note. */
  budgetFreed(): void;
}

/** The server's account of owned bytes. */
export class ServerBudget {
  readonly floorBytes: number;
  readonly bytesPerConnection: number;
  #available: number;
  #waiters: BudgetWaiter[] = [];
  readonly #total: number;

  constructor(limits: NbdLimits) {
    this.floorBytes = limits.ownedFloorBytes;
    this.bytesPerConnection = limits.ownedBytesPerConnection;
    this.#total = limits.ownedBytesPerServer;
    this.#available = this.#total;
  }

  /** Bytes reserved by all connections, without their floors. */
  get reservedBytes(): number {
    return this.#total - this.#available;
  }

  get hasWaiters(): boolean {
    return this.#waiters.length > 0;
  }

  take(bytes: number): boolean {
    if (bytes > this.#available) return false;
    this.#available -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#available += bytes;
    assert(this.#available <= this.#total);
    if (this.#waiters.length > 0) this.#wake();
  }

  /** Asks for a call when memory is given back. */
  wait(waiter: BudgetWaiter): void {
    if (!this.#waiters.includes(waiter)) this.#waiters.push(waiter);
  }

  /** Takes back {@link wait}. */
  forget(waiter: BudgetWaiter): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
  }

  #wake(): void {
    let left = this.#available;
    const kept: BudgetWaiter[] = [];
    for (const waiter of this.#waiters) {
      if (waiter.neededBytes <= left) {
        left -= waiter.neededBytes;
        waiter.budgetFreed();
      } else {
        kept.push(waiter);
      }
    }
    this.#waiters = kept;
  }
}

/** One connection's share of the {@link ServerBudget}. */
export class ConnectionBudget {
  readonly #server: ServerBudget;
  #reserved = 0;
  /** Bytes of the one reservation that was made on the floor, 0 if there is none. */
  #onFloor = 0;

  constructor(server: ServerBudget) {
    this.#server = server;
  }

  get reservedBytes(): number {
    return this.#reserved + this.#onFloor;
  }

  /**
   * Reserves memory for one request.
   *
   * @returns the token to give back with {@link release}, or 0 if it has to wait. A token is the
   *   number of bytes, negative when they lie on the connection's floor.
   */
  reserve(bytes: number): number {
    if (this.reservedBytes + bytes > this.#server.bytesPerConnection) return 0;
    if (this.#server.take(bytes)) {
      this.#reserved += bytes;
      return bytes;
    }
    if (this.#onFloor > 0 || bytes > this.#server.floorBytes) return 0;
    this.#onFloor = bytes;
    return -bytes;
  }

  /** Gives a reservation back. */
  release(token: number): void {
    if (token < 0) {
      assert(this.#onFloor === -token);
      this.#onFloor = 0;
      return;
    }
    assert(token > 0 && token <= this.#reserved);
    this.#reserved -= token;
    this.#server.give(token);
  }
}
