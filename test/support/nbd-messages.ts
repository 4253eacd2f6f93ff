/**
 * NBD messages as a client sees them: requests and options written, replies and option replies
 * parsed. Written from the protocol document and not from the server's code, and strict: whatever a
 * client must not be sent throws.
 */
import assert from 'node:assert/strict';

export interface RequestFields {
  readonly type: number;
  readonly flags?: number;
  readonly cookie?: number;
  readonly offset?: number;
  readonly length?: number;
  readonly data?: Uint8Array;
  readonly magic?: number;
}

/** A request; of a write the data follows, and `length` is its length unless given. */
export function encodeRequest(fields: RequestFields): Uint8Array {
  const data = fields.data ?? new Uint8Array(0);
  const bytes = new Uint8Array(28 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.magic ?? 0x25609513);
  view.setUint16(4, fields.flags ?? 0);
  view.setUint16(6, fields.type);
  view.setUint32(8, 0xc00c1e);
  view.setUint32(12, fields.cookie ?? 0);
  view.setBigUint64(16, BigInt(fields.offset ?? 0));
  view.setUint32(24, fields.length ?? data.length);
  bytes.set(data, 28);
  return bytes;
}

/** Client flags, and options with their data. */
export function encodeFlags(flags: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, flags);
  return bytes;
}

export function encodeOption(
  option: number,
  data: Uint8Array = new Uint8Array(0),
  length: number = data.length,
): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, 0x49484156454f5054n);
  view.setUint32(8, option);
  view.setUint32(12, length);
  bytes.set(data, 16);
  return bytes;
}

/** Data of NBD_OPT_INFO and NBD_OPT_GO. */
export function infoData(name: string, infos: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(6 + text.length + 2 * infos.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, text.length);
  bytes.set(text, 4);
  view.setUint16(4 + text.length, infos.length);
  infos.forEach((info, index) => view.setUint16(6 + text.length + 2 * index, info));
  return bytes;
}

/** Data of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. */
export function metaData(name: string, queries: readonly string[]): Uint8Array {
  const parts = [name, ...queries].map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 4));
  const view = new DataView(bytes.buffer);
  let at = 0;
  parts.forEach((part, index) => {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
    if (index === 0) {
      view.setUint32(at, queries.length);
      at += 4;
    }
  });
  return bytes;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export interface OptionReply {
  readonly option: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** Parses option replies; what is left over of the last one is an error. */
export function parseOptionReplies(bytes: Uint8Array): OptionReply[] {
  const replies: OptionReply[] = [];
  for (let at = 0; at < bytes.length;) {
    const reply = parseOptionReply(bytes.subarray(at));
    assert.ok(reply !== undefined, 'option reply is cut');
    replies.push(reply);
    at += 20 + reply.data.length;
  }
  return replies;
}

/** The first option reply, or undefined if it is not complete. */
export function parseOptionReply(bytes: Uint8Array): OptionReply | undefined {
  if (bytes.length < 20) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert.equal(view.getBigUint64(0), 0x3e889045565a9n);
  const length = view.getUint32(16);
  if (bytes.length < 20 + length) return undefined;
  return {
    option: view.getUint32(8),
    type: view.getUint32(12),
    data: bytes.slice(20, 20 + length),
  };
}

export interface Extent {
  readonly bytes: number;
  readonly flags: number;
}

export interface Reply {
  readonly cookie: number;
  readonly error: number;
  readonly structured: boolean;
  /** Chunk type of a structured reply. */
  readonly type: number;
  readonly data: Uint8Array;
  readonly offset: number;
  readonly extents: readonly Extent[];
}

/**
 * Cuts a stream of replies apart. Simple replies to reads carry data, so it must know the reads.
 */
export class ReplyParser {
  /** Bytes that each read asked for, by cookie; removed when answered. */
  readonly reads: Map<number, number> = new Map();
  /** Take replies with cookies that {@link encodeRequest} does not make. */
  anyCookie = false;
  #bytes: Uint8Array = new Uint8Array(0);

  /** Bytes that are not a whole reply yet. */
  get leftBytes(): number {
    return this.#bytes.length;
  }

  push(chunk: Uint8Array): Reply[] {
    this.#bytes = concat([this.#bytes, chunk]);
    const replies: Reply[] = [];
    for (;;) {
      const parsed = this.#parse();
      if (parsed === undefined) return replies;
      this.#bytes = this.#bytes.subarray(parsed.used);
      this.reads.delete(parsed.reply.cookie);
      replies.push(parsed.reply);
    }
  }

  #parse(): { readonly reply: Reply; readonly used: number } | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 16) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const base = { offset: 0, extents: [], type: -1 };
    if (!this.anyCookie)
      assert.equal(view.getUint32(8), 0xc00c1e, 'the upper half of the cookie comes back');
    const cookie = view.getUint32(12);
    if (view.getUint32(0) === 0x67446698) {
      const error = view.getUint32(4);
      const used = 16 + (error === 0 ? (this.reads.get(cookie) ?? 0) : 0);
      if (bytes.length < used) return undefined;
      const data = bytes.slice(16, used);
      return { used, reply: { ...base, cookie, error, structured: false, data } };
    }
    assert.equal(view.getUint32(0), 0x668e33ef, 'a reply begins with its magic');
    assert.equal(view.getUint16(4), 1, 'every structured reply here is one last chunk');
    if (bytes.length < 20) return undefined;
    const length = view.getUint32(16);
    const used = 20 + length;
    if (bytes.length < used) return undefined;
    const type = view.getUint16(6);
    const common = { ...base, cookie, type, structured: true, error: 0, data: new Uint8Array(0) };
    switch (type) {
      case 1: {
        assert.ok(length >= 9);
        const offset = Number(view.getBigUint64(20));
        return { used, reply: { ...common, offset, data: bytes.slice(28, used) } };
      }
      case 5: {
        assert.ok(length >= 12 && (length - 4) % 8 === 0);
        assert.equal(view.getUint32(20), 1, 'context id');
        const extents: Extent[] = [];
        for (let at = 24; at < used; at += 8) {
          extents.push({ bytes: view.getUint32(at), flags: view.getUint32(at + 4) });
        }
        return { used, reply: { ...common, extents } };
      }
      case 0x8001:
        assert.equal(view.getUint16(24) + 6, length);
        assert.notEqual(view.getUint32(20), 0);
        return { used, reply: { ...common, error: view.getUint32(20) } };
      default:
        throw new assert.AssertionError({ message: `unexpected chunk type ${type}` });
    }
  }
}
