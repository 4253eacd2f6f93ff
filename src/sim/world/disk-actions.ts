/**
 * What actors do with one disk: requests of its client, each checked against the model of its
 * pages, and writeback of its group.
 */
import { ENOSPC, ESHUTDOWN, OK } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { removeDisk } from '../../blk/disk-lifetime.ts';
import type { BlkOp } from '../../blk/request.ts';
import type { SwapDisk } from '../../blk/swap-disk.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { Writeback } from '../../zswap/writeback.ts';
import { PageModel, newVersion, type Version } from '../checkers/page-model.ts';
import type { Action, Actor } from './actor.ts';
import { ClientRequest } from './client.ts';
import { ExclusiveLoad } from './exclusive-load.ts';
import type { Stage } from './stage.ts';
import { pageOf, versionOf } from './versions.ts';
import { slotName } from './watch.ts';

/** Every read returns the last completed write, or one that overlaps it in time, whole. */
const MODEL_RULE = 'readsSeeTheLastCompletedWrite';
/** Only what may fail fails. */
const REFUSAL_RULE = 'onlyWritesAreRefused';
const HALF_PAGE = PAGE_SIZE / 2;

export class DiskActions {
  readonly disk: SwapDisk;
  readonly memcg: Memcg;
  readonly pages: number;
  /** Requests that were refused. */
  refused = 0;
  #removed = false;
  readonly #stage: Stage;
  readonly #model: PageModel;
  readonly #halves = new Map<number, Version>();

  constructor(stage: Stage, name: string, pages: number, parent?: Memcg) {
    const { disk, memcg } = stage.world.export(name, pages, parent);
    this.disk = disk;
    this.memcg = memcg;
    this.pages = pages;
    this.#stage = stage;
    this.#model = new PageModel(pages);
  }

  slot(page: number): SwapSlot {
    return this.disk.area.slot(page);
  }

  /** Writes versions to consecutive pages. Version 0 is a zero-filled page. */
  write(page: number, ...ids: readonly number[]): Action {
    return {
      label: `write ${page} = ${ids.join()}`,
      begin: (actor) => {
        const data = new Uint8Array(ids.length * PAGE_SIZE);
        for (const [i, id] of ids.entries()) data.set(pageOf(id), i * PAGE_SIZE);
        return this.#request(actor, 'write', page, ids, data);
      },
    };
  }

  read(page: number, count = 1): Action {
    const ids = Array.from({ length: count }, () => 0);
    return {
      label: `read ${page}`,
      begin: (actor) => this.#request(actor, 'read', page, ids),
    };
  }

  trim(page: number, count = 1): Action {
    const ids = Array.from({ length: count }, () => 0);
    return {
      label: `trim ${page}`,
      begin: (actor) => this.#request(actor, 'trim', page, ids),
    };
  }

