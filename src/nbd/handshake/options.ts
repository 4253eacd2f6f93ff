/**
 * The data of NBD options, parsed and written. Pure functions over one option's bytes: every length
 * field comes from a stranger and is compared with what is really there before it is used.
 */
import type { BlkDisk } from '../../blk/request.ts';
import { assert } from '../../std/assert.ts';
import type { ByteWriter } from '../byte-writer.ts';
import * as wire from '../wire.ts';

/** Why an option's data was refused. */
export type OptionFault = 'invalid' | 'too-big';

/** The data of NBD_OPT_INFO and NBD_OPT_GO. */
export interface InfoRequest {
  readonly kind: 'info';
  readonly exportName: string;
  readonly wantsName: boolean;
  readonly wantsBlockSize: boolean;
}

/** The data of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. */
export interface MetaRequest {
  readonly kind: 'meta';
  readonly exportName: string;
  readonly queries: readonly string[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** An export name or query; undefined if it is no UTF-8 (then nothing of ours has that name). */
export function decodeString(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Walks through one option's data; once something does not fit, `fault` is set for good. */
class OptionReader {
  fault: OptionFault | undefined;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get left(): number {
    return this.#data.length - this.#at;
  }

  u16(): number {
    const at = this.#skip(2);
    return at < 0 ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#skip(4);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  /** A 32-bit length and that many bytes of UTF-8. */
  string(): string {
    const length = this.u32();
    const at = this.#skip(length);
    if (at < 0) return '';
    if (length > wire.NBD_STRING_BYTES_MAX) {
      this.fault = 'too-big';
      return '';
    }
    const decoded = decodeString(this.#data.subarray(at, at + length));
    if (decoded === undefined) this.fault = 'invalid';
    return decoded ?? '';
  }

  #skip(bytes: number): number {
    if (this.fault !== undefined || bytes > this.left) {
      this.fault ??= 'invalid';
      return -1;
    }
    this.#at += bytes;
    return this.#at - bytes;
  }
}

/** Parses the data of NBD_OPT_INFO or NBD_OPT_GO. */
export function parseInfoRequest(data: Uint8Array): InfoRequest | OptionFault {
  const reader = new OptionReader(data);
  const exportName = reader.string();
  const count = reader.u16();
  if (reader.fault === undefined && reader.left !== 2 * count) return 'invalid';
  let wantsName = false;
  let wantsBlockSize = false;
  for (let index = 0; index < count && reader.fault === undefined; index += 1) {
    const info = reader.u16();
    if (info === wire.NBD_INFO_NAME) wantsName = true;
    if (info === wire.NBD_INFO_BLOCK_SIZE) wantsBlockSize = true;
  }
  return reader.fault ?? { kind: 'info', exportName, wantsName, wantsBlockSize };
}

/** Parses the data of NBD_OPT_LIST_META_CONTEXT or NBD_OPT_SET_META_CONTEXT. */
export function parseMetaRequest(data: Uint8Array): MetaRequest | OptionFault {
  const reader = new OptionReader(data);
  const exportName = reader.string();
  const count = reader.u32();
  const queries: string[] = [];
  // Each query takes at least its length field, so a huge count ends with the data.
  for (let index = 0; index < count && reader.fault === undefined; index += 1) {
    queries.push(reader.string());
  }
  if (reader.fault !== undefined) return reader.fault;
  return reader.left === 0 ? { kind: 'meta', exportName, queries } : 'invalid';
}

/**
 * Whether `base:allocation` answers the queries. Queries of other namespaces match nothing, which
 * is no error.
 *
 * @param option - listing takes no queries as all, and `base:` as a wildcard; selecting does
 *   neither
 */
export function matchesBaseAllocation(queries: readonly string[], option: 'list' | 'set'): boolean {
  if (queries.includes(wire.BASE_ALLOCATION)) return true;
  return option === 'list' && (queries.length === 0 || queries.includes('base:'));
}

/** Flags of an export: all that is served, and DF only where structured replies were agreed on. */
export function transmissionFlags(structured: boolean): number {
  return (
    wire.NBD_FLAG_HAS_FLAGS |
    wire.NBD_FLAG_SEND_FLUSH |
    wire.NBD_FLAG_SEND_FUA |
    wire.NBD_FLAG_SEND_TRIM |
    wire.NBD_FLAG_SEND_WRITE_ZEROES |
    wire.NBD_FLAG_SEND_FAST_ZERO |
    // One engine behind all connections: what one has written the others read.
    wire.NBD_FLAG_CAN_MULTI_CONN |
    (structured ? wire.NBD_FLAG_SEND_DF : 0)
  );
}

/** Writes the head of an option reply with `length` bytes of data to follow. */
export function putReplyHead(out: ByteWriter, option: number, reply: number, length: number): void {
  out.u32(wire.OPTION_REPLY_MAGIC_HI);
  out.u32(wire.OPTION_REPLY_MAGIC_LO);
  out.u32(option);
  out.u32(reply);
  out.u32(length);
}

/** Writes an error reply with its text. */
export function putErrorReply(
  out: ByteWriter,
  option: number,
  reply: number,
  message: string,
): void {
  const text = encoder.encode(message);
  assert(text.length <= wire.NBD_STRING_BYTES_MAX);
  putReplyHead(out, option, reply, text.length);
  out.bytes(text);
}

/** Writes one export of a listing. */
export function putServerReply(out: ByteWriter, option: number, name: string): void {
  const text = encoder.encode(name);
  putReplyHead(out, option, wire.NBD_REP_SERVER, 4 + text.length);
  out.u32(text.length);
  out.bytes(text);
}

/** Writes the information replies that an NBD_OPT_INFO or NBD_OPT_GO asks for. */
export function putInfoReplies(
  out: ByteWriter,
  option: number,
  request: InfoRequest,
  disk: Pick<BlkDisk, 'name' | 'sizeBytes'>,
  structured: boolean,
): void {
  putReplyHead(out, option, wire.NBD_REP_INFO, 12);
  out.u16(wire.NBD_INFO_EXPORT);
  out.u64(disk.sizeBytes);
  out.u16(transmissionFlags(structured));
  if (request.wantsName) {
    const text = encoder.encode(disk.name);
    putReplyHead(out, option, wire.NBD_REP_INFO, 2 + text.length);
    out.u16(wire.NBD_INFO_NAME);
    out.bytes(text);
  }
  if (request.wantsBlockSize) {
    putReplyHead(out, option, wire.NBD_REP_INFO, 14);
    out.u16(wire.NBD_INFO_BLOCK_SIZE);
    out.u32(wire.BLOCK_BYTES_MIN);
    out.u32(wire.BLOCK_BYTES_PREFERRED);
    out.u32(wire.PAYLOAD_BYTES_MAX);
  }
}

/** Writes the one metadata context there is. */
export function putMetaReply(out: ByteWriter, option: number, id: number): void {
  const text = encoder.encode(wire.BASE_ALLOCATION);
  putReplyHead(out, option, wire.NBD_REP_META_CONTEXT, 4 + text.length);
  out.u32(id);
  out.bytes(text);
}
