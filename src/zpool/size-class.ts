/**
 * The size classes of zsmalloc: how large the slots are, how many pages a zspage of each class
 * chains together, and which class a payload goes to. Fixed by the page size, the header size and
 * the chain limit alone.
 *
 * Kernel: mm/zsmalloc.c calculate_zspage_chain_size, can_merge, zs_create_pool,
 * get_size_class_index.
 */
import { assert, present } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

/** Bytes before each object that hold its handle, or the next free object's number. */
export const OBJECT_HEADER_BYTES = 8;
const SIZE_MIN = 32;
const SIZE_STEP = 16;
const NOMINAL_CLASS_COUNT = 255;
/** Pages in a zspage at most, by default (kernel `CONFIG_ZSMALLOC_CHAIN_SIZE`). */
const CHAIN_LIMIT_DEFAULT = 8;
const CHAIN_LIMIT_MIN = 4;
const CHAIN_LIMIT_MAX = 16;
/** An object's number in its zspage fits eight bits, which the handle's location relies on. */
const OBJECTS_PER_ZSPAGE_MAX = 256;

assert(SIZE_MIN + SIZE_STEP * (NOMINAL_CLASS_COUNT - 1) === PAGE_SIZE);

export interface SizeClass {
  /** Its place among the distinct classes, smallest first. */
  readonly index: number;
  /** Bytes of a slot, the header included. */
  readonly size: number;
  readonly pagesPerZspage: number;
  readonly objectsPerZspage: number;
  /** One object in one page, without a header: the handle is kept outside the page. */
  readonly huge: boolean;
  /** Largest payload. */
  readonly payloadMax: number;
}

/** The distinct classes for one chain limit. */
export class SizeClasses {
  /** By ascending size. */
  readonly list: readonly SizeClass[];
  /** Per nominal class, the distinct class it was merged into. */
  readonly #byNominal: readonly SizeClass[];

  /**
   * @param chainLimit - pages a zspage may chain, 4..16
   * @throws RangeError if the limit is outside.
   */
  constructor(chainLimit: number = CHAIN_LIMIT_DEFAULT) {
    if (
      !Number.isInteger(chainLimit) ||
      chainLimit < CHAIN_LIMIT_MIN ||
      chainLimit > CHAIN_LIMIT_MAX
    ) {
      throw new RangeError(`zspage chain limit ${chainLimit} is not in 4..16`);
    }
    const shapes = distinctShapes(chainLimit);
    // Written out, not spread: objects that a spread makes do not share a shape, and then every
    // access to a class on the way of a page is a search.
    this.list = shapes.map(
      ({ size, pagesPerZspage, objectsPerZspage, huge, payloadMax }, index) => ({
        index,
        size,
        pagesPerZspage,
        objectsPerZspage,
        huge,
        payloadMax,
      }),
    );
    let at = 0;
    this.#byNominal = Array.from({ length: NOMINAL_CLASS_COUNT }, (_, nominal) => {
      while (present(this.list[at]).size < nominalSize(nominal)) at++;
      return present(this.list[at]);
    });
  }

  /** The class for a payload of 1..4096 bytes. */
  of(payloadBytes: number): SizeClass {
    const wanted = payloadBytes + OBJECT_HEADER_BYTES - SIZE_MIN + SIZE_STEP - 1;
    const nominal = wanted < SIZE_STEP ? 0 : (wanted / SIZE_STEP) | 0;
    return present(this.#byNominal[Math.min(nominal, NOMINAL_CLASS_COUNT - 1)]);
  }

  /** The smallest payload that takes a whole page (kernel `zs_huge_class_size`). */
  get hugeClassSize(): number {
    return present(this.list.at(-2)).payloadMax + 1;
  }
}

/** Pages to chain for slots of `size` bytes: the least waste at the end, then the fewest pages. */
export function zspageChainPages(size: number, chainLimit: number): number {
  if ((size & (size - 1)) === 0) return 1;
  let best = 1;
  let wasteMin = Infinity;
  for (let pages = 1; pages <= chainLimit; pages++) {
    const waste = (pages * PAGE_SIZE) % size;
    if (waste < wasteMin) {
      wasteMin = waste;
      best = pages;
    }
  }
  return best;
}

function nominalSize(nominal: number): number {
  return SIZE_MIN + SIZE_STEP * nominal;
}

/** From the largest nominal class down, those that differ in shape from the one above them. */
function distinctShapes(chainLimit: number): Omit<SizeClass, 'index'>[] {
  const shapes: Omit<SizeClass, 'index'>[] = [];
  for (let nominal = NOMINAL_CLASS_COUNT - 1; nominal >= 0; nominal--) {
    const size = nominalSize(nominal);
    const pagesPerZspage = zspageChainPages(size, chainLimit);
    const objectsPerZspage = Math.floor((pagesPerZspage * PAGE_SIZE) / size);
    assert(objectsPerZspage <= OBJECTS_PER_ZSPAGE_MAX);
    const above = shapes.at(-1);
    if (
      above !== undefined &&
      above.pagesPerZspage === pagesPerZspage &&
      above.objectsPerZspage === objectsPerZspage
    ) {
      continue;
    }
    const huge = pagesPerZspage === 1 && objectsPerZspage === 1;
    const payloadMax = huge ? PAGE_SIZE : size - OBJECT_HEADER_BYTES;
    shapes.push({ size, pagesPerZspage, objectsPerZspage, huge, payloadMax });
  }
  return shapes.toReversed();
}
