/**
 * Where records lie. Small ones are appended to the open segment, which is staged in a buffer and
 * written as whole pages when it is full: neighbours in time become neighbours in a page and
 * compress together, and no write ever needs what a page held before. Larger ones are written to
 * segments of their own.
 *
 *     record:    entry, bytes | key length, kind | key ... | value ...      10 bytes before the key
 *     location:  31..10 segment | 9..0 offset in it, in 16 bytes
 *
 * Entries know their records and records know their entries, so a segment can be cleaned by walking
 * it: what its entry says lies elsewhere is dead.
 */
import { assert, present } from '../../std/assert.ts';
import { PrefixViews } from '../../std/prefix-views.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { EntryTable } from '../lookup/entries.ts';
import type { EncodedKey } from '../lookup/key.ts';
import type { CacheMemory, WriteResult } from './memory.ts';
import { SEGMENT_BYTES, segmentOffset, type Segments } from './segments.ts';

/** Bytes of a record before its key. */
export const HEADER_BYTES = 10;
/** Records up to this are packed together; the end of a segment that is lost is less than one. */
export const PACKED_BYTES_MAX: number = SEGMENT_BYTES / 4;
const ALIGN_SHIFT = 4;
const LOCATION_SHIFT = 10;
const KEY_LENGTH_MASK = 0x3fff;
const KIND_SHIFT = 14;

/** Bytes that a record takes of its segment. */
export function alignedBytes(bytes: number): number {
  return Math.ceil(bytes / (1 << ALIGN_SHIFT)) << ALIGN_SHIFT;
}

/** Segments that a record of its own takes. */
export function largeSegments(bytes: number): number {
  return Math.ceil(bytes / SEGMENT_BYTES);
}

export function segmentOf(location: number): number {
  return location >>> LOCATION_SHIFT;
}

export function locationOf(segment: number, offset: number): number {
  return ((segment << LOCATION_SHIFT) | (offset >>> ALIGN_SHIFT)) >>> 0;
}

function offsetIn(location: number): number {
  return (location & ((1 << LOCATION_SHIFT) - 1)) << ALIGN_SHIFT;
}

/** The numbers at the head of a record. */
export interface RecordHead {
  readonly entry: number;
  readonly bytes: number;
  readonly keyLength: number;
  readonly keyKind: number;
}

/** Reads the head of the record that begins at `at`. */
export function recordHead(from: Uint8Array, at: number): RecordHead {
  const packed = present(from[at + 8]) | (present(from[at + 9]) << 8);
  return {
    entry: word(from, at),
    bytes: word(from, at + 4),
    keyLength: packed & KEY_LENGTH_MASK,
    keyKind: packed >>> KIND_SHIFT,
  };
}

/** Tells whether a record that begins at `from`'s beginning has this key. */
export function hasKey(from: Uint8Array, key: EncodedKey): boolean {
  const packed = present(from[8]) | (present(from[9]) << 8);
  if (packed !== (key.length | (key.kind << KIND_SHIFT))) return false;
  for (let i = 0; i < key.length; i += 1) {
    if (key.bytes[i] !== from[HEADER_BYTES + i]) return false;
  }
  return true;
}

function word(from: Uint8Array, at: number): number {
  const low = present(from[at]) | (present(from[at + 1]) << 8) | (present(from[at + 2]) << 16);
  return (low | (present(from[at + 3]) << 24)) >>> 0;
}

function setWord(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
}

function writeHead(into: Uint8Array, at: number, entry: number, bytes: number): void {
  setWord(into, at, entry);
  setWord(into, at + 4, bytes);
}

export class Log {
  readonly #memory: CacheMemory;
  readonly #segments: Segments;
  readonly #stage = new PrefixViews(new Uint8Array(SEGMENT_BYTES));
  /** What was read last; valid until the next read. */
  readonly #scratch = new PrefixViews(new Uint8Array(SEGMENT_BYTES));
  #open = 0;
  #fill = 0;
  #flushing: Promise<WriteResult> | undefined;

  constructor(memory: CacheMemory, segments: Segments) {
    this.#memory = memory;
    this.#segments = segments;
  }

  /** Its two buffers. */
  get metadataBytes(): number {
    return 2 * SEGMENT_BYTES;
  }

  /** True if a packed record of so many bytes fits what is open: nothing has to be written. */
  fits(bytes: number): boolean {
    return this.#open !== 0 && this.#flushing === undefined && this.#fill + bytes <= SEGMENT_BYTES;
  }

