/**
 * The owner's end of a connection to a client on another thread. Requests run as the calls of the
 * library that they name, all at the same time; replies that come in one turn go in one message. A
 * client that is gone leaves nothing behind.
 */
import type { Rt, Task } from '../../rt/rt.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { encodeError } from '../../std/portable-error.ts';
import type { Group, Pin, Region } from '../api.ts';
import type { PortLike } from './api.ts';
import type { OpenMachine } from '../machine.ts';
import { Cancel } from './cancel.ts';
import {
  BYTES_MAX,
  PIECE_BYTES,
  REQUESTS_MAX,
  type PinInfo,
  type PortReply,
  type PortRequest,
  type PortValue,
  type RegionInfo,
} from './protocol.ts';

function abandoned(): ZswapError {
  return new ZswapError('ZSWAP_CLOSED', 'the client has abandoned the request');
}

interface ServedRegion {
  readonly region: Region;
  /** The client has made it, and it ends with the client. */
  readonly own: boolean;
}

export interface PortServerOptions {
  readonly machine: OpenMachine;
  readonly port: PortLike;
  readonly shared: readonly Region[];
  readonly group: Group;
  /** Called once, when the connection has ended and nothing of it is left. */
  readonly onEnd: () => void;
}

export class PortServer implements Task {
  readonly #options: PortServerOptions;
  readonly #rt: Rt;
  readonly #regions = new Map<number, ServedRegion>();
  readonly #pins = new Map<number, Pin>();
  readonly #underWay = new Map<number, Cancel>();
  #nextId = 1;
  #bytesUnderWay = 0;
  #replies: PortReply[] = [];
  #transfers: ArrayBuffer[] = [];
  #ended = false;

  constructor(options: PortServerOptions) {
    this.#options = options;
    this.#rt = options.machine.core.stack.rt;
    const { port } = options;
    port.on('message', (batch) => this.#receive(batch as readonly PortRequest[]));
    port.on('close', () => void this.#end());
    port.unref?.();
  }

  /** Ends the connection; the client is told by its port. */
  close(): void {
    this.#options.port.close();
  }

  /** Sends the replies of this turn. */
  resume(): void {
    const replies = this.#replies;
    const transfers = this.#transfers;
    this.#replies = [];
    this.#transfers = [];
    if (!this.#ended) this.#options.port.postMessage(replies, transfers);
  }

  #receive(batch: readonly PortRequest[]): void {
    for (const request of batch) {
      if (this.#ended) return;
      if (request.op === 'abandon') this.#underWay.get(request.request)?.abort(abandoned());
      else if (this.#isTooMuch(request)) {
        this.close();
        return;
      } else void this.#serve(request);
    }
  }

  /** A client that does not keep to the limits is no client of ours. */
  #isTooMuch(request: PortRequest): boolean {
    if (request.op === 'release' || request.op === 'close') return false;
    const bytes = bytesOf(request);
    return (
      this.#underWay.size >= REQUESTS_MAX ||
      bytes > PIECE_BYTES ||
      this.#bytesUnderWay + bytes > BYTES_MAX
    );
  }

  async #serve(request: PortRequest): Promise<void> {
    const cancel = new Cancel();
    const bytes = bytesOf(request);
    this.#underWay.set(request.id, cancel);
    this.#bytesUnderWay += bytes;
    let reply: PortReply;
    try {
      reply = { id: request.id, value: await this.#run(request, cancel) };
    } catch (error) {
      reply = { id: request.id, error: encodeError(error) };
    }
    this.#underWay.delete(request.id);
    this.#bytesUnderWay -= bytes;
    if (this.#ended) return;
    if (this.#replies.length === 0) this.#rt.wake(this);
    this.#replies.push(reply);
    if ('value' in reply) this.#transfer(reply.value);
  }

  #transfer(value: PortValue): void {
    if (value instanceof Uint8Array) this.#transfers.push(value.buffer);
    else if (value !== undefined && 'pin' in value) this.#transfers.push(value.bytes.buffer);
  }

  async #run(request: PortRequest, signal: Cancel): Promise<PortValue> {
    const { machine, group } = this.#options;
    switch (request.op) {
      case 'map': {
        const { bytes, order = 0, name = machine.nextName() } = request;
        return this.#add(machine.map({ bytes, order, name, group }), true);
      }
      case 'open':
        return this.#open(request.name);
      case 'copy': {
        const { name = machine.nextName() } = request;
        return this.#add(this.#region(request.region).copy({ name, group }), true);
      }
      case 'unmap':
        return await this.#unmap(request.region);
      case 'read': {
        const target = new Uint8Array(request.length);
        await this.#region(request.region).read(request.offset, target, { signal });
        return target;
      }
      case 'write':
        await this.#region(request.region).write(request.offset, request.bytes, { signal });
        return undefined;
      case 'discard':
      case 'pageout':
      case 'prefetch': {
        const { op, region, offset, length } = request;
        await this.#region(region)[op](offset, length, { signal });
        return undefined;
      }
      case 'pin':
        return await this.#pin(request.region, request.page, request.write, signal);
      case 'release':
        return this.#release(request.pin, request.bytes);
      case 'stats':
        return machine.stats();
      case 'close':
        return await this.#leave();
      case 'abandon':
        return undefined;
    }
  }

  #region(id: number): Region {
    const served = this.#regions.get(id);
    if (served !== undefined) return served.region;
    throw new ZswapError('ZSWAP_CLOSED', 'the region is unmapped');
  }

  #add(region: Region, own: boolean): RegionInfo {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#regions.set(id, { region, own });
    return { region: id, name: region.name, bytes: region.bytes };
  }

  #open(name: string): RegionInfo {
    const region = this.#options.shared.find((each) => each.name === name);
    if (region === undefined) throw new RangeError(`no region named ${name} is shared`);
    return this.#add(region, false);
  }

  async #unmap(id: number): Promise<undefined> {
    const served = this.#regions.get(id);
    if (served === undefined) return;
    if (!served.own) throw new TypeError(`${served.region.name} is its owner's to unmap`);
    await served.region.unmap();
    this.#regions.delete(id);
  }

  async #pin(id: number, page: number, write: boolean, signal: Cancel): Promise<PinInfo> {
    const pin = await this.#region(id).pin(page, { write, signal });
    if (this.#ended || signal.aborted) {
      pin.release();
      throw abandoned();
    }
    const number = this.#nextId;
    this.#nextId += 1;
    this.#pins.set(number, pin);
    return { pin: number, bytes: new Uint8Array(pin.bytes) };
  }

  #release(number: number, bytes: Uint8Array | undefined): undefined {
    const pin = this.#pins.get(number);
    if (pin === undefined) return;
    this.#pins.delete(number);
    if (bytes !== undefined && bytes.length === PAGE_SIZE) pin.bytes.set(bytes);
    pin.release();
  }

  /** Everything that the client holds goes. */
  async #leave(): Promise<undefined> {
    for (const pin of this.#pins.values()) pin.release();
    this.#pins.clear();
    const own = [...this.#regions.values()].filter((served) => served.own);
    this.#regions.clear();
    await Promise.all(own.map(({ region }) => region.unmap()));
  }

  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#underWay.values()) cancel.abort(abandoned());
    await this.#leave();
    this.#options.onEnd();
  }
}

function bytesOf(request: PortRequest): number {
  if (request.op === 'read') return request.length;
  if (request.op === 'write') return request.bytes.length;
  return request.op === 'pin' ? PAGE_SIZE : 0;
}
