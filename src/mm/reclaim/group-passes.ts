/**
 * The order in which one run of reclaim comes to groups: in passes over the target and its
 * descendants, each pass of a sharper priority than the one before, which looks at more of every
 * group. Groups come and go between two passes, so each lists them anew.
 *
 * Between two runs it refers to no group.
 *
 * @see mm/vmscan.c shrink_node_memcgs, do_try_to_free_pages
 */
import { assert, present } from '../../std/assert.ts';
import type { Memcg, MemcgTree } from '../../memcg/memcg.ts';
import { DEF_PRIORITY } from '../../memcg/shrinker.ts';

export class GroupPasses {
  /** Of the current pass: a group's 2^priority-th part is looked at in it. */
  priority: number = DEF_PRIORITY;
  readonly #memcgs: MemcgTree;
  #target: Memcg | undefined;
  /** Groups of this pass and how many they are, in the order of the tree. */
  readonly #groups: Memcg[] = [];
  #count = 0;
  /** Number in the pass of the current group. */
  #at = 0;
  /** Runs begun: another group is first in each. */
  #runs = 0;
  readonly #givenUp = new Set<Memcg>();

  constructor(memcgs: MemcgTree) {
    this.#memcgs = memcgs;
  }

  /** Begins a run; {@link next} goes to the first group. */
  begin(target: Memcg): void {
    assert(this.#target === undefined);
    this.#target = target;
    this.priority = DEF_PRIORITY;
    this.#count = 0;
    this.#at = 0;
    this.#runs += 1;
  }

  /** Ends a run. */
  end(): void {
    this.#target = undefined;
    // The list stays as long as it is, so that using it again makes no garbage.
    this.#groups.fill(this.#memcgs.root);
    this.#givenUp.clear();
  }

  /** Who is first gives more than its share, as a run ends when it has enough: they take turns. */
  get current(): Memcg {
    return present(this.#groups[(this.#runs + this.#at) % this.#count]);
  }

  /** Goes to the next group, of the next pass after the last; false: all passes are over. */
  next(): boolean {
    do {
      this.#at += 1;
      if (this.#at >= this.#count && !this.#nextPass()) return false;
    } while (this.#givenUp.has(this.current));
    return true;
  }

  #nextPass(): boolean {
    const isFirst = this.#count === 0;
    if (!isFirst && this.priority === 0) return false;
    if (!isFirst) this.priority -= 1;
    this.#count = this.#memcgs.collect(present(this.#target), this.#groups, 0);
    this.#at = 0;
    return this.#count > 0;
  }

  /** Leaves the current group out of what is left of the run. */
  giveUpCurrent(): void {
    this.#givenUp.add(this.current);
  }
}
