/**
 * Page frames for the allocators, out of chunks that are given back to the system when wholly free.
 * It plays the kernel's page allocator: one arena serves several zpools, and a frame can be moved
 * to another chunk because the arena knows who holds it (the kernel's page migration).
 *
 * Frame number = chunk number << log2(pages in a chunk) | place; 0 is no frame. Invariants: a frame
 * is held by one owner or free; the lowest chunk with a free frame is used first; of wholly free
 * chunks at most one is kept, the others are on their way back to the system, a piece at a time.
 * What is noted of a frame is one word (`frame-word.ts`).
 */
import { assert, present } from '../std/assert.ts';
import { IndexBlocks, NO_BLOCK } from '../std/index-blocks.ts';
import { KIB, MIB, PAGE_SIZE } from '../std/units.ts';
import { Chunk } from './chunk.ts';
import { FrameMemory } from './frame-memory.ts';
import { FRAME_END, lastFrameWord, OWNERS_MAX } from './frame-word.ts';
import { PoolAccount } from './pool-account.ts';

/** Somebody who holds frames, each under an index of its own. */
export interface FrameOwner {
  /** The content of the frame held under `index` is now in `to`; `from` is no longer its frame. */
  frameMoved(index: number, from: number, to: number): void;
}

export interface ArenaOptions {
  /** Frames that may be in use at once; more are refused. Default: no limit. */
  readonly pageLimit?: number;
  /** Bytes of a chunk: a power of two, 8 KiB to 256 MiB. Default 4 MiB. */
  readonly chunkBytes?: number;
  /** Told how many frames are in use. Default: an account of its own. */
  readonly account?: PoolAccount;
}

const CHUNK_BYTES = 4 * MIB;
/** Memory given back in one go, so that a read never waits for a whole chunk. */
const RELEASE_BYTES = 256 * KIB;
/** Frames that are freed between two pieces, so that memory goes back as fast as it is freed. */
const RELEASE_FRAMES: number = RELEASE_BYTES / PAGE_SIZE;
/** Frames that could be moved in the time that a piece takes. */
const RELEASE_MOVES = 64;

export class Arena {
  readonly memory: FrameMemory;
  readonly account: PoolAccount;
  readonly #chunkBytes: number;
  readonly #shift: number;
  readonly #pageLimit: number;
  readonly #blocks: IndexBlocks;
  /**
   * Released chunks stay, without memory: the garbage collector takes a new buffer for a reason to
   * work, by its full size.
   */
  readonly #chunks: Chunk[] = [];
  /** Chunks whose frames are all free and whose memory is being given back. */
  readonly #leaving: number[] = [];
  /** Frames freed since the last piece of a leaving chunk. */
  #freedFrames = 0;
  /** By owner number, which is never 0: that is the owner of free frames. */
  readonly #owners: (FrameOwner | undefined)[] = [undefined];
  #pagesUsed = 0;
  /** Chunks that give frames: those that are leaving are not among them. */
  #chunkCount = 0;
  /** Where migration stopped last, and goes on: what lies before has been moved already. */
  #migratedFrom = 0;
  #residentBytes = 0;

