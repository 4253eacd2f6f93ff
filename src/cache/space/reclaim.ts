/**
 * Making room: which entries leave, and how the space of those that left is gathered. Evicting one
 * entry leaves a hole in a segment; a hole becomes room when the rest of its segment has gone too,
 * or when the segment is cleaned: what is alive in it is appended to the log again. So while much
 * is dead the emptiest segment is cleaned, and otherwise the least recently used entry goes.
 *
 * Within a call only segments in RAM or in the pool are cleaned. Those on disk are read by a
 * cleaner in the background, one at a time: a call never waits for a page that is not its own.
 */
import type { Rt } from '../../rt/rt.ts';
import type { EntryTable } from '../lookup/entries.ts';
import { alignedBytes, forEachLive, type Log } from './log.ts';
import type { CacheMemory, WriteResult } from './memory.ts';
import { SEGMENT_BYTES, segmentOffset, type Segments } from './segments.ts';

/** Segments that stay free, for cleaning to move into. */
export const RESERVE_SEGMENTS = 4;
/** Evictions and cleanings in one step. */
const STEP_MAX = 64;
/** Steps within one call, beside one for each segment that it needs. */
const STEPS_PER_CALL_MAX = 32;
/** Sparse segments that are tried before an entry is evicted instead. */
const CANDIDATES_MAX = 4;
/** Above one part in so many of packed bytes that are dead, cleaning comes before evicting. */
const DEAD_PART_CLEAN = 4;
/** The same for cleaning in the background, although nobody needs room. */
const DEAD_PART_BACKGROUND = 2;
/** Less is not worth a background run. */
const DEAD_BYTES_BACKGROUND_MIN: number = 16 * SEGMENT_BYTES;

/** What reclaim works on. */
export interface ReclaimParts {
  readonly memory: CacheMemory;
  readonly entries: EntryTable;
  readonly segments: Segments;
  readonly log: Log;
  readonly rt: Rt;
  /** Lets the least recently used entry go; false if there is none. */
  evictOldest(): boolean;
  /** RAM that pages may take when metadata grows by so much. */
  pageBytesMax(growth: number): number;
}

/** What a record needs. */
export interface Need {
  /** Bytes of a packed record, or 0. */
  readonly packedBytes: number;
  /** Segments of its own. */
  readonly segments: number;
  /** Bytes of metadata. */
  readonly growth: number;
  /** The caller has waited for pages to leave RAM, and as many have as can. */
  readonly hasSettled: boolean;
}

export class Reclaim {
  readonly #parts: ReclaimParts;
  #cleaner: Promise<void> | undefined;
  #isClosed = false;
  #cleaned = 0;

  constructor(parts: ReclaimParts) {
    this.#parts = parts;
  }

  /** Segments cleaned since the start. */
  get cleanedSegments(): number {
    return this.#cleaned;
  }

