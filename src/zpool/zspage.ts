/**
 * A zspage: one to sixteen page frames, not adjacent in general, that hold the objects of one size
 * class end to end as if they were. Object n begins at byte n * size, so it may straddle two
 * frames, never three.
 *
 * ```
 * word at the front of a slot
 *   allocated: handle << 1 | 1
 *   free:      number of the next free << 1
 * ```
 *
 * An object of the huge class fills its frame; its handle stands in the frame's `next` word, which
 * a chain of one frame does not need.
 *
 * Kernel: mm/zsmalloc.c alloc_zspage, init_zspage, obj_malloc, obj_free, zs_obj_read_begin,
 * zs_obj_write.
 */
import { assert, present } from '../std/assert.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../std/units.ts';
import { type Arena, type FrameOwner, PoolFrames } from './arena.ts';
import type { FrameMemory } from './frame-memory.ts';
import { OBJECT_HEADER_BYTES, type SizeClass, type SizeClasses } from './size-class.ts';
import {
  FRAME,
  NO_OBJECT,
  recordOf,
  STATE,
  stateClass,
  stateFirstFree,
  stateInUse,
  stateWithObjects,
  ZspageTable,
} from './zspage-table.ts';

const OFFSET_MASK = PAGE_SIZE - 1;
const ALLOCATED = 1;
const OBJECT_BITS = 8;

/** What a handle's cell holds: zspage number and object number. */
export function objectLocation(zspage: number, object: number): number {
  return ((zspage << OBJECT_BITS) | object) >>> 0;
}

export function locationZspage(location: number): number {
  return location >>> OBJECT_BITS;
}

export function locationObject(location: number): number {
  return location & ((1 << OBJECT_BITS) - 1);
}

export class Zspages implements FrameOwner {
  readonly table: ZspageTable = new ZspageTable();
  readonly #frames: PoolFrames;
  readonly #memory: FrameMemory;
  readonly #classes: SizeClasses;

  constructor(arena: Arena, classes: SizeClasses) {
    this.#frames = new PoolFrames(arena, this);
    this.#memory = arena.memory;
    this.#classes = classes;
  }

  /** Frames held by all zspages. */
  get pages(): number {
    return this.#frames.count;
  }

