/**
 * The way from a fingerprint to an entry: linear hashing. The table grows by one bucket and shrinks
 * by four at a time, so no operation ever pays for a rebuild; its heads lie in chunks, so none ever
 * copies them either. Four bytes a bucket, two entries a bucket.
 *
 *     buckets 0 .. split-1 and 2^level .. 2^level+split-1   were split: `level + 1` bits count
 *     buckets split .. 2^level-1                            not yet:    `level` bits count
 */
import { assert, present } from '../../std/assert.ts';
import type { EntryTable } from './entries.ts';

const CHUNK_SHIFT = 12;
const CHUNK_HEADS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_HEADS - 1;
const CHUNK_BYTES = 4 * CHUNK_HEADS;
const LEVEL_MIN = 6;
/** Entries a bucket above which a bucket is split. */
const LOAD_MAX = 2;
/** Buckets an entry above which two are merged: far from it, or a steady count would swing. */
const SPARSE_MAX = 4;

export class Buckets {
  readonly #entries: EntryTable;
  readonly #buffers: ArrayBuffer[] = [];
  readonly #chunks: Uint32Array[] = [];
  #level = LEVEL_MIN;
  #split = 0;
  #length = 0;

  constructor(entries: EntryTable) {
    this.#entries = entries;
    this.#addChunk();
  }

  get count(): number {
    return 2 ** this.#level + this.#split;
  }

  get metadataBytes(): number {
    return this.#chunks.length * CHUNK_BYTES;
  }

  /** Bytes that {@link insert} would add at most. */
  growthBytes(): number {
    return this.count < this.#chunks.length * CHUNK_HEADS ? 0 : CHUNK_BYTES;
  }

  /** The first entry with this fingerprint; 0 if there is none. */
  find(low: number, high: number): number {
    const entries = this.#entries;
    let index = this.#head(this.#bucketOf(low));
    while (index !== 0) {
      if (entries.hashLow(index) === low && entries.hashHigh(index) === high) return index;
      index = entries.chain(index);
    }
    return 0;
  }

  /** Puts an entry, whose hash is set, into its bucket. */
  insert(index: number): void {
    this.#push(this.#bucketOf(this.#entries.hashLow(index)), index);
    this.#length += 1;
    if (this.#length > LOAD_MAX * this.count) this.#grow();
  }

  /** Takes an entry out of its bucket. */
  remove(index: number): void {
    const bucket = this.#bucketOf(this.#entries.hashLow(index));
    let at = this.#head(bucket);
    if (at === index) this.#setHead(bucket, this.#entries.chain(index));
    else {
      for (;;) {
        assert(at !== 0);
        const next = this.#entries.chain(at);
        if (next === index) break;
        at = next;
      }
      this.#entries.setChain(at, this.#entries.chain(index));
    }
    this.#length -= 1;
    // So many times for one entry, or the table would not keep up with the entries that go.
    for (let i = 0; i < SPARSE_MAX && this.#length * SPARSE_MAX < this.count; i += 1) {
      this.#shrink();
    }
  }

  #bucketOf(low: number): number {
    // No shift by 32: the level stays below 31, as do the counts of entries and buckets.
    const bucket = low & ((1 << this.#level) - 1);
    return bucket >= this.#split ? bucket : low & ((2 << this.#level) - 1);
  }

  #push(bucket: number, index: number): void {
    this.#entries.setChain(index, this.#head(bucket));
    this.#setHead(bucket, index);
  }

  #grow(): void {
    if (this.#level >= 30) return;
    const from = this.#split;
    const to = from + (1 << this.#level);
    if (to >= this.#chunks.length * CHUNK_HEADS) this.#addChunk();
    let index = this.#head(from);
    this.#setHead(from, 0);
    this.#setHead(to, 0);
    const bit = 1 << this.#level;
    while (index !== 0) {
      const next = this.#entries.chain(index);
      this.#push((this.#entries.hashLow(index) & bit) === 0 ? from : to, index);
      index = next;
    }
    this.#split += 1;
    if (this.#split < 1 << this.#level) return;
    this.#level += 1;
    this.#split = 0;
  }

  #shrink(): void {
    if (this.#split === 0) {
      if (this.#level === LEVEL_MIN) return;
      this.#level -= 1;
      this.#split = 1 << this.#level;
    }
    this.#split -= 1;
    const to = this.#split;
    const from = to + (1 << this.#level);
    let index = this.#head(from);
    while (index !== 0) {
      const next = this.#entries.chain(index);
      this.#push(to, index);
      index = next;
    }
    // One chunk more than needed stays, or a count at its border would make and drop it.
    if (this.count + 2 * CHUNK_HEADS <= this.#chunks.length * CHUNK_HEADS) this.#dropChunk();
  }

  #addChunk(): void {
    const buffer = new ArrayBuffer(CHUNK_BYTES, { maxByteLength: CHUNK_BYTES });
    this.#buffers.push(buffer);
    this.#chunks.push(new Uint32Array(buffer, 0, CHUNK_HEADS));
  }

  #dropChunk(): void {
    this.#chunks.pop();
    present(this.#buffers.pop()).resize(0);
  }

  #head(bucket: number): number {
    return present(present(this.#chunks[bucket >>> CHUNK_SHIFT])[bucket & CHUNK_MASK]);
  }

  #setHead(bucket: number, index: number): void {
    present(this.#chunks[bucket >>> CHUNK_SHIFT])[bucket & CHUNK_MASK] = index;
  }
}