  /** Makes room for a record within this call. `no-room`: nothing is left that could go. */
  makeRoom(need: Need): WriteResult {
    const steps = STEPS_PER_CALL_MAX + need.segments;
    for (let step = 0; step < steps; step += 1) {
      const result = this.#tryRoom(need);
      if (result !== 'no-room') return result;
      if (this.#parts.segments.pending > 0) return 'would-wait';
      if (!this.#step()) return 'no-room';
    }
    return 'would-wait';
  }

  /** Evicts and cleans until the pages keep to their limit. */
  shrink(hasSettled: boolean): WriteResult {
    const { memory, segments } = this.#parts;
    for (let step = 0; step < STEPS_PER_CALL_MAX; step += 1) {
      if (memory.limitRam(this.#parts.pageBytesMax(0))) return 'done';
      if ((memory.spills && !hasSettled) || segments.pending > 0) return 'would-wait';
      if (!this.#step()) return 'no-room';
    }
    return 'would-wait';
  }

  /** Starts the cleaner if so much is dead that it is worth it. */
  noteDead(): void {
    const { segments } = this.#parts;
    if (segments.deadBytes < DEAD_BYTES_BACKGROUND_MIN) return;
    if (segments.deadBytes * DEAD_PART_BACKGROUND < segments.packedBytes) return;
    this.#startCleaner();
  }

  /** Resolves when nothing is going on in the background. */
  async idle(): Promise<void> {
    while (this.#cleaner !== undefined) await this.#cleaner;
    await this.#parts.segments.drain();
  }

  /** Stops the cleaner. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.idle();
  }

  #tryRoom(need: Need): WriteResult {
    const { log, memory, segments } = this.#parts;
    let taken = need.segments;
    if (need.packedBytes > 0 && !log.fits(need.packedBytes)) {
      const result = log.flushSync();
      if (result !== 'done') return result;
      if (!log.fits(need.packedBytes)) taken += 1;
    }
    const growth = need.growth + segments.growthBytes(taken);
    if (taken > 0) {
      if (segments.available < taken + RESERVE_SEGMENTS) return 'no-room';
      const bytes = (taken + RESERVE_SEGMENTS) * SEGMENT_BYTES;
      if (memory.freeBytes() < bytes) return 'no-room';
    }
    if (taken > 0 || growth > 0) {
      if (!memory.limitRam(this.#parts.pageBytesMax(growth))) {
        return memory.spills && !need.hasSettled ? 'would-wait' : 'no-room';
      }
    }
    return 'done';
  }

  /** Goes on until a segment is free; false if nothing could go. */
  #step(): boolean {
    const { segments } = this.#parts;
    const before = segments.used - segments.pending;
    let isProgress = false;
    for (let i = 0; i < STEP_MAX; i += 1) {
      const isMuchDead = segments.deadBytes * DEAD_PART_CLEAN > segments.packedBytes;
      if (isMuchDead && this.#cleanOne()) isProgress = true;
      else if (this.#parts.evictOldest()) isProgress = true;
      else return this.#cleanOne() || isProgress;
      if (segments.used - segments.pending < before) return true;
    }
    return isProgress;
  }

  /** Cleans the emptiest segment that can be read at once; false if none can. */
  #cleanOne(): boolean {
    const { log, segments } = this.#parts;
    for (let candidate = 0; candidate < CANDIDATES_MAX; candidate += 1) {
      const segment = segments.sparse();
      if (segment === 0) return false;
      let bytes: Uint8Array | undefined;
      try {
        bytes = log.readSegmentSync(segment);
      } catch {
        // A lost page: each entry finds out for itself, when it is read or evicted.
      }
      if (bytes !== undefined) return this.#moveAll(segment, bytes);
      segments.defer(segment);
      this.#startCleaner();
    }
    return false;
  }

  /** Moves what is alive in a segment to the open one; true if all of it could be. */
  #moveAll(segment: number, bytes: Uint8Array): boolean {
    const { log, entries, segments } = this.#parts;
    let isDone = true;
    forEachLive(segment, bytes, entries, (entry, at, recordBytes) => {
      if (!log.fits(recordBytes)) {
        isDone = log.flushSync() === 'done' && segments.available > 0;
        // Within the limit there may be no room for the table to grow.
        isDone &&= segments.growthBytes(1) === 0;
        if (!isDone) return false;
        log.open();
      }
      entries.setRecord(entry, log.move(bytes, at, recordBytes), recordBytes);
      segments.subtractLive(segment, alignedBytes(recordBytes));
      return true;
    });
    if (isDone) this.#cleaned += 1;
    return isDone;
  }

  #startCleaner(): void {
    if (!this.#isClosed) this.#cleaner ??= this.#cleanInBackground();
  }

  async #cleanInBackground(): Promise<void> {
    const { segments, memory, rt } = this.#parts;
    // Of its own: others read into the log's buffer while a read here waits.
    const buffer = new Uint8Array(SEGMENT_BYTES);
    let failures = 0;
    while (failures < CANDIDATES_MAX) {
      await rt.yieldNow();
      const segment = segments.sparse();
      const isWorth = segments.deadBytes * DEAD_PART_CLEAN > segments.packedBytes;
      if (this.#isClosed || segment === 0 || !isWorth) break;
      segments.pin(segment);
      let isDone = false;
      try {
        await memory.read(segmentOffset(segment), buffer);
        isDone = !segments.isPacked(segment) || this.#moveAll(segment, buffer);
      } catch {
        // As above.
      } finally {
        segments.unpin(segment);
      }
      if (isDone) continue;
      failures += 1;
      if (segments.isPacked(segment)) segments.defer(segment);
    }
    this.#cleaner = undefined;
  }
}
