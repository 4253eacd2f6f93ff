/**
 * The engine as `page` measures it: one export over the real runtime, without a backing device,
 * and requests as the protocol above makes them, from one preallocated record.
 */
import { SwapDisk } from '../src/blk/swap-disk.ts';
import { Payload } from '../src/blk/payload.ts';
import type { DiskRequest } from '../src/blk/disk-request.ts';
import type { BlkOp } from '../src/blk/request.ts';
import { openCodec } from '../src/codec/registry.ts';
import { MemcgTree } from '../src/memcg/memcg.ts';
import { NodeRt } from '../src/rt/rt-node.ts';
import { PAGE_SIZE } from '../src/std/units.ts';
import { Swap } from '../src/swap/info.ts';
import { Arena } from '../src/zpool/arena.ts';
import { createZpool } from '../src/zpool/open.ts';
import { PoolAccount } from '../src/zpool/pool-account.ts';
import { ZswapParams } from '../src/zswap/params.ts';
import { Zswap } from '../src/zswap/zswap.ts';

export class PageEngine {
  readonly disk: SwapDisk;
  readonly #swap: Swap;
  readonly #zswap: Zswap;
  readonly #arena: Arena;
  readonly #out: Payload;
  readonly #in: Payload;
  readonly #request: DiskRequest;
  #finished: () => void = () => {};

  private constructor(parts: EngineParts, pages: Uint8Array) {
    this.#swap = parts.swap;
    this.#zswap = parts.zswap;
    this.#arena = parts.arena;
    this.disk = parts.disk;
    this.#out = new Payload(pages.length);
    this.#out.bytes.set(pages);
    this.#in = new Payload(pages.length);
    this.#request = this.disk.createRequest(() => this.#finished());
  }

  /**
   * An engine with one compressor and an export for exactly these pages.
   *
   * @param account - of a limit that engines on other threads share; default: nobody
   */
  static async open(
    compressor: string,
    pages: Uint8Array,
    account?: PoolAccount,
  ): Promise<PageEngine> {
    return new PageEngine(await openParts(compressor, pages.length / PAGE_SIZE, account), pages);
  }

  get pageCount(): number {
    return this.#out.size / PAGE_SIZE;
  }

  get poolBytes(): number {
    return this.#zswap.poolTotalSize;
  }

  /** Compressed bytes of all pages, as charged to the export's group. */
  get storedBytes(): number {
    return this.disk.area.memcg.zswapCurrent;
  }

  get storedPages(): number {
    return this.#zswap.stats.stored_pages;
  }

  get metadataBytes(): number {
    return this.#swap.metadataBytes + this.#zswap.metadataBytes + this.#arena.metadataBytes;
  }

  /** Runs one operation over all pages, with so many pages in a request. */
  async pass(op: 'read' | 'write' | 'trim', requestPages: number): Promise<void> {
    const request = this.#prepare(op);
    const end = this.#out.size;
    for (let offset = 0; offset < end; offset += requestPages * PAGE_SIZE) {
      request.offset = offset;
      request.payloadOffset = offset;
      request.length = Math.min(requestPages * PAGE_SIZE, end - offset);
      request.available = request.length;
      // A long request gives others their turn; only then is there something to wait for.
      if (!this.disk.start(request)) await this.#wait();
      if (request.error !== 0) throw new Error(`${op} at ${offset} failed with ${request.error}`);
    }
  }

  /** Throws unless what has been read is what was written, and forgets what has been read. */
  verify(): void {
    const written = Buffer.from(this.#out.bytes.buffer, 0, this.#out.size);
    const read = Buffer.from(this.#in.bytes.buffer, 0, this.#in.size);
    if (!written.equals(read)) throw new Error('a page came back different');
    read.fill(0xa5);
  }

  #prepare(op: BlkOp): DiskRequest {
    this.#request.op = op;
    this.#request.payload = op === 'read' ? this.#in : this.#out;
    return this.#request;
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = resolve;
    });
  }
}

interface EngineParts {
  readonly swap: Swap;
  readonly zswap: Zswap;
  readonly arena: Arena;
  readonly disk: SwapDisk;
}

async function openParts(
  compressor: string,
  pageCount: number,
  account = new PoolAccount(),
): Promise<EngineParts> {
  const rt = new NodeRt();
  const memcgs = new MemcgTree();
  const swap = new Swap(rt, undefined);
  const arena = new Arena({ account });
  // A pool that never gets full, also where several share the limit.
  const params = new ZswapParams(128 * pageCount);
  params.maxPoolPercent = 100;
  const zswap = new Zswap({ rt, swap, memcgs, params, account });
  const codec = await openCodec(compressor);
  zswap.setCurrentPool(codec, 'zsmalloc', (cells) => createZpool('zsmalloc', arena, cells));
  const area = swap.swapon('bench', pageCount, memcgs.create('bench'));
  return { swap, zswap, arena, disk: new SwapDisk({ rt, zswap, area }) };
}
