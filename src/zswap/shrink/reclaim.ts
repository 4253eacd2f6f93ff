/**
 * Reclaim on request: so many compressed bytes of a group and its descendants are written back,
 * coldest first, in batches. What others have written back meanwhile is not counted: two who ask
 * for a page each get two written.
 *
 * The next batch begins when the last has gone to the device. What is pending is known then, so
 * that no more is taken than was asked for, and the processor need not wait for the device.
 *
 * @see the kernel's `memory.reclaim` with `source=zswap` (proposed in 2026)
 */
import { assert, present } from '../../std/assert.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { Writeback } from '../writeback.ts';
import type { Zswap } from '../zswap.ts';
import { RECLAIM_RETRIES_MAX, SHRINK_SCAN, pendingBytes, type BatchOwner } from './shrink.ts';

/** `told`: it goes on when it is told of a batch of its own; `woken`: it will run. */
type Stage = 'idle' | 'round' | 'group' | 'told' | 'woken' | 'joined';

/** One reclaim under way; a record that can be used again. */
export class Reclaim implements BatchOwner {
  /** Compressed bytes freed by batches of its own. */
  freed = 0;
  /** Called from an empty stack when one that had to wait has ended. Set by its user. */
  onEnd: () => void = () => {};
  readonly #zswap: Zswap;
  #stage: Stage = 'idle';
  #memcg: Memcg | undefined;
  #bytes = 0;
  #failures = 0;
  /** Something was written since the last round that was judged, by whomever. */
  #progress = false;
  #groups: Iterator<Memcg> | undefined;
  #group: Memcg | undefined;
  /** A batch has begun, and takes entries. */
  #collecting = false;
  /** A batch has begun in this round over the groups. */
  #begun = false;
  /** The last batch of its own to end has written something: others may begin beside the next. */
  #thrives = false;
  /** Batches at the device, or back from it and not at their end. */
  readonly #inFlight: Writeback[] = [];

  constructor(zswap: Zswap) {
    this.#zswap = zswap;
  }

  /**
   * Begins to write back about so many compressed bytes. It ends with fewer when too many rounds
   * over the groups wrote nothing.
   *
   * @returns true: it has ended already; else `onEnd` is called
   */
  begin(memcg: Memcg, bytes: number): boolean {
    assert(this.#stage === 'idle');
    this.#memcg = memcg;
    this.#bytes = bytes;
    this.#failures = 0;
    this.#progress = false;
    this.#thrives = false;
    this.freed = 0;
    this.#stage = 'round';
    return this.#run();
  }

  resume(): void {
    if (this.#run()) this.onEnd();
  }

  batchSubmitted(batch: Writeback): void {
    // The rest of a batch that no free run took in one is submitted again.
    if (this.#inFlight.includes(batch)) return;
    this.#collecting = false;
    this.#inFlight.push(batch);
    if (this.#thrives && this.#wanted() > 0) this.#goOn();
  }

  batchEnded(batch: Writeback): void {
    const place = this.#inFlight.indexOf(batch);
    if (place === -1) this.#collecting = false;
    else this.#inFlight.splice(place, 1);
    this.freed += batch.writtenBytes;
    this.#thrives = batch.written > 0;
    if (this.#thrives) this.#progress = true;
    this.#goOn();
  }

  /** Runs again, if it waits for batches of its own and none of them takes entries still. */
  #goOn(): void {
    if (this.#stage !== 'told' || this.#collecting) return;
    this.#stage = 'woken';
    this.#zswap.rt.wake(this);
  }

  /** Runs as far as it goes; true: it has ended. */
  #run(): boolean {
    const { memcgs, shrinker } = this.#zswap;
    for (;;) {
      switch (this.#stage) {
        case 'round':
          if (this.#isOver()) return this.#end();
          this.#groups = memcgs.subtree(present(this.#memcg));
          this.#begun = false;
          this.#stage = 'group';
          break;
        case 'group':
          if (this.#nextGroup()) {
            if (this.#beginBatch()) return false;
            break;
          }
          this.#endRound();
          return false;
        case 'joined':
          if (shrinker.written(present(this.#group)) > 0) this.#progress = true;
          this.#stage = 'group';
          break;
        case 'woken':
          this.#stage = 'group';
          break;
        case 'told':
        case 'idle':
          assert(false, 'no reclaim runs');
      }
    }
  }

  /** Enough is freed or will be, too much has failed, or the group has gone. */
  #isOver(): boolean {
    if (this.#wanted() <= 0 || this.#failures >= RECLAIM_RETRIES_MAX) return true;
    return !present(this.#memcg).online;
  }

  /** Bytes that are neither freed nor on their way. */
  #wanted(): number {
    return this.#bytes - this.freed - pendingBytes(this.#inFlight);
  }

  /** Ends when all batches have; what was pending may have come to nothing by then. */
  #end(): boolean {
    const ended = this.#inFlight.length === 0;
    this.#stage = ended ? 'idle' : 'told';
    return ended;
  }

  /** Goes on to the next group of this round; false: it is over. */
  #nextGroup(): boolean {
    if (this.#wanted() <= 0) return false;
    if (this.#inFlight.length > 0 && !this.#thrives) return false;
    const next = present(this.#groups).next();
    this.#group = next.done === true ? undefined : next.value;
    return this.#group !== undefined;
  }

  /** Has a batch of the group written; true: there is something to wait for. */
  #beginBatch(): boolean {
    const group = present(this.#group);
    const mean = Math.max(1, group.zswapCurrent / Math.max(1, group.zswappedPages));
    const pages = Math.ceil(this.#wanted() / mean);
    // Before it begins: it may have gone to the device, or ended, by the time this is known.
    this.#collecting = true;
    const started = this.#zswap.shrinker.batch(group, this, SHRINK_SCAN, pages);
    if (started === 'begun') {
      this.#begun = true;
      if (this.#collecting) this.#stage = 'told';
      return this.#collecting;
    }
    this.#collecting = false;
    if (started === 'joined') this.#stage = 'joined';
    return started === 'joined';
  }

  /** Judges the round once all its batches have ended, and sees to it that the next comes. */
  #endRound(): void {
    const waits = this.#inFlight.length > 0;
    if (waits && !this.#begun) {
      this.#stage = 'told';
      return;
    }
    if (this.#progress) this.#progress = false;
    else if (!waits) this.#failures += 1;
    this.#stage = 'round';
    this.#zswap.rt.yieldTask(this);
  }
}
