/**
 * The recorder of a daemon's own trace: it listens to the disks, puts what they tell into a buffer,
 * and has buffers written when they are full or a second old. Two of fixed size are all it has:
 * while one is being written, the other fills; what comes when both are full is lost, and the
 * recording says how much. No request ever waits for it.
 */
import { LENGTH_UNKNOWN, type SwapDisk } from '../../blk/swap-disk.ts';
import type { DiskEvent, DiskTrace } from '../../blk/disk-trace.ts';
import type { BlkOp } from '../../blk/request.ts';
import { RecordBuffer } from './encoder.ts';
import {
  FORMAT_VERSION,
  HEADER_BYTES,
  MAGIC,
  SIZE_UNKNOWN,
  TAG_END,
  TAG_EXPORT,
  TAG_LOST,
  TAG_READ,
  TAG_TRIM,
  TAG_WRITE,
  TAG_ZERO,
  VARINT_BYTES_MAX,
  type RecordedFacts,
} from './wire.ts';

const BUFFER_BYTES = 1 << 20;
/** Bytes at which a buffer is handed to be written. */
const FLUSH_BYTES: number = 1 << 18;
/** Tag, and four numbers. */
const EVENT_BYTES_MAX: number = 1 + 4 * VARINT_BYTES_MAX;
const END_BYTES_MAX: number = 1 + 2 * VARINT_BYTES_MAX;

const TAGS: Readonly<Record<BlkOp, number>> = {
  read: TAG_READ,
  write: TAG_WRITE,
  trim: TAG_TRIM,
  zero: TAG_ZERO,
  // A flush moves nothing.
  flush: 0,
};

/** Where a recording goes. */
export interface RecordSinkFile {
  /** Writes all of it, in order; one at a time. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface RecorderOptions {
  readonly file: RecordSinkFile;
  /** Milliseconds of a clock that does not go back. */
  readonly nowMs: () => number;
  /** Called once when writing fails: recording has ended. */
  readonly onFailure: (error: unknown) => void;
  /** Bytes of each of the two buffers. Default 1 MiB. */
  readonly bufferBytes?: number;
}

/** What is known of an export's events so far. */
interface KnownExport {
  readonly number: number;
  /** The page after the last event's. */
  nextPage: number;
}

export class Recorder implements DiskTrace {
  hasSubscribers = false;
  /** Events recorded, and events for which there was no room. */
  events = 0;
  lost = 0;
  readonly #file: RecordSinkFile;
  readonly #nowMs: () => number;
  readonly #onFailure: (error: unknown) => void;
  readonly #exports = new Map<SwapDisk, KnownExport>();
  readonly #flushBytes: number;
  #active: RecordBuffer;
  #spare: RecordBuffer;
  #writing: Promise<void> | undefined;
  #lostSince = 0;
  #lastUs = 0;
  #hasBegun = false;
  #hasFailed = false;

  constructor({ file, nowMs, onFailure, bufferBytes = BUFFER_BYTES }: RecorderOptions) {
    this.#file = file;
    this.#nowMs = nowMs;
    this.#onFailure = onFailure;
    this.#active = new RecordBuffer(bufferBytes);
    this.#spare = new RecordBuffer(bufferBytes);
    this.#flushBytes = Math.min(FLUSH_BYTES, bufferBytes >>> 2);
  }

  /** Begins recording. */
  begin(facts: RecordedFacts): void {
    const text = new TextEncoder().encode(JSON.stringify(facts));
    this.#active = ensureRoom(this.#active, HEADER_BYTES + text.length);
    const buffer = this.#active;
    buffer.put(new TextEncoder().encode(MAGIC));
    buffer.u16(FORMAT_VERSION);
    buffer.u16(0);
    buffer.u32(text.length);
    buffer.put(text);
    this.#lastUs = this.#nowUs();
    this.#hasBegun = true;
    this.hasSubscribers = true;
    this.flush();
  }

