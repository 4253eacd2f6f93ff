/** A machine used from another thread: see `MachineClient` in `api.ts`. */
import { NodeRt } from '../../rt/rt-node.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { MachineStats, MapOptions, PinOptions, WaitOptions } from '../api.ts';
import type { MachineClient, PortLike, RemotePin, RemoteRegion } from './api.ts';
import { checkBytes, checkName, checkPage, checkRange } from '../check.ts';
import { Cancel } from './cancel.ts';
import { PortConnection, type Message } from './connection.ts';
import { PIECE_BYTES, type PinInfo, type RegionInfo } from './protocol.ts';

/** Connects to the machine that serves the other port of a channel. */
export function connectMachine(port: PortLike): MachineClient {
  return new ConnectedMachine(new PortConnection(port, new NodeRt()));
}

class ConnectedMachine implements MachineClient {
  readonly #connection: PortConnection;
  #closing: Promise<void> | undefined;

  constructor(connection: PortConnection) {
    this.#connection = connection;
  }

  async map({ bytes, order, name }: Omit<MapOptions, 'group'>): Promise<RemoteRegion> {
    return await this.#regionOf(() => ({ op: 'map', bytes, order, name }));
  }

  async region(name: string): Promise<RemoteRegion> {
    checkName('name', name);
    return await this.#regionOf(() => ({ op: 'open', name }));
  }

  async stats(): Promise<MachineStats> {
    return (await this.#connection.call(() => ({ op: 'stats' }))) as MachineStats;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#connection.close(() => ({ op: 'close' }));
    } catch (error) {
      // Without a machine there is nothing that has to end.
      if (!(error instanceof ZswapError) || error.code !== 'ZSWAP_CLOSED') throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #regionOf(make: Parameters<PortConnection['call']>[0]): Promise<RemoteRegion> {
    const info = (await this.#connection.call(make)) as RegionInfo;
    return new ConnectedRegion(this.#connection, info);
  }
}

class ConnectedRegion implements RemoteRegion {
  readonly name: string;
  readonly bytes: number;
  readonly #connection: PortConnection;
  readonly #id: number;
  #unmapping: Promise<void> | undefined;

  constructor(connection: PortConnection, info: RegionInfo) {
    this.name = info.name;
    this.bytes = info.bytes;
    this.#id = info.region;
    this.#connection = connection;
  }

  async read(offset: number, target: Uint8Array, options: WaitOptions = {}): Promise<void> {
    checkBytes('target', target);
    checkRange(offset, target.length, this.bytes);
    const region = this.#id;
    await this.#pieces(offset, target.length, options, async (at, length, signal) => {
      const message = { op: 'read', region, offset: at, length } as const;
      const piece = await this.#connection.call(() => message, length, signal);
      // An abort has ended the whole, though this piece came.
      if (!signal.aborted) target.set(piece as Uint8Array, at - offset);
    });
  }

  async write(offset: number, source: Uint8Array, options: WaitOptions = {}): Promise<void> {
    checkBytes('source', source);
    checkRange(offset, source.length, this.bytes);
    const region = this.#id;
    await this.#pieces(offset, source.length, options, async (at, length, signal) => {
      const make = (): Message => {
        const bytes = new Uint8Array(source.subarray(at - offset, at - offset + length));
        if (bytes.length === length) return { op: 'write', region, offset: at, bytes };
        throw new TypeError('source was detached or made smaller meanwhile');
      };
      await this.#connection.call(make, length, signal);
    });
  }

  async discard(offset: number, length: number, options: WaitOptions = {}): Promise<void> {
    await this.#range('discard', offset, length, options);
  }

  async pageout(offset: number, length: number, options: WaitOptions = {}): Promise<void> {
    await this.#range('pageout', offset, length, options);
  }

  async prefetch(offset: number, length: number, options: WaitOptions = {}): Promise<void> {
    await this.#range('prefetch', offset, length, options);
  }

  async pin(page: number, options: PinOptions = {}): Promise<RemotePin> {
    checkPage(page, this.bytes);
    const { write = false, signal } = options;
    const region = this.#id;
    const call = this.#connection.call(
      () => ({ op: 'pin', region, page, write }),
      PAGE_SIZE,
      signal,
    );
    return new ConnectedPin(this.#connection, page, write, (await call) as PinInfo);
  }

  async copy({ name }: { readonly name?: string } = {}): Promise<RemoteRegion> {
    const region = this.#id;
    const info = await this.#connection.call(() => ({ op: 'copy', region, name }));
    return new ConnectedRegion(this.#connection, info as RegionInfo);
  }

  unmap(): Promise<void> {
    this.#unmapping ??= this.#unmap().catch((error: unknown) => {
      this.#unmapping = undefined;
      throw error;
    });
    return this.#unmapping;
  }

  async #unmap(): Promise<void> {
    const region = this.#id;
    await this.#connection.call(() => ({ op: 'unmap', region }));
  }

  async #range(
    op: 'discard' | 'pageout' | 'prefetch',
    offset: number,
    length: number,
    { signal }: WaitOptions,
  ): Promise<void> {
    checkRange(offset, length, this.bytes);
    const region = this.#id;
    await this.#connection.call(() => ({ op, region, offset, length }), 0, signal);
  }

  /** Cuts a transfer into pieces that end at multiples of their length. */
  async #pieces(
    offset: number,
    length: number,
    { signal }: WaitOptions,
    move: (at: number, length: number, signal: Cancel) => Promise<void>,
  ): Promise<void> {
    const cancel = new Cancel(signal);
    const moves: Promise<void>[] = [];
    const end = offset + length;
    for (let at = offset; at < end;) {
      const take = Math.min(PIECE_BYTES - (at % PIECE_BYTES), end - at);
      moves.push(move(at, take, cancel));
      at += take;
    }
    // Every piece ends before the whole does, or the caller's bytes would be touched afterwards.
    const results = await Promise.allSettled(moves);
    cancel.release();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

class ConnectedPin implements RemotePin {
  readonly page: number;
  readonly bytes: Uint8Array;
  readonly #connection: PortConnection;
  readonly #pin: number;
  readonly #write: boolean;
  #releasing: Promise<void> | undefined;

  constructor(connection: PortConnection, page: number, write: boolean, info: PinInfo) {
    this.page = page;
    this.bytes = info.bytes;
    this.#pin = info.pin;
    this.#write = write;
    this.#connection = connection;
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release();
    return this.#releasing;
  }

  async #release(): Promise<void> {
    const bytes = this.#write ? new Uint8Array(this.bytes) : undefined;
    await this.#connection.call(() => ({ op: 'release', pin: this.#pin, bytes }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
