/**
 * A zspage: one to sixteen page frames, not adjacent in general, that hold the objects of one size
 * class end to end as if they were. Object n begins at byte n * size, so it may straddle two
 * frames, never three.
 *
 * ```
 * header, two words at the front of a slot
 *   allocated: handle << 1 | 1, tag
 *   free:      number of the next free << 1, undefined
 * ```
 *
 * The kernel's header is as long, for a pointer's sake; a handle here is half of one. An object of
 * the huge class fills its frame; its header stands in the zspage's record.
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
  FIRST_FREE,
  HANDLE,
  IN_USE,
  recordOf,
  TAG,
  withByte,
  wordByte,
  ZspageTable,
} from './zspage-table.ts';

const OFFSET_MASK = PAGE_SIZE - 1;
const ALLOCATED = 1;
/** Byte of the header where the tag stands. */
const TAG_OFFSET = 4;
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
    return present(this.#classes.list[this.table.classIndex(zspage)]);
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
      if (last === 0) table.setNumber(zspage, FRAME, frame);
      else this.#memory.setNext(last, frame);
      last = frame;
    }
    if (!sizeClass.huge) this.#linkFreeObjects(zspage, sizeClass);
    return zspage;
  }

  /** Gives back the frames and the number of a zspage whose objects are all free. */
  destroy(zspage: number): void {
    const { table } = this;
    let frame = table.number(zspage, FRAME);
    while (frame !== 0) {
      const next = this.#memory.next(frame);
      this.#frames.free(frame);
      frame = next;
    }
    table.give(zspage);
  }

  /** Takes the first free object of a zspage that is not full, for `handle`. */
  takeObject(zspage: number, sizeClass: SizeClass, handle: number, tag: number): number {
    const block = this.table.block(zspage);
    const record = recordOf(zspage);
    if (sizeClass.huge) {
      block[record + HANDLE] = handle;
      block[record + TAG] = tag;
      return 0;
    }
    const free = present(block[record + FIRST_FREE]);
    const object = wordByte(free);
    assert(object < sizeClass.objectsPerZspage, 'the zspage is full');
    const position = object * sizeClass.size;
    const offset = position & OFFSET_MASK;
    const frame = this.#frameAt(zspage, position);
    const link = this.#memory.swapWord(frame, offset, (handle << 1) | ALLOCATED);
    assert((link & ALLOCATED) === 0, 'the object is in use');
    this.#memory.setWord(frame, offset + TAG_OFFSET, tag);
    const inUse = present(block[record + IN_USE]);
    block[record + FIRST_FREE] = withByte(free, link >>> 1);
    block[record + IN_USE] = withByte(inUse, wordByte(inUse) + 1);
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
    if (sizeClass.huge) {
      assert(block[record + HANDLE] === handle);
      block[record + HANDLE] = 0;
      return 0;
    }
    const position = object * sizeClass.size;
    const free = present(block[record + FIRST_FREE]);
    const frame = this.#frameAt(zspage, position);
    const header = this.#memory.swapWord(frame, position & OFFSET_MASK, wordByte(free) << 1);
    assert(header === ((handle << 1) | ALLOCATED));
    const inUse = present(block[record + IN_USE]);
    const left = wordByte(inUse);
    block[record + FIRST_FREE] = withByte(free, object);
    block[record + IN_USE] = withByte(inUse, left - 1);
    return left;
  }

  /** Objects in use in a zspage that has one. */
  inUse(zspage: number, sizeClass: SizeClass): number {
    return sizeClass.huge ? 1 : this.table.inUse(zspage);
  }

  /** The handle of an object of a class that is not huge; 0 if the object is free. */
  handleOf(zspage: number, sizeClass: SizeClass, object: number): number {
    const position = object * sizeClass.size;
    const header = this.#memory.word(this.#frameAt(zspage, position), position & OFFSET_MASK);
    return (header & ALLOCATED) === 0 ? 0 : header >>> 1;
  }

  /** The tag that an object was taken with. */
  tagOf(zspage: number, sizeClass: SizeClass, object: number): number {
    if (sizeClass.huge) return present(this.table.block(zspage)[recordOf(zspage) + TAG]);
    const position = object * sizeClass.size;
    const frame = this.#frameAt(zspage, position);
    return this.#memory.word(frame, (position & OFFSET_MASK) + TAG_OFFSET);
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
    let frame = this.table.number(zspage, FRAME);
    if (frame === from) {
      this.table.setNumber(zspage, FRAME, to);
      return;
    }
    let next = this.#memory.next(frame);
    while (next !== from) {
      frame = next;
      next = this.#memory.next(frame);
    }
    this.#memory.setNext(frame, to);
  }

  /** Chains the free objects in their order; the link of the last one leads past them. */
  #linkFreeObjects(zspage: number, sizeClass: SizeClass): void {
    const { size, objectsPerZspage } = sizeClass;
    let frame = this.table.number(zspage, FRAME);
    let offset = 0;
    for (let object = 1; object <= objectsPerZspage; object++) {
      this.#memory.setWord(frame, offset, object << 1);
      offset += size;
      if (offset < PAGE_SIZE) continue;
      offset -= PAGE_SIZE;
      frame = this.#memory.next(frame);
    }
  }

  /** The frame that holds byte `position` of the zspage. */
  #frameAt(zspage: number, position: number): number {
    return this.#memory.follow(this.table.number(zspage, FRAME), position >>> PAGE_SHIFT);
  }
}
