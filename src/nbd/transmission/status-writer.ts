/**
 * Writes the answer to NBD_CMD_BLOCK_STATUS: neighbouring runs of the same state become one extent,
 * written straight into the reply batch. An answer may cover less than was asked for; the client
 * asks again from there.
 */
import type { BlkDisk } from '../../blk/request.ts';
import { assert } from '../../std/assert.ts';
import { putChunkHead } from './replies.ts';
import type { ReplyQueue } from './replies.ts';
import * as wire from '../wire.ts';

/** The range of a request, and whether the client wants a single extent. */
export interface StatusRange {
  readonly offset: number;
  readonly length: number;
  readonly onlyOne: boolean;
}

export class StatusWriter {
  readonly #descriptorsMax: number;
  readonly #visitRun = (bytes: number, state: 'data' | 'zero' | 'hole'): boolean =>
    this.#visit(bytes, extentFlags(state));
  #view: DataView | undefined;
  #at = 0;
  #extents = 0;
  #extentsMax = 0;
  /** The extent that is being collected. */
  #bytes = 0;
  #flags = 0;

  constructor(descriptorsMax: number) {
    this.#descriptorsMax = descriptorsMax;
  }

  /** Adds the whole reply to the batch, which has room for at least one extent. */
  put(
    replies: ReplyQueue,
    disk: BlkDisk,
    range: StatusRange,
    cookieHi: number,
    cookieLo: number,
  ): void {
    this.#extentsMax = range.onlyOne ? 1 : this.#descriptorsMax;
    while (!replies.hasRoom(replyBytes(this.#extentsMax))) {
      this.#extentsMax = Math.floor(this.#extentsMax / 2);
    }
    const at = replies.reserve(replyBytes(this.#extentsMax));
    this.#view = replies.batchView;
    this.#at = at + wire.STATUS_CHUNK_HEADER_BYTES;
    this.#extents = 0;
    this.#bytes = 0;
    disk.status(range.offset, range.length, this.#visitRun);
    this.#endExtent();
    assert(this.#extents > 0 && this.#extents <= this.#extentsMax);
    const length = replyBytes(this.#extents) - wire.CHUNK_HEADER_BYTES;
    putChunkHead(this.#view, at, wire.NBD_REPLY_TYPE_BLOCK_STATUS, cookieHi, cookieLo, length);
    this.#view.setUint32(at + wire.CHUNK_HEADER_BYTES, wire.BASE_ALLOCATION_ID);
    replies.shrink(at + replyBytes(this.#extents));
    this.#view = undefined;
  }

  #visit(bytes: number, flags: number): boolean {
    assert(bytes > 0);
    if (this.#bytes > 0 && flags === this.#flags) {
      this.#bytes += bytes;
      return true;
    }
    this.#endExtent();
    if (this.#extents === this.#extentsMax) return false;
    this.#bytes = bytes;
    this.#flags = flags;
    return true;
  }

  #endExtent(): void {
    if (this.#bytes === 0 || this.#view === undefined) return;
    this.#view.setUint32(this.#at, this.#bytes);
    this.#view.setUint32(this.#at + 4, this.#flags);
    this.#at += wire.STATUS_DESCRIPTOR_BYTES;
    this.#extents += 1;
    this.#bytes = 0;
  }
}

function replyBytes(extents: number): number {
  return wire.STATUS_CHUNK_HEADER_BYTES + extents * wire.STATUS_DESCRIPTOR_BYTES;
}

/** Extent flags of `base:allocation`; what has no page reads as zeros. */
function extentFlags(state: 'data' | 'zero' | 'hole'): number {
  switch (state) {
    case 'data':
      return 0;
    case 'zero':
      return wire.NBD_STATE_ZERO;
    case 'hole':
      return wire.NBD_STATE_ZERO | wire.NBD_STATE_HOLE;
  }
}
