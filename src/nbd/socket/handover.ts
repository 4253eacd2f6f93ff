/**
 * Handing a connection over to another thread of the process, once its handshake is done.
 *
 * Node cannot give a socket to another thread, but a descriptor is a number that all threads can
 * use: the other one makes a socket of its own on it. Then each of the two has a handle that will
 * close that number, and a number must be closed once: closed a second time it may long be somebody
 * else's. So the closing goes in three steps:
 *
 * 1. the thread that serves stops its handle, lets its event loop go round, so that nothing is left
 *    to be told to the system about that number, and says that it has finished;
 * 2. the keeper closes its own, which ends the connection, and at once opens something harmless in
 *    the free place, so that the number is nobody's;
 * 3. the thread that served closes its handle, and the number is free.
 */
import { closeSync, openSync } from 'node:fs';
import type { Rt } from '../../rt/rt.ts';
import { assert } from '../../std/assert.ts';
import type { StreamHandle } from './handle.ts';

/** A connection on its way to another thread: what its handshake has agreed on. */
export interface HandedConnection {
  /** Number of its descriptor, which {@link DescriptorKeeper} keeps. */
  readonly fd: number;
  readonly exportName: string;
  /** Structured replies were negotiated. */
  readonly structured: boolean;
  /** `base:allocation` was selected. */
  readonly hasStatus: boolean;
  /** What has been received of transmission. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

const HARMLESS_PATH = '/dev/null';
/** Time after which a number is tried again that another thread has taken in between. */
const AGAIN_MS = 5;

/** The descriptors that other threads use, by number. */
export class DescriptorKeeper {
  readonly #rt: Pick<Rt, 'sleep' | 'yieldNow'>;
  readonly #handles = new Map<number, StreamHandle>();
  /** Numbers whose connection has ended and that are somebody else's at the moment. */
  readonly #awaited = new Set<number>();
  /** Numbers in the way of wanted ones, open to the end of the turn: a crowd needs them again. */
  readonly #below = new Set<number>();
  #allClosed: (() => void) | undefined;

  constructor(rt: Pick<Rt, 'sleep' | 'yieldNow'>) {
    this.#rt = rt;
  }

  /** Connections that are elsewhere. */
  get count(): number {
    return this.#handles.size;
  }

  /** Says whether a number is still another thread's, though it is free or in use anew here. */
  awaits(fd: number): boolean {
    return this.#awaited.has(fd);
  }

  /** Keeps a number that another thread is going to use. */
  keep(fd: number, handle: StreamHandle): void {
    assert(!this.#handles.has(fd));
    this.#handles.set(fd, handle);
  }

  /**
   * Ends a connection. When the promise resolves, the other thread closes the number: until then it
   * is taken, by nothing.
   */
  async close(fd: number): Promise<void> {
    const handle = this.#handles.get(fd);
    assert(handle !== undefined);
    this.#handles.delete(fd);
    handle.close();
    // Another thread may have opened a file in the moment between; it will not keep it for long.
    this.#awaited.add(fd);
    while (!this.#occupy(fd)) await this.#rt.sleep(AGAIN_MS);
    this.#awaited.delete(fd);
    if (this.#handles.size === 0) this.#allClosed?.();
  }

  /** Resolves when no connection is elsewhere. */
  async empty(): Promise<void> {
    if (this.#handles.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#allClosed = resolve;
    });
  }

  /** Takes a free number. The system gives the lowest that is free, so those below go first. */
  #occupy(fd: number): boolean {
    if (this.#below.delete(fd)) return true;
    try {
      for (;;) {
        const got = openSync(HARMLESS_PATH, 'r');
        if (got === fd) return true;
        if (this.#below.size === 0) void this.#releaseBelow();
        this.#below.add(got);
        if (got > fd) return false;
      }
    } catch {
      // Out of descriptors: those of others are being closed.
      return false;
    }
  }

  async #releaseBelow(): Promise<void> {
    await this.#rt.yieldNow();
    for (const each of this.#below) closeSync(each);
    this.#below.clear();
  }
}
