/** A shard as the main thread sees it: calls to its thread, and notices both ways. */
import { Worker } from 'node:worker_threads';
import { ZswapError } from '../../std/error.ts';
import { decodeError } from '../../std/portable-error.ts';
import type { FromShard, ShardCalls, ShardData, ShardVerb, ToShard } from './protocol.ts';

const THREAD = new URL('./shard-thread.js', import.meta.url);

/** Who hears of what happens in a shard. */
export interface ShardOwner {
  /** It has finished with a connection; when this resolves, it closes the descriptor. */
  takeBack(fd: number): Promise<void>;
  /** It writes back because the pool is full. */
  shrinking(shard: Shard): void;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class Shard {
  readonly #worker: Worker;
  readonly #owner: ShardOwner;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #nextId = 1;
  #isOpen = false;
  #closing = false;
  /** Why there is nobody who would answer. */
  #failure: Error | undefined;

  constructor(data: ShardData, owner: ShardOwner) {
    this.#owner = owner;
    this.#worker = new Worker(THREAD, { workerData: data, name: `shard ${data.shard}` });
    this.#worker.on('message', (message: FromShard) => void this.#heed(message));
    this.#worker.on('error', (cause: Error) => {
      this.#fail(new Error(`shard ${data.shard} has failed: ${cause.message}`, { cause }));
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
  }

  /** Resolves when its engine is there. */
  async open(): Promise<void> {
    await this.call('opened');
    this.#isOpen = true;
  }

  /** Has the shard do something. Rejects with its error, as far as errors can travel. */
  call<V extends ShardVerb>(
    verb: V,
    ...args: Parameters<ShardCalls[V]>
  ): Promise<Awaited<ReturnType<ShardCalls[V]>>> {
    if (this.#closing) {
      return Promise.reject(new ZswapError('ZSWAP_EXPORT', 'the engine is being closed'));
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.post({ kind: 'call', id, verb, args });
    });
  }

  post(message: ToShard): void {
    this.#worker.postMessage(message);
  }

  /** Closes the engine and ends the thread. */
  async close(): Promise<void> {
    const closed = this.call('close');
    this.#closing = true;
    await closed;
    await this.#ended;
  }

  /** Ends the thread of a shard that could not be opened. */
  async abandon(): Promise<void> {
    await this.#worker.terminate();
  }

  async #heed(message: FromShard): Promise<void> {
    switch (message.kind) {
      case 'value':
        this.#take(message.id)?.resolve(message.value as never);
        return;
      case 'error':
        this.#take(message.id)?.reject(decodeError(message.error));
        return;
      case 'finished':
        await this.#owner.takeBack(message.fd);
        this.post({ kind: 'taken-back', fd: message.fd });
        return;
      case 'shrinking':
        this.#owner.shrinking(this);
        this.post({ kind: 'heard' });
    }
  }

  #fail(failure: Error): void {
    // What it held is lost, and its clients must not be left waiting: nobody catches this.
    if (this.#isOpen) throw failure;
    // Whoever opens it hears of it: descriptors or memory may be short for so many threads.
    this.#failure = failure;
    for (const waiting of this.#waiting.values()) waiting.reject(failure);
    this.#waiting.clear();
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
