/**
 * What actors do with regions of an address space: each access is checked against the model of the
 * region's pages. The space is made with the first region, in an area of its own.
 */
import { ENOMEM, OK } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import { Access, type AccessOp, type AccessResult } from '../../mm/access.ts';
import { copyRegion } from '../../mm/copy.ts';
import { Discard } from '../../mm/discard.ts';
import { unpinFolio } from '../../mm/folio-life.ts';
import type { Mm } from '../../mm/mm.ts';
import { pteIsPresent, pteIsSwap, pteSlot } from '../../mm/page-table.ts';
import { Pageout } from '../../mm/pageout.ts';
import type { Region } from '../../mm/region.ts';
import type { Pfn } from '../../page/frames.ts';
import type { Task } from '../../rt/rt.ts';
import { Writeback } from '../../zswap/writeback.ts';
import { PageModel, newVersion, type Version } from '../checkers/page-model.ts';
import { EVERYTHING } from '../engine/scheduler.ts';
import type { Action, Actor } from './actor.ts';
import type { Stage } from './stage.ts';
import { pageOf, versionOf } from './versions.ts';

/** Every read returns the last completed write, or one that overlaps it in time, whole. */
const MODEL_RULE = 'readsSeeTheLastCompletedWrite';
/** Only what may fail fails. */
const FAILURE_RULE = 'onlyWhatMayFailFails';

export class MemoryActions {
  readonly region: Region;
  readonly memcg: Memcg;
  /** Accesses that found no memory, or no way to read a page. */
  failed = 0;
  readonly #stage: Stage;
  readonly #mm: Mm;
  #model: PageModel;
  #pin = 0 as Pfn;

  constructor(stage: Stage, mm: Mm, region: Region, model?: PageModel) {
    this.#stage = stage;
    this.#mm = mm;
    this.region = region;
    this.memcg = region.memcg;
    this.#model = model ?? new PageModel(region.pageCount);
  }

  /** Writes a version to a page. Version 0 is a zero-filled page. */
  write(page: number, id: number): Action {
    return this.#access(`write ${page} = ${id}`, 'write', page, id);
  }

  read(page: number): Action {
    return this.#access(`read ${page}`, 'read', page);
  }

  /** Reads a page, or does not, if that would have to wait. */
  tryRead(page: number): Action {
    return this.#access(`try to read ${page}`, 'read', page, undefined, true);
  }

  /** Pins a page and reads it where it is, until {@link unpin}. */
  pin(page: number): Action {
    return this.#access(`pin ${page}`, 'pin', page);
  }