  constructor(options: ArenaOptions = {}) {
    const chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
    const shift = Math.log2(chunkBytes / PAGE_SIZE);
    if (!Number.isInteger(shift) || shift < 1 || shift > 16) {
      throw new RangeError(`chunkBytes ${chunkBytes} is not a power of two of 8 KiB to 256 MiB`);
    }
    this.#chunkBytes = chunkBytes;
    this.#shift = shift;
    this.#pageLimit = options.pageLimit ?? Infinity;
    this.account = options.account ?? new PoolAccount();
    this.#blocks = new IndexBlocks(shift);
    this.memory = new FrameMemory(this.#chunks, shift);
  }

  /** Frames in use. */
  get pagesUsed(): number {
    return this.#pagesUsed;
  }

  /** Bytes of the chunks held, free frames in them included. */
  get residentBytes(): number {
    return this.#residentBytes;
  }

  /** Bytes of the arena's own tables and views, of all its users together. */
  get metadataBytes(): number {
    let bytes = this.#blocks.metadataBytes + this.memory.metadataBytes;
    for (const chunk of this.#chunks) bytes += chunk.viewBytes;
    return bytes;
  }

  /** Gives an owner its number, to hold frames under. */
  enroll(owner: FrameOwner): number {
    const free = this.#owners.indexOf(undefined, 1);
    const number = free === -1 ? this.#owners.length : free;
    if (number > OWNERS_MAX) throw new RangeError(`more than ${OWNERS_MAX} zpools in an arena`);
    this.#owners[number] = owner;
    return number;
  }

  /** Takes back the number of an owner that holds no frames any more. */
  withdraw(ownerNumber: number): void {
    this.#owners[ownerNumber] = undefined;
  }

  /**
   * A frame with undefined content, held by `ownerNumber` under `index`, as a chain of its own.
   *
   * @returns 0 if the page limit is reached or the system has no memory.
   */
  alloc(ownerNumber: number, index: number): number {
    assert(index > 0 && index < FRAME_END);
    if (this.#pagesUsed >= this.#pageLimit) return 0;
    let frame = this.#blocks.take();
    if (frame === 0) {
      if (!this.#addChunk()) return 0;
      frame = this.#blocks.take();
    }
    const { frames } = present(this.#chunks[frame >>> this.#shift]);
    frames[frame & this.#blocks.capacity] = lastFrameWord(ownerNumber, index);
    this.#count(1);
    return frame;
  }

  free(frame: number): void {
    assert(this.memory.owner(frame) !== 0);
    this.#count(-1);
    if (this.#leaving.length > 0 && ++this.#freedFrames >= RELEASE_FRAMES) this.#releaseMore();
    this.#releaseChunk(this.#blocks.give(frame));
    // Who has freed everything frees no more frames that would move it on.
    if (this.#pagesUsed === 0) while (this.#leaving.length > 0) this.#releaseMore();
  }

  /**
   * Moves frames of the highest chunk to free frames of lower ones and gives chunks that become
   * free back to the system, the spare one included. Leaves a chunk alone whose frames do not all
   * fit below.
   *
   * Memory goes back in pieces, each at the price of some moves.
   *
   * @returns frames moved, or what else the budget went for; 0 with budget left if no chunk can be
   *   emptied.
   */
  migrate(moveBudget: number): number {
    // The spare goes first: moving into it would only exchange one chunk for another.
    this.releaseSpare();
    let moved = 0;
    while (moved < moveBudget) {
      if (this.#leaving.length > 0) {
        this.#releaseMore();
        moved += RELEASE_MOVES;
        continue;
      }
      const high = this.#blocks.blockEnd - 1;
      if (!this.#fitsBelow(high)) break;
      moved += this.#migrateFrom(high, moveBudget - moved);
      this.releaseSpare();
    }
    return moved;
  }

  /** Begins to give the wholly free chunk that is kept against thrash, if any, back. */
  releaseSpare(): void {
    this.#releaseChunk(this.#blocks.removeSpare());
  }

  #count(frames: number): void {
    this.#pagesUsed += frames;
    this.account.setPages(this.#pagesUsed);
  }

  /** As many frames are free as a chunk has; there is no spare, and so no chunk wholly free. */
  #fitsBelow(high: number): boolean {
    const { capacity } = this.#blocks;
    return high > 0 && this.#chunkCount * capacity - this.#pagesUsed >= capacity;
  }

  #migrateFrom(high: number, moveBudget: number): number {
    const { capacity } = this.#blocks;
    const first = high << this.#shift;
    let moved = 0;
    let from = this.#migratedFrom;
    for (let looked = 0; looked < capacity && moved < moveBudget; looked++) {
      from = from > first && from < first + capacity ? from + 1 : first + 1;
      const owner = this.memory.owner(from);
      if (owner === 0) continue;
      const to = this.#blocks.take();
      assert(to !== 0 && to >>> this.#shift < high);
      this.memory.copyFrame(to, from);
      present(this.#owners[owner]).frameMoved(this.memory.heldUnder(from), from, to);
      this.#releaseChunk(this.#blocks.give(from));
      moved++;
    }
    this.#migratedFrom = from;
    return moved;
  }

  #addChunk(): boolean {
    const block = this.#blocks.nextBlock();
    if ((block + 1) << this.#shift > FRAME_END) return false;
    let held = 0;
    // Memory that the system refuses is an expected outcome here, and an exception is the only
    // way the language has to tell it.
    try {
      const released = this.#chunks[block];
      if (released === undefined) this.#chunks[block] = new Chunk(this.#chunkBytes);
      else {
        held = released.residentBytes;
        released.grow();
      }
    } catch {
      return false;
    }
    const leaving = this.#leaving.indexOf(block);
    if (leaving >= 0) this.#leaving.splice(leaving, 1);
    this.#blocks.add(block, present(this.#chunks[block]).frames);
    this.#chunkCount++;
    this.#residentBytes += this.#chunkBytes - held;
    return true;
  }

  #releaseChunk(block: number): void {
    if (block === NO_BLOCK) return;
    this.#chunkCount--;
    this.#leaving.push(block);
    this.#releaseMore();
  }

  /** Gives back one piece of the chunk that began to leave last. */
  #releaseMore(): void {
    this.#freedFrames = 0;
    const chunk = present(this.#chunks[present(this.#leaving.at(-1))]);
    this.#residentBytes -= chunk.residentBytes;
    chunk.release(RELEASE_BYTES);
    this.#residentBytes += chunk.residentBytes;
    if (chunk.residentBytes === 0) this.#leaving.pop();
  }
}

/**
 * One zpool's share of an arena: takes and returns frames, counts them, and holds an owner number
 * in the arena only while it holds frames. So a drained zpool can simply be forgotten, and zpools
 * may be made and dropped any number of times over one arena.
 */
export class PoolFrames {
  readonly arena: Arena;
  readonly memory: FrameMemory;
  readonly #owner: FrameOwner;
  #ownerNumber = 0;
  #count = 0;

  constructor(arena: Arena, owner: FrameOwner) {
    this.arena = arena;
    this.memory = arena.memory;
    this.#owner = owner;
  }

  /** Frames held. */
  get count(): number {
    return this.#count;
  }

  /** A frame held under `index`, or 0 if there is no memory. */
  alloc(index: number): number {
    if (this.#count === 0) this.#ownerNumber = this.arena.enroll(this.#owner);
    const frame = this.arena.alloc(this.#ownerNumber, index);
    if (frame !== 0) this.#count++;
    else if (this.#count === 0) this.arena.withdraw(this.#ownerNumber);
    return frame;
  }

  free(frame: number): void {
    this.arena.free(frame);
    this.#count--;
    if (this.#count === 0) this.arena.withdraw(this.#ownerNumber);
  }
}