  /**
   * Writes one half of a version's page. The version is whole, and counts as written, once both
   * halves have been; a scenario reads it only then.
   */
  writeHalf(page: number, half: 0 | 1, id: number): Action {
    return {
      label: `write half ${half} of ${page} = ${id}`,
      begin: (actor) => {
        const { rt } = this.#stage;
        const bytes = pageOf(id).subarray(half * HALF_PAGE, (half + 1) * HALF_PAGE);
        const version = this.#halves.get(id) ?? newVersion(id, rt.steps);
        if (!this.#halves.has(id)) this.#model.add(page, version);
        this.#halves.set(id, version);
        this.#touch(page, 1);
        const offset = page * PAGE_SIZE + half * HALF_PAGE;
        const place = this.#stage.placeOf(actor, HALF_PAGE);
        const request = new ClientRequest(this.disk, 'write', offset, HALF_PAGE, bytes, place);
        this.#start(actor, request, () => {
          this.#touch(page, 1);
          version.ended = rt.steps + 0.5;
          if (request.error !== OK) this.#stage.report(REFUSAL_RULE, `half ${half} was refused`);
        });
        return false;
      },
    };
  }

  /** Takes a page over for good: its entry goes with the load, and the slot is free. */
  takeOver(page: number): Action {
    const load = new ExclusiveLoad(this.#stage.world.zswap, this.slot(page));
    return {
      label: `take over ${page}`,
      begin: (actor) => {
        const { rt } = this.#stage;
        const started = rt.steps;
        const version = newVersion(0, started);
        this.#model.add(page, version);
        this.#touch(page, 1);
        rt.nameTask(load, actor.name);
        load.start(() => {
          this.#touch(page, 1);
          version.ended = rt.steps + 0.5;
          if (load.result === 'loaded') this.#verify(load.page, page, started, version.ended);
          else version.possible = version.certain = false;
          rt.mark(`taken over: ${load.result}`);
          actor.done();
        });
        return false;
      },
    };
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

  /** One batch of writeback of the group's entries, or of another group's. */
  writeback(pages = 1, scan = 64, memcg: Memcg = this.memcg): Action {
    const { rt, zswap } = this.#stage.world;
    const batch = new Writeback(zswap);
    return {
      label: `write back ${pages}`,
      begin: (actor) => {
        rt.nameTask(batch, actor.name);
        batch.onEnd = () => {
          this.#noteBatch(batch);
          actor.done();
        };
        const ended = batch.begin(memcg, scan, pages);
        if (ended) this.#noteBatch(batch);
        return ended;
      },
    };
  }

  /** Removes the disk's area, all of whose pages have been trimmed. */
  swapoff(): Action {
    return this.#stage.act('swapoff', () => {
      this.#stage.world.swap.swapoff(this.disk.area);
      this.#stage.forget(this);
    });
  }

  /**
   * Removes the disk as a daemon removes an export: requests are refused from now on; when those
   * under way have ended, its slots are freed, and its area and its group go.
   */
  remove(): Action {
    const { world } = this.#stage;
    return {
      label: `remove ${this.disk.name}`,
      begin: (actor) => {
        // Requests that begin commute with anything that leaves their slots alone, but not with it.
        this.#touch(0, this.pages);
        this.#removed = true;
        if (!this.memcg.online) {
          // Its group has gone before it, which no daemon does but a kernel may.
          this.disk.retire(() => {
            world.swap.swapoff(this.disk.area);
            this.#gone(actor);
          });
        } else removeDisk(world.zswap, this.disk, () => this.#gone(actor));
        return false;
      },
    };
  }

  #gone(actor: Actor): void {
    this.#stage.forget(this);
    actor.done();
  }

  /** What every page is backed by, and which slots are busy. */
  digest(): string {
    const { table, cache } = this.#stage.world.swap;
    let text = '';
    for (let page = 0; page < this.pages; page += 1) {
      const slot = this.slot(page);
      const shared = cache.isShared(slot) ? 'shared' : 'busy';
      text += `${table.kind(slot)}${cache.isBusy(slot) ? shared : ''} `;
    }
    return text;
  }

  #noteBatch(batch: Writeback): void {
    const { rt } = this.#stage;
    if (batch.written > 0) rt.mark('written back');
    if (batch.hitSwapCache) rt.mark('busy slot skipped');
    if (batch.written === 0) rt.mark('nothing written back');
  }

  #request(
    actor: Actor,
    op: BlkOp,
    page: number,
    ids: readonly number[],
    data?: Uint8Array,
  ): boolean {
    const { rt } = this.#stage;
    const started = rt.steps;
    const versions = op === 'read' ? [] : ids.map((id) => newVersion(id, started));
    for (const [i, version] of versions.entries()) this.#model.add(page + i, version);
    this.#touch(page, ids.length);
    const offset = page * PAGE_SIZE;
    const length = ids.length * PAGE_SIZE;
    const place = this.#stage.placeOf(actor, length);
    const request = new ClientRequest(this.disk, op, offset, length, data, place);
    this.#start(actor, request, () => {
      this.#touch(page, ids.length);
      this.#ended(request, op, page, versions, started);
    });
    return false;
  }

  /** Starts a request, whose end the actor is told of, at once or later. */
  #start(actor: Actor, request: ClientRequest, onEnd: () => void): void {
    this.#stage.rt.nameTask(request.task, actor.name);
    request.onFinished = () => {
      onEnd();
      actor.done();
    };
    request.start();
  }

  #ended(
    request: ClientRequest,
    op: BlkOp,
    page: number,
    versions: readonly Version[],
    started: number,
  ): void {
    const ended = this.#stage.rt.steps + 0.5;
    for (const version of versions) {
      version.ended = ended;
      if (request.error === OK) continue;
      // A single page that was refused was not written; of several, some may have been.
      version.certain = false;
      if (versions.length === 1) version.possible = false;
    }
    if (request.error !== OK) this.#checkRefused(request, op);
    else if (op === 'read') this.#verify(request.data, page, started, ended);
  }

  #checkRefused(request: ClientRequest, op: BlkOp): void {
    this.refused += 1;
    if (request.error === ESHUTDOWN && this.#removed) {
      this.#stage.rt.mark('request of a removed disk');
      return;
    }
    this.#stage.rt.mark(request.error === ENOSPC ? `${op} has no room` : `${op} refused`);
    if (op === 'write' || (op === 'read' && this.#stage.readsMayFail)) return;
    this.#stage.report(REFUSAL_RULE, `a ${op} failed with error ${request.error}`);
  }

  #verify(data: Uint8Array, first: number, started: number, ended: number): void {
    for (let i = 0; i * PAGE_SIZE < data.length; i += 1) {
      const id = versionOf(data.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
      const wrong =
        id === undefined
          ? `page ${first + i} is torn`
          : this.#model.violation(first + i, id, started, ended);
      if (wrong !== undefined) this.#stage.report(MODEL_RULE, wrong);
    }
  }

  /** When a request begins and ends matters to what its pages may hold. */
  #touch(page: number, count: number): void {
    for (let i = 0; i < count; i += 1) this.#stage.rt.touch(slotName(this.slot(page + i)));
  }
}
