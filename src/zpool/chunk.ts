/**
 * One piece of the arena: page frames in a resizable buffer. Making it shorter returns the memory
 * to the system at once, where a dropped buffer would stay until a major collection, and a chunk
 * that is grown again keeps its buffer and views. The engine zeroes what it returns, and the system
 * takes it apart page by page, so a whole chunk takes long: it goes in pieces.
 *
 * ```
 *  page 0    1        2              pages-1
 * +--------+--------+--------+- - -+--------+
 * | bounce | frame  | frame  |     | frame  |
 * +--------+--------+--------+- - -+--------+
 * ```
 *
 * Copying a part of a chunk elsewhere needs a view of that part, and a view per copy is garbage per
 * copy. So the part is first moved to the bounce page, whose prefixes have one view each, a step of
 * {@link BOUNCE_STEP} bytes apart. Place 0 being the bounce page makes frame 0 of the arena 'none'.
 */
import { assert, present } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

const BOUNCE_SHIFT = 10;
/**
 * Granularity of the bounce views: what is read may be followed by up to this less one byte. The
 * bounce page is in the nearest cache, so to copy some bytes too many costs less than views do,
 * which are objects, for every length there is.
 */
export const BOUNCE_STEP: number = 1 << BOUNCE_SHIFT;
const BOUNCE_VIEWS = PAGE_SIZE / BOUNCE_STEP;
/** What a typed array object takes in the heap besides its buffer. */
const VIEW_BYTES = 96;

export class Chunk {
  /** The whole chunk; empty when released. Follows the buffer's length. */
  readonly bytes: Uint8Array;
  /** The same as 32-bit words of the machine's byte order. */
  readonly words: Uint32Array;
  readonly #buffer: ArrayBuffer;
  readonly #views: readonly Uint8Array[];
  /** A word per place, see `frame-word.ts`. Empty once its release has begun. */
  frames: Uint32Array = EMPTY;

  /** @throws RangeError if the system has no memory. */
  constructor(chunkBytes: number) {
    this.#buffer = new ArrayBuffer(chunkBytes, { maxByteLength: chunkBytes });
    this.bytes = new Uint8Array(this.#buffer);
    this.words = new Uint32Array(this.#buffer);
    this.#views = Array.from({ length: BOUNCE_VIEWS }, (_, step) =>
      this.bytes.subarray(0, (step + 1) * BOUNCE_STEP),
    );
    this.#makeFrames();
  }

  get residentBytes(): number {
    return this.#buffer.byteLength;
  }

  /** Heap of the views. Those of a released chunk stay, for when it grows again. */
  get viewBytes(): number {
    return (BOUNCE_VIEWS + 2) * VIEW_BYTES;
  }

  /**
   * Takes memory again after {@link release}, be it at an end or not.
   *
   * @throws RangeError if the system has none.
   */
  grow(): void {
    assert(this.frames.length === 0);
    this.#buffer.resize(this.#buffer.maxByteLength);
    this.#makeFrames();
  }

  /** Returns up to `bytes` of memory to the system. No frame of the chunk is used any more. */
  release(bytes: number): void {
    this.#buffer.resize(Math.max(0, this.#buffer.byteLength - bytes));
    this.frames = EMPTY;
  }

  /**
   * A view of at least `length` bytes of the chunk at `from`, 1..4096, rounded up, valid until the
   * next call.
   */
  bounce(from: number, length: number): Uint8Array {
    this.bytes.copyWithin(0, from, from + length);
    return present(this.#views[(length - 1) >>> BOUNCE_SHIFT]);
  }

  #makeFrames(): void {
    this.frames = new Uint32Array(this.#buffer.byteLength / PAGE_SIZE);
  }
}

const EMPTY = new Uint32Array(0);
