/**
 * The word of a page frame: who holds it and what comes after it, all that the arena keeps of a
 * frame. Frames that are held together are chained, and only the last one of a chain says under
 * which index they are held: who asks is compaction alone, and chains are short.
 *
 * ```
 * 31..25 owner | 24 last | 23..0
 *   0            0         place of the next free frame of the chunk: the frame is free
 *   1..127       0         the next frame of the chain
 *   1..127       1         the index that the owner holds the chain under
 * ```
 *
 * The kernel has the same in `struct page` of a zspage's pages: the next page, and the zspage.
 */

/** Owner numbers are 1 .. this. */
export const OWNERS_MAX = 127;
/** Frames, and the indices that they are held under, are below this: 64 GiB of frames. */
export const FRAME_END: number = 1 << 24;

const NUMBER_MASK = FRAME_END - 1;
const LAST = FRAME_END;
const OWNER_SHIFT = 25;

/** The word of a frame that is a chain of its own, or the last of one. */
export function lastFrameWord(owner: number, index: number): number {
  return (owner << OWNER_SHIFT) | LAST | index;
}

/** The word of a frame of the same owner that another one follows. */
export function withNextFrame(word: number, frame: number): number {
  return (word & ~(LAST | NUMBER_MASK)) | frame;
}

/** 0: the frame is free. */
export function frameOwner(word: number): number {
  return word >>> OWNER_SHIFT;
}

/** The next frame of the chain, 0 after the last. */
export function nextFrame(word: number): number {
  return (word & LAST) === 0 ? word & NUMBER_MASK : 0;
}

/** What the word of the last frame of a chain says. */
export function heldUnder(word: number): number {
  return word & NUMBER_MASK;
}