  publish(event: DiskEvent): void {
    const tag = TAGS[event.op];
    if (tag === 0 || event.pageCount === 0) return;
    const known = this.#exports.get(event.disk);
    const sizes = event.op === 'write' ? 2 * event.pageCount : 0;
    const nameBytes = known === undefined ? 4 * event.disk.name.length + EVENT_BYTES_MAX : 0;
    const needed = 2 * EVENT_BYTES_MAX + END_BYTES_MAX + sizes + nameBytes;
    if (this.#active.room < needed) this.flush();
    if (this.#active.room < needed) {
      this.lost += 1;
      this.#lostSince += 1;
      return;
    }
    this.#encode(event, tag, known ?? this.#introduce(event.disk));
    this.events += 1;
    if (this.#active.length >= this.#flushBytes) this.flush();
  }

  /** Has what there is written, unless something is being written. */
  flush(): void {
    if (this.#writing !== undefined || this.#active.length === 0 || this.#hasFailed) return;
    const buffer = this.#active;
    this.#active = this.#spare;
    this.#spare = buffer;
    this.#writing = this.#file.write(buffer.bytes.subarray(0, buffer.length)).then(
      () => {
        buffer.length = 0;
        this.#writing = undefined;
      },
      (error: unknown) => {
        this.#writing = undefined;
        this.#fail(error);
      },
    );
  }

  /** Ends the recording in order, if it has begun. */
  async close(): Promise<void> {
    this.hasSubscribers = false;
    await this.#writing;
    if (this.#hasBegun && !this.#hasFailed) {
      this.#encodeLost();
      this.#active.byte(TAG_END);
      this.#active.varint(this.events);
      this.#active.varint(this.lost);
      this.flush();
      await this.#writing;
    }
    await this.#file.close();
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.hasSubscribers = false;
    this.#onFailure(error);
  }

  /** Says of a disk what a replay must know; its events name only its number. */
  #introduce(disk: SwapDisk): KnownExport {
    const known = { number: this.#exports.size, nextPage: 0 };
    this.#exports.set(disk, known);
    const { memcg } = disk.area;
    const buffer = this.#active;
    const name = new TextEncoder().encode(disk.name);
    buffer.byte(TAG_EXPORT);
    buffer.varint(known.number);
    buffer.varint(disk.sizeBytes);
    buffer.varint(memcg.zswapMax === Infinity ? 0 : memcg.zswapMax + 1);
    buffer.byte(memcg.writeback ? 1 : 0);
    buffer.varint(name.length);
    buffer.put(name);
    return known;
  }

  #encode(event: DiskEvent, tag: number, known: KnownExport): void {
    this.#encodeLost();
    const buffer = this.#active;
    const nowUs = this.#nowUs();
    buffer.byte(tag);
    buffer.varint(Math.max(0, nowUs - this.#lastUs));
    buffer.varint(known.number);
    buffer.signed(event.page - known.nextPage);
    buffer.varint(event.pageCount);
    this.#lastUs = Math.max(nowUs, this.#lastUs);
    known.nextPage = event.page + event.pageCount;
    if (tag !== TAG_WRITE) return;
    for (let page = event.page; page < known.nextPage; page += 1) {
      const length = event.disk.compressedLength(page);
      buffer.u16(length === LENGTH_UNKNOWN ? SIZE_UNKNOWN : length);
    }
  }

  #encodeLost(): void {
    if (this.#lostSince === 0) return;
    this.#active.byte(TAG_LOST);
    this.#active.varint(this.#lostSince);
    this.#lostSince = 0;
  }

  #nowUs(): number {
    return Math.floor(this.#nowMs() * 1000);
  }
}

/** An empty buffer, larger if it must be. */
function ensureRoom(buffer: RecordBuffer, bytes: number): RecordBuffer {
  return buffer.bytes.length >= bytes ? buffer : new RecordBuffer(bytes);
}
