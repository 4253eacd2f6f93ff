/**
 * The swap cache of pages in memory: which page frame holds the contents of a slot. A fault looks
 * here before it reads anything, and a page that is on its way out stays findable. Each slot has
 * its own mapping: a large folio has one for each of its slots. Who may change what backs a slot is
 * a different question, answered by the lock in `swap/cache.ts`.
 *
 * A hash table with linear probing in two columns, at most three quarters full and at least one
 * eighth unless small; it grows and shrinks by building the other size at once.
 *
 * @see mm/swap_state.c swap_cache_get_folio, __swap_cache_add_folio, __swap_cache_del_folio
 */
import { assert, present } from '../../std/assert.ts';
import type { SwapSlot } from '../../swap/table.ts';

const LOG2_PLACES_MIN = 8;
/** Knuth's multiplicative hash: neighbouring slots get distant homes. */
const MULTIPLIER = 0x9e3779b1;

/** 2^`log2Places` places: slot plus one (0: nothing here), and the frame. */
class Columns {
  readonly keys: Uint32Array;
  readonly frames: Uint32Array;
  readonly mask: number;
  readonly #shift: number;
  readonly #buffer: ArrayBuffer;

  constructor(log2Places: number) {
    const places = 2 ** log2Places;
    this.#buffer = new ArrayBuffer(places * 8, { maxByteLength: places * 8 });
    this.keys = new Uint32Array(this.#buffer, 0, places);
    this.frames = new Uint32Array(this.#buffer, places * 4, places);
    this.mask = places - 1;
    this.#shift = 32 - log2Places;
  }

  home(key: number): number {
    return Math.imul(key, MULTIPLIER) >>> this.#shift;
  }

  /** Where the key is, or the empty place where it would go. */
  find(key: number): number {
    let place = this.home(key);
    for (;;) {
      const found = this.keys[place];
      if (found === key || found === 0) return place;
      place = (place + 1) & this.mask;
    }
  }

  /** A dropped buffer stays resident until a major collection; a shrunk one goes back at once. */
  drop(): void {
    this.#buffer.resize(0);
  }
}

export class CachedFolios {
  #log2Places = LOG2_PLACES_MIN;
  #columns = new Columns(LOG2_PLACES_MIN);
  #size = 0;

  /** Slots whose page is in memory (kernel `total_swapcache_pages`). */
  get size(): number {
    return this.#size;
  }

  get metadataBytes(): number {
    return 2 ** this.#log2Places * 8;
  }

  /** The frame that holds the slot's page; 0 if none does. */
  get(slot: SwapSlot): number {
    const columns = this.#columns;
    return present(columns.frames[columns.find(slot + 1)]);
  }

  /** Adds a slot that has no frame yet. */
  add(slot: SwapSlot, pfn: number): void {
    assert(pfn > 0);
    if ((this.#size + 1) * 4 > 2 ** this.#log2Places * 3) this.#rebuild(this.#log2Places + 1);
    const columns = this.#columns;
    const place = columns.find(slot + 1);
    assert(columns.keys[place] === 0, 'slot has a cached page already');
    columns.keys[place] = slot + 1;
    columns.frames[place] = pfn;
    this.#size += 1;
  }

  /** Removes a slot that has a frame. */
  delete(slot: SwapSlot): void {
    const columns = this.#columns;
    const place = columns.find(slot + 1);
    assert(columns.keys[place] !== 0, 'slot has no cached page');
    empty(columns, place);
    this.#size -= 1;
    if (this.#log2Places > LOG2_PLACES_MIN && this.#size * 8 < 2 ** this.#log2Places) {
      this.#rebuild(this.#log2Places - 1);
    }
  }

  #rebuild(log2Places: number): void {
    const from = this.#columns;
    const to = new Columns(log2Places);
    for (let i = 0; i <= from.mask; i += 1) {
      const key = present(from.keys[i]);
      if (key === 0) continue;
      const place = to.find(key);
      to.keys[place] = key;
      to.frames[place] = present(from.frames[i]);
    }
    from.drop();
    this.#columns = to;
    this.#log2Places = log2Places;
  }
}

/** Empties a place and moves later ones up, so that no search ends too early. */
function empty(columns: Columns, place: number): void {
  const { keys, frames, mask } = columns;
  let hole = place;
  for (let at = (hole + 1) & mask; keys[at] !== 0; at = (at + 1) & mask) {
    const home = columns.home(present(keys[at]));
    // The one at `at` may move to the hole unless its home lies after the hole.
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    keys[hole] = present(keys[at]);
    frames[hole] = present(frames[at]);
    hole = at;
  }
  keys[hole] = 0;
  frames[hole] = 0;
}
