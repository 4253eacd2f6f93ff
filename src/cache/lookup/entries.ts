/**
 * The index's records, one an entry, 28 bytes each: seven 32-bit words in chunks outside of the
 * JavaScript heap, so that an entry costs no object, string or map entry.
 *
 *     hash low | hash high | chain | previous | next | location | bytes
 *
 * `chain` links the entries of a hash bucket, `previous` and `next` the LRU, `location` says where
 * in the region the record lies (`log.ts`), `bytes` how long it is: so an entry leaves, and its
 * space is accounted for, without a look at its page. `bytes` is 0 while an entry is free.
 *
 * Times of expiry stand in a column of their own, eight bytes each, which a chunk has only once one
 * of its entries has one.
 */
import { assert, present } from '../../std/assert.ts';
import type { Links } from '../../std/list.ts';

/** log2 of the entries in a chunk. */
const CHUNK_SHIFT = 12;
const CHUNK_ENTRIES = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_ENTRIES - 1;
const FIELDS = 7;
const HASH_LOW = 0;
const HASH_HIGH = 1;
const CHAIN = 2;
const PREVIOUS = 3;
const NEXT = 4;
const LOCATION = 5;
const BYTES = 6;
const CHUNK_BYTES = CHUNK_ENTRIES * FIELDS * 4;
const EXPIRY_BYTES = CHUNK_ENTRIES * 8;

/** Entries at most. */
export const ENTRY_COUNT_MAX: number = 2 ** 31 - CHUNK_ENTRIES;

class Chunk {
  // Resizable, because shrinking one to nothing gives its memory back at once.
  readonly buffer = new ArrayBuffer(0, { maxByteLength: CHUNK_BYTES });
  words: Uint32Array = new Uint32Array(0);
  readonly expiryBuffer = new ArrayBuffer(0, { maxByteLength: EXPIRY_BYTES });
  expiry: Float64Array | undefined;
  /** First free entry of the chunk, as an index within it plus one; 0: none. */
  freeHead = 0;
  /** Entries never used yet start here. */
  untouched = 0;
  used = 0;
}

export class EntryTable implements Links {
  readonly #chunks: Chunk[] = [];
  #lowestFree = 0;
  #length = 0;
  #metadataBytes = 0;
  #spare: Chunk | undefined;

  get length(): number {
    return this.#length;
  }

  get metadataBytes(): number {
    return this.#metadataBytes;
  }

  /** One past the highest index that an entry can have now. */
  get end(): number {
    return this.#chunks.length * CHUNK_ENTRIES;
  }

  /** Bytes that {@link allocate} and then {@link setExpiry} would add at most. */
  growthBytes(expires: boolean): number {
    const chunk = this.#chunks[this.#firstOpen()];
    const isThere = chunk !== undefined && chunk.words.length > 0;
    const needsExpiry = expires && (!isThere || chunk.expiry === undefined);
    return (isThere ? 0 : CHUNK_BYTES) + (needsExpiry ? EXPIRY_BYTES : 0);
  }

  /** Bytes that {@link setExpiry} of an entry that is there would add. */
  expiryGrowthBytes(index: number): number {
    const chunk = this.#chunks[index >>> CHUNK_SHIFT];
    return chunk?.expiry === undefined ? EXPIRY_BYTES : 0;
  }