  /** Opens a segment if none is. The caller has seen that one is available. */
  open(): void {
    if (this.#open !== 0) return;
    this.#open = this.#segments.take('open');
    this.#fill = 0;
  }

  /** Appends a record that {@link fits}, and returns its location. */
  append(entry: number, key: EncodedKey, value: Uint8Array): number {
    const bytes = HEADER_BYTES + key.length + value.length;
    const location = this.#reserve(bytes);
    const stage = this.#stage.bytes;
    const at = offsetIn(location);
    this.#fillHead(stage, at, entry, key, bytes);
    stage.set(value, at + HEADER_BYTES + key.length);
    return location;
  }

  /** Moves the record at `at` of `from` to the open segment, where it fits. */
  move(from: Uint8Array, at: number, bytes: number): number {
    const location = this.#reserve(bytes);
    this.#stage.bytes.set(from.subarray(at, at + bytes), offsetIn(location));
    return location;
  }

  /** Writes the open segment out. */
  flushSync(): WriteResult {
    if (this.#open === 0) return 'done';
    if (this.#flushing !== undefined) return 'would-wait';
    if (this.#dropEmpty()) return 'done';
    const result = this.#memory.writeSync(segmentOffset(this.#open), this.#pages());
    if (result === 'done') this.#close();
    return result;
  }

  /** The same with waiting. Meanwhile what is staged can be read and nothing can be appended. */
  async flush(): Promise<WriteResult> {
    if (this.#flushing !== undefined) return this.#flushing;
    if (this.#open === 0 || this.#dropEmpty()) return 'done';
    const writing = this.#memory.write(segmentOffset(this.#open), this.#pages());
    this.#flushing = writing;
    try {
      const result = await writing;
      if (result === 'done') this.#close();
      return result;
    } finally {
      this.#flushing = undefined;
    }
  }

  /**
   * One segment's worth of a large record, in pages, for the caller to write: piece `index` of it.
   */
  piece(index: number, entry: number, key: EncodedKey, value: Uint8Array): Uint8Array {
    const scratch = this.#scratch.bytes;
    const headBytes = HEADER_BYTES + key.length;
    let at = 0;
    if (index === 0) {
      this.#fillHead(scratch, 0, entry, key, headBytes + value.length);
      at = headBytes;
    }
    const from = index * SEGMENT_BYTES + at - headBytes;
    const part = value.subarray(from, (index + 1) * SEGMENT_BYTES - headBytes);
    scratch.set(part, at);
    const end = at + part.length;
    const pageEnd = Math.ceil(end / PAGE_SIZE) * PAGE_SIZE;
    scratch.fill(0, end, pageEnd);
    return this.#scratch.of(pageEnd);
  }

  /** True if the record has not been written yet. */
  isStaged(location: number): boolean {
    return segmentOf(location) === this.#open;
  }

  /**
   * Reads the first `bytes` of a record, at most a segment's, and returns them; valid until the
   * next call. Undefined if that would have to wait.
   */
  readSync(location: number, bytes: number): Uint8Array | undefined {
    const target = this.#scratch.of(bytes);
    const at = offsetIn(location);
    if (this.isStaged(location)) {
      target.set(this.#stage.bytes.subarray(at, at + bytes));
      return target;
    }
    const isRead = this.#memory.readSync(segmentOffset(segmentOf(location)) + at, target);
    return isRead ? target : undefined;
  }

  /**
   * Reads the bytes of a record from `skip` on, over all its segments; false if that would have to
   * wait.
   */
  readPartSync(location: number, skip: number, target: Uint8Array): boolean {
    if (this.isStaged(location)) {
      const at = offsetIn(location) + skip;
      target.set(this.#stage.bytes.subarray(at, at + target.length));
      return true;
    }
    let segment = segmentOf(location);
    let from = offsetIn(location) + skip;
    for (let at = 0; at < target.length;) {
      const end = Math.min(at + SEGMENT_BYTES - from, target.length);
      const part = target.subarray(at, end);
      if (!this.#memory.readSync(segmentOffset(segment) + from, part)) return false;
      segment = this.#segments.next(segment);
      from = 0;
      at = end;
    }
    return true;
  }

  /** The same with waiting. The record's segment must be pinned. */
  async readPart(
    location: number,
    skip: number,
    target: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.isStaged(location)) {
      this.readPartSync(location, skip, target);
      return;
    }
    let segment = segmentOf(location);
    let from = offsetIn(location) + skip;
    for (let at = 0; at < target.length;) {
      const end = Math.min(at + SEGMENT_BYTES - from, target.length);
      await this.#memory.read(segmentOffset(segment) + from, target.subarray(at, end), signal);
      segment = this.#segments.next(segment);
      from = 0;
      at = end;
    }
  }

  /** Reads a whole segment, for cleaning; undefined if that would have to wait. */
  readSegmentSync(segment: number): Uint8Array | undefined {
    const target = this.#scratch.bytes;
    return this.#memory.readSync(segmentOffset(segment), target) ? target : undefined;
  }

  #reserve(bytes: number): number {
    assert(this.fits(bytes));
    const at = this.#fill;
    this.#fill += alignedBytes(bytes);
    this.#segments.addLive(this.#open, alignedBytes(bytes));
    return locationOf(this.#open, at);
  }

  #fillHead(into: Uint8Array, at: number, entry: number, key: EncodedKey, bytes: number): void {
    writeHead(into, at, entry, bytes);
    const packed = key.length | (key.kind << KIND_SHIFT);
    into[at + 8] = packed;
    into[at + 9] = packed >>> 8;
    for (let i = 0; i < key.length; i += 1) into[at + HEADER_BYTES + i] = present(key.bytes[i]);
  }

  /** The staged pages, zeros after the last record: that is where a walk ends. */
  #pages(): Uint8Array {
    const end = Math.ceil(this.#fill / PAGE_SIZE) * PAGE_SIZE;
    this.#stage.bytes.fill(0, this.#fill, end);
    return this.#stage.of(end);
  }

  #close(): void {
    const segment = this.#open;
    this.#open = 0;
    this.#fill = 0;
    this.#segments.pack(segment);
  }

  /** Begins the open segment anew if nothing in it is alive, nor being read. */
  #dropEmpty(): boolean {
    if (this.#segments.live(this.#open) > 0 || this.#segments.isPinned(this.#open)) return false;
    this.#fill = 0;
    return true;
  }
}

/** Calls `visit` for each record of a segment's bytes that its entry still owns. */
export function forEachLive(
  segment: number,
  bytes: Uint8Array,
  entries: EntryTable,
  visit: (entry: number, at: number, recordBytes: number) => boolean,
): void {
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const { entry, bytes: recordBytes } = recordHead(bytes, at);
    if (recordBytes === 0) return;
    const location = locationOf(segment, at);
    const isOwned =
      entries.isLive(entry) &&
      entries.location(entry) === location &&
      entries.bytes(entry) === recordBytes;
    if (isOwned && !visit(entry, at, recordBytes)) return;
    at += alignedBytes(recordBytes);
  }
}
