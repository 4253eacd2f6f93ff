/**
 * A cursor that goes round the groups, in the order of the tree, so that background work takes its
 * turn with each. A group that goes away under it is stepped over.
 *
 * @see mm/zswap.c zswap_next_shrink
 */
import type { Memcg, MemcgTree } from './memcg.ts';

export class MemcgCursor {
  readonly #tree: MemcgTree;
  #last: Memcg | undefined;

  constructor(tree: MemcgTree) {
    this.#tree = tree;
  }

  /** The next group that is online; undefined at the end of each round. */
  next(): Memcg | undefined {
    this.#last = this.#tree.after(this.#last);
    return this.#last;
  }

  /** Called before a group goes offline: the cursor must not stay on it. */
  leave(group: Memcg): void {
    if (this.#last === group) this.#last = this.#tree.before(group);
  }
}
