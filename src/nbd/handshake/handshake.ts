/**
 * The handshake of one connection as a state machine: bytes in, bytes out, and at the end an
 * export. It touches no socket and no clock. It keeps at most one option's data and one chunk of
 * input, and it looks at one option per step, so that its owner can stop while answers are not
 * read.
 *
 *     greeting ──client flags──▶ options ──GO, EXPORT_NAME──▶ transmission
 *                                  │  ABORT, broken protocol
 *                                  ▼
 *                                closed
 */
import type { BlkDisk } from '../../blk/request.ts';
import { ByteWriter } from '../byte-writer.ts';
import type { NbdLimits } from '../limits.ts';
import {
  decodeString,
  matchesBaseAllocation,
  parseInfoRequest,
  parseMetaRequest,
  putErrorReply,
  putInfoReplies,
  putMetaReply,
  putReplyHead,
  putServerReply,
  transmissionFlags,
} from './options.ts';
import type { OptionFault } from './options.ts';
import * as wire from '../wire.ts';

/**
 * What a step led to: `more` needs further input; `again` may be called at once; `transmit` has
 * chosen an export, whatever input is left belongs to transmission; `close` ends the connection
 * after the output, if any, is sent; `drop` ends it as broken.
 */
export type HandshakeStep = 'more' | 'again' | 'transmit' | 'close' | 'drop';

/** What a handshake says of a disk, which may be served by another thread. */
export type NbdExport = Pick<BlkDisk, 'name' | 'sizeBytes'>;

type State = 'client-flags' | 'options' | 'skip' | 'over';

const CLIENT_FLAGS_BYTES = 4;
const CLIENT_FLAGS_KNOWN = wire.NBD_FLAG_C_FIXED_NEWSTYLE | wire.NBD_FLAG_C_NO_ZEROES;

export class Handshake {
  /** Answers that the owner sends and takes out. */
  readonly out: ByteWriter = new ByteWriter();
  /** The chosen export, once a step has said `transmit`. */
  disk: NbdExport | undefined;
  /** Structured replies were negotiated. */
  structured = false;
  readonly #exports: () => readonly NbdExport[];
  readonly #limits: NbdLimits;
  #state: State = 'client-flags';
  #input: Uint8Array = new Uint8Array(0);
  #noZeroes = false;
  /** The export that the last NBD_OPT_SET_META_CONTEXT selected `base:allocation` for. */
  #statusDisk: NbdExport | undefined;
  #optionCount = 0;
  /** Of an oversized option: its number, and the bytes still to be skipped. */
  #skipOption = 0;
  #skipBytes = 0;

  constructor(exports: () => readonly NbdExport[], limits: NbdLimits) {
    this.#exports = exports;
    this.#limits = limits;
    this.out.u32(wire.NBDMAGIC_HI);
    this.out.u32(wire.NBDMAGIC_LO);
    this.out.u32(wire.IHAVEOPT_HI);
    this.out.u32(wire.IHAVEOPT_LO);
    this.out.u16(wire.NBD_FLAG_FIXED_NEWSTYLE | wire.NBD_FLAG_NO_ZEROES);
  }

  /** `base:allocation` was selected, and for the export that was chosen. */
  get hasStatus(): boolean {
    return this.structured && this.disk !== undefined && this.#statusDisk === this.disk;
  }

  /** Input that no step has used. After `transmit` it is the beginning of transmission. */
  get rest(): Uint8Array {
    return this.#input;
  }