  /** Takes an entry; the caller fills it. */
  allocate(): number {
    assert(this.#length < ENTRY_COUNT_MAX);
    const number = this.#firstOpen();
    let chunk = this.#chunks[number];
    if (chunk === undefined) {
      chunk = new Chunk();
      this.#chunks.push(chunk);
    }
    if (chunk.words.length === 0) this.#reserve(chunk, number);
    let within: number;
    if (chunk.freeHead !== 0) {
      within = chunk.freeHead - 1;
      chunk.freeHead = present(chunk.words[within * FIELDS + CHAIN]);
    } else {
      within = chunk.untouched;
      chunk.untouched += 1;
    }
    chunk.used += 1;
    if (chunk === this.#spare) this.#spare = undefined;
    this.#length += 1;
    return number * CHUNK_ENTRIES + within;
  }

  free(index: number): void {
    const number = index >>> CHUNK_SHIFT;
    const chunk = present(this.#chunks[number]);
    const within = index & CHUNK_MASK;
    assert(index !== 0 && chunk.used > 0);
    chunk.words[within * FIELDS + CHAIN] = chunk.freeHead;
    chunk.words[within * FIELDS + BYTES] = 0;
    if (chunk.expiry !== undefined) chunk.expiry[within] = 0;
    chunk.freeHead = within + 1;
    chunk.used -= 1;
    this.#length -= 1;
    if (number < this.#lowestFree) this.#lowestFree = number;
    if (chunk.used > 0) return;
    if (this.#spare !== undefined) this.#release(this.#spare);
    this.#spare = chunk;
  }

  /** True if the index is that of an entry that holds a record. */
  isLive(index: number): boolean {
    const chunk = this.#chunks[index >>> CHUNK_SHIFT];
    if (chunk === undefined) return false;
    return index !== 0 && (chunk.words[(index & CHUNK_MASK) * FIELDS + BYTES] ?? 0) !== 0;
  }

  hashLow(index: number): number {
    return this.#field(index, HASH_LOW);
  }

  hashHigh(index: number): number {
    return this.#field(index, HASH_HIGH);
  }

  setHash(index: number, low: number, high: number): void {
    this.#setField(index, HASH_LOW, low);
    this.#setField(index, HASH_HIGH, high);
  }

  chain(index: number): number {
    return this.#field(index, CHAIN);
  }

  setChain(index: number, to: number): void {
    this.#setField(index, CHAIN, to);
  }

  previous(index: number): number {
    return this.#field(index, PREVIOUS);
  }

  setPrevious(index: number, to: number): void {
    this.#setField(index, PREVIOUS, to);
  }

  next(index: number): number {
    return this.#field(index, NEXT);
  }

  setNext(index: number, to: number): void {
    this.#setField(index, NEXT, to);
  }

  location(index: number): number {
    return this.#field(index, LOCATION);
  }

  bytes(index: number): number {
    return this.#field(index, BYTES);
  }

  setRecord(index: number, location: number, bytes: number): void {
    assert(bytes > 0);
    this.#setField(index, LOCATION, location);
    this.#setField(index, BYTES, bytes);
  }

  /** The last millisecond at which the entry is good; 0 if it is good for ever. */
  expiry(index: number): number {
    return present(this.#chunks[index >>> CHUNK_SHIFT]).expiry?.[index & CHUNK_MASK] ?? 0;
  }

  setExpiry(index: number, ms: number): void {
    const chunk = present(this.#chunks[index >>> CHUNK_SHIFT]);
    if (chunk.expiry === undefined) {
      if (ms === 0) return;
      chunk.expiryBuffer.resize(EXPIRY_BYTES);
      chunk.expiry = new Float64Array(chunk.expiryBuffer, 0, CHUNK_ENTRIES);
      this.#metadataBytes += EXPIRY_BYTES;
    }
    chunk.expiry[index & CHUNK_MASK] = ms;
  }

  /** Gives the chunk back that was kept although it is free. */
  trim(): void {
    if (this.#spare !== undefined) this.#release(this.#spare);
    this.#spare = undefined;
  }

  #firstOpen(): number {
    let number = this.#lowestFree;
    while (number < this.#chunks.length && present(this.#chunks[number]).used === CHUNK_ENTRIES) {
      number += 1;
    }
    this.#lowestFree = number;
    return number;
  }

  #reserve(chunk: Chunk, number: number): void {
    chunk.buffer.resize(CHUNK_BYTES);
    chunk.words = new Uint32Array(chunk.buffer, 0, CHUNK_ENTRIES * FIELDS);
    this.#metadataBytes += CHUNK_BYTES;
    // Index 0 is nobody; it counts as used, so the first chunk stays.
    chunk.untouched = number === 0 ? 1 : 0;
    chunk.used = chunk.untouched;
    chunk.freeHead = 0;
  }

  #release(chunk: Chunk): void {
    this.#metadataBytes -= CHUNK_BYTES + (chunk.expiry === undefined ? 0 : EXPIRY_BYTES);
    chunk.words = new Uint32Array(0);
    chunk.expiry = undefined;
    chunk.buffer.resize(0);
    chunk.expiryBuffer.resize(0);
  }

  #field(index: number, field: number): number {
    const chunk = present(this.#chunks[index >>> CHUNK_SHIFT]);
    return present(chunk.words[(index & CHUNK_MASK) * FIELDS + field]);
  }

  #setField(index: number, field: number, value: number): void {
    const chunk = present(this.#chunks[index >>> CHUNK_SHIFT]);
    chunk.words[(index & CHUNK_MASK) * FIELDS + field] = value;
  }
}
