/**
 * The bytes of the arena's page frames: copies into, out of and between frames that create no
 * object per copy. Only whole ranges are moved; single words are for object headers, since element
 * access on resizable buffers is slow.
 */
import { assert, present } from '../std/assert.ts';
import { PrefixViews } from '../std/prefix-views.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../std/units.ts';
import { BOUNCE_STEP, type Chunk } from './chunk.ts';
import { frameOwner, heldUnder, nextFrame, withNextFrame } from './frame-word.ts';

/** Bytes of one slot of a {@link PrefixViews} table. */
const VIEW_SLOT_BYTES = 8;
/** Parts of an object begin and end at multiples of this. */
const PART_STEP = 8;

export class FrameMemory {
  /**
   * A page and a step, for whoever moves an object between frames. Nothing in this class uses it.
   */
  readonly scratch: PrefixViews = scratchViews();
  readonly #staging = scratchViews();
  readonly #chunks: readonly Chunk[];
  readonly #shift: number;
  readonly #placeMask: number;

  /**
   * @param chunks - the arena's own list, which it adds to
   * @param shift - log2 of the pages in a chunk
   */
  constructor(chunks: readonly Chunk[], shift: number) {
    this.#chunks = chunks;
    this.#shift = shift;
    this.#placeMask = (1 << shift) - 1;
  }

  get metadataBytes(): number {
    const { length } = this.scratch.bytes;
    return 2 * (length + (length / PART_STEP) * VIEW_SLOT_BYTES);
  }

  /** The next frame of the chain that a frame belongs to, 0 after the last. */
  next(frame: number): number {
    return nextFrame(this.#frameWord(frame));
  }

  /** Puts a chain after a frame of the same owner. */
  setNext(frame: number, next: number): void {
    const { frames } = this.#chunk(frame);
    const place = frame & this.#placeMask;
    frames[place] = withNextFrame(present(frames[place]), next);
  }

  /** The number of the owner of a frame, 0 if it is free. */
  owner(frame: number): number {
    return frameOwner(this.#frameWord(frame));
  }

  /** The index that the owner of a frame holds its chain under. */
  heldUnder(frame: number): number {
    let last = frame;
    for (let next = this.next(last); next !== 0; next = this.next(last)) last = next;
    return heldUnder(this.#frameWord(last));
  }

  /** The frame that `hops` links of `next` lead to. */
  follow(frame: number, hops: number): number {
    let at = frame;
    for (let hop = 0; hop < hops; hop++) {
      at = nextFrame(this.#frameWord(at));
    }
    return at;
  }

  /** The 32-bit word at `offset` in the frame, a multiple of 4. */
  word(frame: number, offset: number): number {
    return present(this.#chunk(frame).words[(this.#base(frame) + offset) >>> 2]);
  }

  setWord(frame: number, offset: number, value: number): void {
    this.#chunk(frame).words[(this.#base(frame) + offset) >>> 2] = value;
  }

  /** Sets the word at `offset` in the frame and returns what it was. */
  swapWord(frame: number, offset: number, value: number): number {
    const { words } = this.#chunk(frame);
    const at = (this.#base(frame) + offset) >>> 2;
    const was = present(words[at]);
    words[at] = value;
    return was;
  }

  /**
   * Copies all of `source` to `offset` in the frame. What does not fit goes on at the front of the
   * frame that `next` names, rounded up to a multiple of 8 bytes.
   */
  write(frame: number, offset: number, source: Uint8Array): void {
    const at = this.#base(frame) + offset;
    if (offset + source.length <= PAGE_SIZE) {
      this.#chunk(frame).bytes.set(source, at);
      return;
    }
    const next = this.next(frame);
    assert(next !== 0);
    // Place 0 of a chunk is never a frame, so a frame and its successor are in one chunk.
    if (next === frame + 1) this.#chunk(frame).bytes.set(source, at);
    else this.#writeAcross(frame, next, offset, source);
  }

  /**
   * Copies `size` bytes at `offset` in the frame, going on in the frame that `next` names, to
   * `target[targetOffset..]`, rounded up to a multiple of {@link BOUNCE_STEP} with undefined bytes.
   */
  read(
    frame: number,
    offset: number,
    size: number,
    target: Uint8Array,
    targetOffset: number,
  ): void {
    let from: Uint8Array;
    if (offset + size <= PAGE_SIZE || this.next(frame) === frame + 1) {
      from = this.#chunk(frame).bounce(this.#base(frame) + offset, size);
    } else {
      from = this.#gather(frame, this.next(frame), offset, size);
    }
    target.set(from, targetOffset);
  }

  /** Moves bytes inside one frame; the ranges may overlap. */
  slide(frame: number, toOffset: number, fromOffset: number, size: number): void {
    const base = this.#base(frame);
    const from = base + fromOffset;
    this.#chunk(frame).bytes.copyWithin(base + toOffset, from, from + size);
  }

  /** Copies a whole frame and its word. */
  copyFrame(to: number, from: number): void {
    const content = this.#chunk(from).bounce(this.#base(from), PAGE_SIZE);
    this.#chunk(to).bytes.set(content, this.#base(to));
    this.#chunk(to).frames[to & this.#placeMask] = this.#frameWord(from);
  }

  #writeAcross(frame: number, nextFrame: number, offset: number, source: Uint8Array): void {
    const head = PAGE_SIZE - offset;
    const tail = (source.length - head + PART_STEP - 1) & -PART_STEP;
    const staging = this.#staging;
    staging.bytes.set(source);
    this.#chunk(frame).bytes.set(staging.of(head), this.#base(frame) + offset);
    staging.bytes.copyWithin(0, head, head + tail);
    this.#chunk(nextFrame).bytes.set(staging.of(tail), this.#base(nextFrame));
  }

  /** The two parts of a range put together, in a view that is valid until the next call. */
  #gather(frame: number, nextFrame: number, offset: number, size: number): Uint8Array {
    assert(nextFrame !== 0);
    // Both parts come rounded up. The second overwrites what the first left past its end, and the
    // whole is rounded up once.
    const head = PAGE_SIZE - offset;
    const staging = this.#staging;
    staging.bytes.set(this.#chunk(frame).bounce(this.#base(frame) + offset, head));
    const tail = this.#chunk(nextFrame).bounce(this.#base(nextFrame), size - head);
    staging.bytes.set(tail, head);
    return staging.of((size + BOUNCE_STEP - 1) & -BOUNCE_STEP);
  }

  #frameWord(frame: number): number {
    return present(this.#chunk(frame).frames[frame & this.#placeMask]);
  }

  #chunk(frame: number): Chunk {
    return present(this.#chunks[frame >>> this.#shift]);
  }

  #base(frame: number): number {
    return (frame & this.#placeMask) << PAGE_SHIFT;
  }
}

/** Room for a page and what is rounded up after it. */
function scratchViews(): PrefixViews {
  return new PrefixViews(new Uint8Array(PAGE_SIZE + BOUNCE_STEP), PART_STEP);
}