  unpin(): Action {
    return this.#stage.act('unpin', () => {
      if (this.#pin !== 0) unpinFolio(this.#mm, this.#mm.folios.head(this.#pin));
      this.#pin = 0 as Pfn;
    });
  }

  discard(page: number, count = 1): Action {
    const discard = new Discard(this.#mm);
    return this.#run(`discard ${page}`, discard, (done) => {
      const { rt } = this.#stage;
      const versions = Array.from({ length: count }, () => newVersion(0, rt.steps));
      for (const [i, version] of versions.entries()) this.#model.add(page + i, version);
      const end = (): void => {
        for (const version of versions) version.ended = rt.steps + 0.5;
      };
      discard.onEnd = () => {
        end();
        done();
      };
      const ended = discard.begin(this.region, page, page + count);
      if (ended) end();
      return ended;
    });
  }

  pageout(page = 0, count: number = this.region.pageCount - page): Action {
    const pageout = new Pageout(this.#mm);
    return this.#run(`page out ${page}`, pageout, (done) => {
      const note = (): void => {
        this.#stage.rt.mark(pageout.freedPages > 0 ? 'paged out' : 'nothing paged out');
      };
      pageout.onEnd = () => {
        note();
        done();
      };
      const ended = pageout.begin(this.region, page, page + count);
      if (ended) note();
      return ended;
    });
  }

  /** Copies the region; the copy has its own pages from here on. */
  copy(name: string, into: (copy: MemoryActions) => void, orderMax?: number): Action {
    return this.#stage.act(`copy to ${name}`, () => {
      this.#stage.rt.touch(EVERYTHING);
      const region = copyRegion(this.#mm, this.region, name, this.memcg, orderMax);
      const copy = new MemoryActions(this.#stage, this.#mm, region, this.#model.clone());
      this.#stage.addMemory(copy);
      into(copy);
    });
  }

  /** Takes the second chance of all entries of the group away. */
  chill(): Action {
    const { zswap } = this.#stage.world;
    return this.#stage.act('chill', () => {
      let index = zswap.lru.oldest(this.memcg.id);
      for (; index !== 0; index = zswap.entries.next(index)) {
        zswap.entries.setReferenced(index, false);
      }
    });
  }

  /** One batch of writeback of the group's entries. */
  writeback(pages = 1): Action {
    const { rt, zswap } = this.#stage.world;
    const batch = new Writeback(zswap);
    const note = (): void => rt.mark(batch.written > 0 ? 'written back' : 'nothing written back');
    return this.#run(`write back ${pages}`, batch, (done) => {
      batch.onEnd = () => {
        note();
        done();
      };
      const ended = batch.begin(this.memcg, 64, pages);
      if (ended) note();
      return ended;
    });
  }

  /** Writes one page back that is in the pool, however warm it is. */
  toDevice(page: number): readonly Action[] {
    const { zswap } = this.#stage.world;
    const { lru, entries } = zswap;
    const first = this.#stage.act(`page ${page} first`, () => {
      const { id } = this.memcg;
      const pte = this.region.table.get(page);
      const slot = pteIsSwap(pte) ? pteSlot(pte) : -1;
      for (let left = lru.lengthOf(id); left > 0; left -= 1) {
        const index = lru.oldest(id);
        entries.setReferenced(index, false);
        if (zswap.slotOf(index) === slot) break;
        lru.rotate(id, index);
      }
    });
    return [first, this.writeback()];
  }

  /** Ends the region: everything is read once more, then nothing of it is left. */
  *end(): Generator<Action> {
    yield this.unpin();
    for (let page = 0; page < this.region.pageCount; page += 1) yield this.read(page);
    yield this.discard(0, this.region.pageCount);
    yield this.#stage.act('unmap', () => {
      this.region.mapped = false;
      this.#mm.forget(this.region);
    });
  }

  /** Where every page is. */
  digest(): string {
    const { swap, swapCache } = this.#mm;
    let text = '';
    for (let page = 0; page < this.region.pageCount; page += 1) {
      const pte = this.region.table.get(page);
      if (pteIsPresent(pte)) text += 'present ';
      else if (pteIsSwap(pte)) {
        const slot = pteSlot(pte);
        text += `${swap.table.kind(slot)}${swapCache.get(slot) === 0 ? '' : ' cached'}`;
        text += swap.cache.isBusy(slot) ? ' busy ' : ' ';
      } else text += 'none ';
    }
    return text;
  }

  #access(label: string, op: AccessOp, page: number, id?: number, nowait = false): Action {
    const access = new Access(this.#mm);
    return this.#run(label, access, (done) => {
      const { rt } = this.#stage;
      const started = rt.steps;
      const version = id === undefined ? undefined : newVersion(id, started);
      if (version !== undefined) this.#model.add(page, version);
      const bytes = version === undefined ? new Uint8Array(PAGE_SIZE) : pageOf(version.id);
      const end = (result: AccessResult): void => {
        this.#ended(access, result, page, version, bytes, started);
      };
      access.onEnd = (_, result) => {
        end(result);
        done();
      };
      const result = access.begin(op, this.region, page * PAGE_SIZE, PAGE_SIZE, bytes, { nowait });
      if (result !== 'waiting') end(result);
      return result !== 'waiting';
    });
  }

  #ended(
    access: Access,
    result: AccessResult,
    page: number,
    version: Version | undefined,
    bytes: Uint8Array,
    started: number,
  ): void {
    const { rt } = this.#stage;
    const ended = rt.steps + 0.5;
    if (version !== undefined) version.ended = ended;
    if (result !== 'done') {
      if (version !== undefined) version.possible = version.certain = false;
      if (result === 'failed') this.#noteFailure(access, page);
      else rt.mark('would have waited');
      return;
    }
    if (access.pfn !== 0) this.#pin = access.pfn;
    if (version !== undefined) return;
    const content = access.pfn === 0 ? bytes : this.#mm.frames.view(access.pfn);
    const found = versionOf(content);
    const wrong =
      found === undefined
        ? `page ${page} is no version, whole`
        : this.#model.violation(page, found, started, ended);
    if (wrong !== undefined) this.#stage.report(MODEL_RULE, `${this.region.name}: ${wrong}`);
  }

  #noteFailure(access: Access, page: number): void {
    this.failed += 1;
    this.#stage.rt.mark(access.error === ENOMEM ? 'no memory' : 'cannot be read');
    const mayFail = access.error === ENOMEM ? this.#stage.mayLackMemory : this.#stage.readsMayFail;
    if (access.error === OK || mayFail) return;
    this.#stage.report(FAILURE_RULE, `page ${page}: error ${access.error}`);
  }

  /** Something that a record of the engine does, which calls `done` unless it ends at once. */
  #run(label: string, task: Task, begin: (done: () => void) => boolean): Action {
    return {
      label,
      begin: (actor: Actor) => {
        const { rt } = this.#stage;
        // What stops at a slot has touched frames and lists before.
        rt.touch(EVERYTHING);
        rt.nameTask(task, actor.name);
        return begin(() => actor.done());
      },
    };
  }
}