  /** Adds input (copied). The owner steps until `more` before it adds again. */
  push(chunk: Uint8Array): void {
    if (this.#input.length === 0) {
      this.#input = chunk.slice();
      return;
    }
    const joined = new Uint8Array(this.#input.length + chunk.length);
    joined.set(this.#input);
    joined.set(chunk, this.#input.length);
    this.#input = joined;
  }

  /** Goes on by one message, if it is there. */
  step(): HandshakeStep {
    switch (this.#state) {
      case 'client-flags':
        return this.#clientFlags();
      case 'options':
        return this.#option();
      case 'skip':
        return this.#skip();
      case 'over':
        return 'close';
    }
  }

  #clientFlags(): HandshakeStep {
    if (this.#input.length < CLIENT_FLAGS_BYTES) return 'more';
    const flags = readU32(this.#input, 0);
    this.#consume(CLIENT_FLAGS_BYTES);
    // An unknown flag may change what follows, so nothing that follows can be trusted.
    if ((flags & ~CLIENT_FLAGS_KNOWN) !== 0) return this.#end('drop');
    this.#noZeroes = (flags & wire.NBD_FLAG_C_NO_ZEROES) !== 0;
    this.#state = 'options';
    return 'again';
  }

  #option(): HandshakeStep {
    // The magic is checked as soon as it is there: what speaks another protocol may send no more.
    if (this.#input.length < 8) return 'more';
    if (
      readU32(this.#input, 0) !== wire.IHAVEOPT_HI ||
      readU32(this.#input, 4) !== wire.IHAVEOPT_LO
    ) {
      return this.#end('drop');
    }
    if (this.#input.length < wire.OPTION_HEADER_BYTES) return 'more';
    const option = readU32(this.#input, 8);
    const length = readU32(this.#input, 12);
    if (length > this.#limits.optionBytesMax) return this.#refuseLength(option, length);
    if (this.#input.length < wire.OPTION_HEADER_BYTES + length) return 'more';
    this.#optionCount += 1;
    if (this.#optionCount > this.#limits.optionCountMax) return this.#end('drop');
    const data = this.#input.subarray(wire.OPTION_HEADER_BYTES, wire.OPTION_HEADER_BYTES + length);
    this.#consume(wire.OPTION_HEADER_BYTES + length);
    return this.#answer(option, data);
  }

  #refuseLength(option: number, length: number): HandshakeStep {
    // EXPORT_NAME has no error reply.
    if (option === wire.NBD_OPT_EXPORT_NAME || length > this.#limits.optionSkipBytesMax) {
      return this.#end('drop');
    }
    this.#consume(wire.OPTION_HEADER_BYTES);
    this.#skipOption = option;
    this.#skipBytes = length;
    this.#state = 'skip';
    return 'again';
  }

  #skip(): HandshakeStep {
    const skipped = Math.min(this.#skipBytes, this.#input.length);
    this.#consume(skipped);
    this.#skipBytes -= skipped;
    if (this.#skipBytes > 0) return 'more';
    if (this.#skipOption === wire.NBD_OPT_SET_META_CONTEXT) this.#statusDisk = undefined;
    this.#state = 'options';
    return this.#fail(this.#skipOption, wire.NBD_REP_ERR_TOO_BIG, 'option is too long');
  }

  #answer(option: number, data: Uint8Array): HandshakeStep {
    switch (option) {
      case wire.NBD_OPT_EXPORT_NAME:
        return this.#exportName(data);
      case wire.NBD_OPT_ABORT:
        this.#acknowledge(option);
        return this.#end('close');
      case wire.NBD_OPT_LIST:
        if (data.length > 0) return this.#faulty(option, 'invalid');
        for (const disk of this.#exports()) putServerReply(this.out, option, disk.name);
        return this.#acknowledge(option);
      case wire.NBD_OPT_STRUCTURED_REPLY:
        if (data.length > 0) return this.#faulty(option, 'invalid');
        this.structured = true;
        return this.#acknowledge(option);
      case wire.NBD_OPT_INFO:
      case wire.NBD_OPT_GO:
        return this.#info(option, data);
      case wire.NBD_OPT_LIST_META_CONTEXT:
        return this.#listMeta(data);
      case wire.NBD_OPT_SET_META_CONTEXT:
        return this.#setMeta(data);
      default:
        return this.#fail(option, wire.NBD_REP_ERR_UNSUP, 'option is not supported');
    }
  }

  #exportName(data: Uint8Array): HandshakeStep {
    const name = data.length > wire.NBD_STRING_BYTES_MAX ? undefined : decodeString(data);
    const disk = name === undefined ? undefined : this.#find(name);
    if (disk === undefined) return this.#end('drop');
    this.disk = disk;
    this.out.u64(disk.sizeBytes);
    this.out.u16(transmissionFlags(this.structured));
    if (!this.#noZeroes) this.out.zeroes(wire.EXPORT_NAME_ZEROES);
    return this.#end('transmit');
  }

  #info(option: number, data: Uint8Array): HandshakeStep {
    const request = parseInfoRequest(data);
    if (typeof request === 'string') return this.#faulty(option, request);
    const disk = this.#find(request.exportName);
    if (disk === undefined) return this.#unknownExport(option, request.exportName);
    putInfoReplies(this.out, option, request, disk, this.structured);
    this.#acknowledge(option);
    if (option === wire.NBD_OPT_INFO) return 'again';
    this.disk = disk;
    return this.#end('transmit');
  }

  #listMeta(data: Uint8Array): HandshakeStep {
    const option = wire.NBD_OPT_LIST_META_CONTEXT;
    const request = parseMetaRequest(data);
    if (typeof request === 'string') return this.#faulty(option, request);
    if (this.#find(request.exportName) === undefined) {
      return this.#unknownExport(option, request.exportName);
    }
    if (matchesBaseAllocation(request.queries, 'list')) putMetaReply(this.out, option, 0);
    return this.#acknowledge(option);
  }

  #setMeta(data: Uint8Array): HandshakeStep {
    const option = wire.NBD_OPT_SET_META_CONTEXT;
    // Whatever comes of it, it replaces what was selected before.
    this.#statusDisk = undefined;
    if (!this.structured) return this.#faulty(option, 'invalid');
    const request = parseMetaRequest(data);
    if (typeof request === 'string') return this.#faulty(option, request);
    const disk = this.#find(request.exportName);
    if (disk === undefined) return this.#unknownExport(option, request.exportName);
    if (matchesBaseAllocation(request.queries, 'set')) {
      this.#statusDisk = disk;
      putMetaReply(this.out, option, wire.BASE_ALLOCATION_ID);
    }
    return this.#acknowledge(option);
  }

  /** The export of that name; the empty name is the first one's. */
  #find(name: string): NbdExport | undefined {
    const exports = this.#exports();
    return name === '' ? exports[0] : exports.find((disk) => disk.name === name);
  }

  #acknowledge(option: number): HandshakeStep {
    putReplyHead(this.out, option, wire.NBD_REP_ACK, 0);
    return 'again';
  }

  #fail(option: number, reply: number, message: string): HandshakeStep {
    putErrorReply(this.out, option, reply, message);
    return 'again';
  }

  #faulty(option: number, fault: OptionFault): HandshakeStep {
    return fault === 'too-big'
      ? this.#fail(option, wire.NBD_REP_ERR_TOO_BIG, 'a string of the option is too long')
      : this.#fail(option, wire.NBD_REP_ERR_INVALID, 'malformed or misplaced option');
  }

  #unknownExport(option: number, name: string): HandshakeStep {
    const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
    return this.#fail(option, wire.NBD_REP_ERR_UNKNOWN, `no export named '${shown}'`);
  }

  #end(step: HandshakeStep): HandshakeStep {
    this.#state = 'over';
    return step;
  }

  #consume(bytes: number): void {
    this.#input = this.#input.subarray(bytes);
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}