  classOf(zspage: number): SizeClass {
    return present(this.#classes.list[stateClass(this.table.word(zspage, STATE))]);
  }

  /** A zspage of a class with all slots free; 0 if there is no memory. */
  create(sizeClass: SizeClass): number {
    const { table } = this;
    const zspage = table.take(sizeClass.index);
    if (zspage === 0) return 0;
    let last = 0;
    for (let page = 0; page < sizeClass.pagesPerZspage; page++) {
      const frame = this.#frames.alloc(zspage);
      if (frame === 0) {
        this.destroy(zspage);
        return 0;
      }
      if (last === 0) table.setWord(zspage, FRAME, frame);
      else this.#memory.setNext(last, frame);
      last = frame;
    }
    if (!sizeClass.huge) this.#linkFreeObjects(zspage, sizeClass);
    return zspage;
  }

  /** Gives back the frames and the number of a zspage whose objects are all free. */
  destroy(zspage: number): void {
    const { table } = this;
    assert(table.inUse(zspage) === 0);
    let frame = table.word(zspage, FRAME);
    while (frame !== 0) {
      const next = this.#memory.next(frame);
      this.#frames.free(frame);
      frame = next;
    }
    table.give(zspage);
  }

  /** Takes the first free object of a zspage that is not full, for `handle`. */
  takeObject(zspage: number, sizeClass: SizeClass, handle: number): number {
    const block = this.table.block(zspage);
    const record = recordOf(zspage);
    const state = present(block[record + STATE]);
    const firstFrame = present(block[record + FRAME]);
    if (sizeClass.huge) {
      block[record + STATE] = stateWithObjects(state, 1, NO_OBJECT);
      this.#memory.setNext(firstFrame, handle);
      return 0;
    }
    const object = stateFirstFree(state);
    assert(object !== NO_OBJECT);
    const position = object * sizeClass.size;
    const frame = this.#memory.follow(firstFrame, position >>> PAGE_SHIFT);
    const link = this.#memory.swapWord(frame, position & OFFSET_MASK, (handle << 1) | ALLOCATED);
    assert((link & ALLOCATED) === 0);
    block[record + STATE] = stateWithObjects(state, stateInUse(state) + 1, link >>> 1);
    return object;
  }

  /**
   * Frees the object of `handle`.
   *
   * @returns objects still in use.
   */
  putObject(zspage: number, sizeClass: SizeClass, object: number, handle: number): number {
    const block = this.table.block(zspage);
    const record = recordOf(zspage);
    const state = present(block[record + STATE]);
    const firstFrame = present(block[record + FRAME]);
    if (sizeClass.huge) {
      assert(this.#memory.next(firstFrame) === handle);
      this.#memory.setNext(firstFrame, 0);
      block[record + STATE] = stateWithObjects(state, 0, NO_OBJECT);
      return 0;
    }
    const position = object * sizeClass.size;
    const frame = this.#memory.follow(firstFrame, position >>> PAGE_SHIFT);
    const link = stateFirstFree(state) << 1;
    const header = this.#memory.swapWord(frame, position & OFFSET_MASK, link);
    assert(header === ((handle << 1) | ALLOCATED));
    const inUse = stateInUse(state) - 1;
    block[record + STATE] = stateWithObjects(state, inUse, object);
    return inUse;
  }

  /** The handle of an object of a class that is not huge; 0 if the object is free. */
  handleOf(zspage: number, sizeClass: SizeClass, object: number): number {
    const position = object * sizeClass.size;
    const header = this.#memory.word(this.#frameAt(zspage, position), position & OFFSET_MASK);
    return (header & ALLOCATED) === 0 ? 0 : header >>> 1;
  }

  /** Copies all of `source` to the front of the object. */
  write(zspage: number, object: number, source: Uint8Array): void {
    const sizeClass = this.classOf(zspage);
    assert(source.length <= sizeClass.payloadMax);
    const position = sizeClass.huge ? 0 : object * sizeClass.size + OBJECT_HEADER_BYTES;
    // A part in a second frame may be rounded up: slots and payloads begin at multiples of 8.
    this.#memory.write(this.#frameAt(zspage, position), position & OFFSET_MASK, source);
  }

  /**
   * Copies the object's first `size` bytes to `target[targetOffset..]`, rounded up as `Zpool.read`.
   */
  read(
    zspage: number,
    object: number,
    size: number,
    target: Uint8Array,
    targetOffset: number,
  ): void {
    const sizeClass = this.classOf(zspage);
    assert(size <= sizeClass.payloadMax);
    const position = sizeClass.huge ? 0 : object * sizeClass.size + OBJECT_HEADER_BYTES;
    const frame = this.#frameAt(zspage, position);
    this.#memory.read(frame, position & OFFSET_MASK, size, target, targetOffset);
  }

  /** Copies an object's payload, as large as the class allows, into an object of the same class. */
  copyObject(
    sizeClass: SizeClass,
    to: number,
    toObject: number,
    from: number,
    fromObject: number,
  ): void {
    const { scratch } = this.#memory;
    this.read(from, fromObject, sizeClass.payloadMax, scratch.bytes, 0);
    this.write(to, toObject, scratch.of(sizeClass.payloadMax));
  }

  /** Puts another frame in a frame's place in the chain. The arena has copied content and link. */
  frameMoved(zspage: number, from: number, to: number): void {
    let frame = this.table.word(zspage, FRAME);
    if (frame === from) {
      this.table.setWord(zspage, FRAME, to);
      return;
    }
    let next = this.#memory.next(frame);
    while (next !== from) {
      frame = next;
      next = this.#memory.next(frame);
    }
    this.#memory.setNext(frame, to);
  }

  #linkFreeObjects(zspage: number, sizeClass: SizeClass): void {
    const { size, objectsPerZspage } = sizeClass;
    let frame = this.table.word(zspage, FRAME);
    let offset = 0;
    for (let object = 1; object <= objectsPerZspage; object++) {
      const next = object === objectsPerZspage ? NO_OBJECT : object;
      this.#memory.setWord(frame, offset, next << 1);
      offset += size;
      if (offset < PAGE_SIZE) continue;
      offset -= PAGE_SIZE;
      frame = this.#memory.next(frame);
    }
    const state = this.table.word(zspage, STATE);
    this.table.setWord(zspage, STATE, stateWithObjects(state, 0, 0));
  }

  /** The frame that holds byte `position` of the zspage. */
  #frameAt(zspage: number, position: number): number {
    return this.#memory.follow(this.table.word(zspage, FRAME), position >>> PAGE_SHIFT);
  }
}
