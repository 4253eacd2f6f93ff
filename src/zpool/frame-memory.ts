/**
 * The bytes of the arena's page frames: copies into, out of and between frames that create no object
 * per copy. Only whole ranges are moved; single words are for object headers, since element access
 * on resizable buffers is slow.
 */
import { assert, present } from '../std/assert.ts';
import { PrefixViews } from '../std/prefix-views.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../std/units.ts';
import { BOUNCE_STEP, type Chunk } from './chunk.ts';

/** Bytes of one slot of a {@link PrefixViews} table. */
const VIEW_SLOT_BYTES = 8;

export class FrameMemory {
  /**
   * A page and a step, for whoever moves an object between frames. Nothing in this class uses it.
   */
  readonly scratch: PrefixViews = new PrefixViews(new Uint8Array(PAGE_SIZE + BOUNCE_STEP));
  readonly #staging = new PrefixViews(new Uint8Array(PAGE_SIZE + BOUNCE_STEP));
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
    const one = this.scratch.bytes.length * (1 + VIEW_SLOT_BYTES);
    return 2 * one;
  }

  /** The holder's word of a frame, 0 in a fresh one: zsmalloc's link to the zspage's next frame. */
  next(frame: number): number {
    return present(this.#chunk(frame).next[frame & this.#placeMask]);
  }

  setNext(frame: number, value: number): void {
    this.#chunk(frame).next[frame & this.#placeMask] = value;
  }

  /** The 32-bit word at `offset` in the frame, a multiple of 4. */
  word(frame: number, offset: number): number {
    return present(this.#chunk(frame).words[(this.#base(frame) + offset) >>> 2]);
  }

  setWord(frame: number, offset: number, value: number): void {
    this.#chunk(frame).words[(this.#base(frame) + offset) >>> 2] = value;
  }

  /** Copies all of `source` to `offset` in the frame. */
  write(frame: number, offset: number, source: Uint8Array): void {
    assert(offset + source.length <= PAGE_SIZE);
    this.#chunk(frame).bytes.set(source, this.#base(frame) + offset);
  }

  /**
   * Copies `size` bytes at `offset` in the frame to `target`, rounded up to a multiple of
   * {@link BOUNCE_STEP} with undefined bytes.
   */
  read(
    frame: number,
    offset: number,
    size: number,
    target: Uint8Array,
    targetOffset: number,
  ): void {
    assert(offset + size <= PAGE_SIZE);
    target.set(this.#chunk(frame).bounce(this.#base(frame) + offset, size), targetOffset);
  }

  /**
   * As {@link write} for a range that begins in `frame` and ends in `nextFrame`. The part in
   * `nextFrame` is rounded up to a multiple of 8 bytes.
   */
  writeAcross(frame: number, nextFrame: number, offset: number, source: Uint8Array): void {
    const head = PAGE_SIZE - offset;
    const base = this.#base(frame);
    // Place 0 of a chunk is never a frame, so a frame and its successor are in one chunk.
    if (nextFrame === frame + 1) {
      this.#chunk(frame).bytes.set(source, base + offset);
      return;
    }
    const tail = (source.length - head + 7) & ~7;
    const staging = this.#staging;
    staging.bytes.set(source);
    this.#chunk(frame).bytes.set(staging.of(head), base + offset);
    staging.bytes.copyWithin(0, head, head + tail);
    this.#chunk(nextFrame).bytes.set(staging.of(tail), this.#base(nextFrame));
  }

  /** As {@link read} for a range that begins in `frame` and ends in `nextFrame`. */
  readAcross(
    frame: number,
    nextFrame: number,
    offset: number,
    size: number,
    target: Uint8Array,
    targetOffset: number,
  ): void {
    const chunk = this.#chunk(frame);
    const from = this.#base(frame) + offset;
    if (nextFrame === frame + 1) {
      target.set(chunk.bounce(from, size), targetOffset);
      return;
    }
    // Both parts are rounded up, so they meet in the staging area: there the second one
    // overwrites what the first left past its end, and the whole is rounded up once.
    const head = PAGE_SIZE - offset;
    const staging = this.#staging;
    staging.bytes.set(chunk.bounce(from, head));
    const tail = this.#chunk(nextFrame).bounce(this.#base(nextFrame), size - head);
    staging.bytes.set(tail, head);
    target.set(staging.of((size + BOUNCE_STEP - 1) & -BOUNCE_STEP), targetOffset);
  }

  /** Moves bytes inside one frame; the ranges may overlap. */
  slide(frame: number, toOffset: number, fromOffset: number, size: number): void {
    const base = this.#base(frame);
    const from = base + fromOffset;
    this.#chunk(frame).bytes.copyWithin(base + toOffset, from, from + size);
  }

  /** Copies a whole frame and its holder's word. */
  copyFrame(to: number, from: number): void {
    const content = this.#chunk(from).bounce(this.#base(from), PAGE_SIZE);
    this.#chunk(to).bytes.set(content, this.#base(to));
    this.setNext(to, this.next(from));
  }

  #chunk(frame: number): Chunk {
    return present(this.#chunks[frame >>> this.#shift]);
  }

  #base(frame: number): number {
    return (frame & this.#placeMask) << PAGE_SHIFT;
  }
}
