/**
 * Several engines on threads of their own, as one: each export lives in one of them with all its
 * pages, and all are under one limit. The main thread listens, does the handshakes, and answers for
 * all; no page comes near it.
 */
import { statSync } from 'node:fs';
import type { ExportState } from '../../blk/export-table.ts';
import { mergeSnapshots } from '../../metrics/merge.ts';
import type { StatsSnapshot } from '../../metrics/snapshot.ts';
import { createNbdRouter, type NbdRouter } from '../../nbd/server.ts';
import type { HandedConnection } from '../../nbd/socket/handover.ts';
import { NodeRt } from '../../rt/rt-node.ts';
import { present } from '../../std/assert.ts';
import { ZswapError } from '../../std/error.ts';
import { createAccountMemory } from '../../zpool/pool-account.ts';
import type { EngineConfig } from '../config.ts';
import type { DaemonEngine, NbdListener, OfferedExport } from '../daemon-parts.ts';
import type { ExportConfig } from '../options/export-spec.ts';
import { Shard, type ShardOwner } from './shard.ts';

/** An export and where it lives. */
interface Seat extends OfferedExport {
  readonly shard: Shard;
}

/** The shard where a name is taken, and may be again, until nobody is left who has it there. */
interface Home {
  readonly shard: Shard;
  users: number;
}

/**
 * Opens the shards of a configuration with more than one.
 *
 * @throws ZswapError for a device or exports that cannot be had; nothing stays open then
 */
export async function openShardedEngine(config: EngineConfig): Promise<ShardedEngine> {
  const { spill } = config;
  if (spill !== undefined && statSync(spill, { throwIfNoEntry: false })?.isBlockDevice()) {
    const message = `${spill} is a block device, which shards cannot divide; give them a file`;
    throw new ZswapError('ZSWAP_DEVICE_OPEN', message);
  }
  const engine = new ShardedEngine(config);
  try {
    await engine.opened();
  } catch (error) {
    await engine.abandon();
    throw error;
  }
  return engine;
}

export class ShardedEngine implements DaemonEngine, ShardOwner {
  readonly rt: NodeRt = new NodeRt();
  /** The connections of all shards begin here. */
  readonly nbd: NbdListener;
  readonly #router: NbdRouter;
  readonly #shards: readonly Shard[];
  readonly #seats: Seat[] = [];
  /** Where names are taken, and by how many: exports that are there, come, or go. */
  readonly #homes = new Map<string, Home>();
  readonly #removals = new Map<string, Promise<void>>();
  readonly #startMs: number = this.rt.nowMs();

  constructor(config: EngineConfig) {
    const { shards: count, exports, spill } = config;
    const placed = placeExports(exports, count);
    const account = createAccountMemory(count);
    const spillFor = bytesOf(exports);
    this.#shards = placed.map(
      (own, shard) =>
        new Shard(
          {
            config: {
              ...config,
              exports: own,
              spill: spill === undefined ? undefined : `${spill}.${shard}`,
            },
            spillFor,
            account,
            shard,
          },
          this,
        ),
    );
    for (const each of exports) {
      const shard = present(this.#shards[placed.findIndex((own) => own.includes(each))]);
      this.#seats.push(
        seatOf(
          each,
          this.#enter(each.name, () => shard),
        ),
      );
    }
    this.#router = createNbdRouter({
      exports: () => this.#seats,
      rt: this.rt,
      handOver: (handed) => this.#handOver(handed),
    });
    this.nbd = this.#listener();
  }

  /** Resolves when all engines are there. */
  async opened(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.open()));
  }

  /** Ends all threads as they are. */
  async abandon(): Promise<void> {
    // Those that are still opening end first: a thread that is cut off leaves its device unclean.
    await Promise.allSettled(this.#shards.map((shard) => shard.open()));
    await Promise.allSettled(this.#shards.map((shard) => shard.close()));
    await Promise.all(this.#shards.map((shard) => shard.abandon()));
  }

  get exports(): readonly OfferedExport[] {
    return this.#seats;
  }

  async snapshot(): Promise<StatsSnapshot> {
    const snapshots = await Promise.all(this.#shards.map((shard) => shard.call('snapshot')));
    const merged = mergeSnapshots(snapshots);
    const uptime = Math.floor(this.rt.nowMs() - this.#startMs) / 1000;
    const memcg = Object.fromEntries(
      this.#seats.flatMap(({ name }) => {
        const group = merged.memcg[name];
        return group === undefined ? [] : [[name, group] as const];
      }),
    );
    return { ...merged, memcg, process: { ...merged.process, uptime_seconds: uptime } };
  }

  async setParameter(name: string, value: string): Promise<string> {
    const colon = name.lastIndexOf(':');
    const home = colon > 0 ? this.#homes.get(name.slice(0, colon)) : undefined;
    if (home !== undefined) return await home.shard.call('setParameter', name, value);
    const [first, ...others] = this.#shards;
    // The first says what is wrong with it, if something is, before any other has changed.
    const inForce = await present(first).call('setParameter', name, value);
    for (const shard of others) await shard.call('setParameter', name, value);
    return inForce;
  }

  async addExport(config: ExportConfig): Promise<void> {
    const { name } = config;
    // Where the name is taken, they say in which way.
    const shard = this.#enter(name, () => this.#emptiest());
    try {
      await shard.call('addExport', config);
    } catch (error) {
      this.#leave(name);
      throw error;
    }
    this.#seats.push(seatOf(config, shard));
  }

  async removeExport(name: string): Promise<void> {
    const underWay = this.#removals.get(name);
    if (underWay !== undefined) return await underWay;
    const at = this.#seats.findIndex((seat) => seat.name === name);
    const [seat] = at < 0 ? [] : this.#seats.splice(at, 1);
    if (seat === undefined) throw new RangeError(`there is no export named ${name}`);
    const removal = seat.shard.call('removeExport', name).finally(() => {
      this.#leave(name);
      this.#removals.delete(name);
    });
    this.#removals.set(name, removal);
    await removal;
  }

  async listExports(): Promise<readonly ExportState[]> {
    const lists = await Promise.all(this.#shards.map((shard) => shard.call('listExports')));
    const states = new Map(lists.flat().map((state) => [state.name, state]));
    const ready = this.#seats.flatMap(({ name }) => states.get(name) ?? []);
    return [...ready, ...lists.flat().filter((state) => !ready.includes(state))];
  }

  async reclaim(name: string, bytes: number): Promise<number> {
    const seat = this.#seats.find((each) => each.name === name);
    if (seat === undefined) throw new RangeError(`there is no export named ${name}`);
    return await seat.shard.call('reclaim', name, bytes);
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }

  /** {@link ShardOwner} */
  takeBack(fd: number): Promise<void> {
    return this.#router.takeBack(fd);
  }

  /** {@link ShardOwner}: a full pool is everybody's, and the coldest pages may be elsewhere. */
  shrinking(from: Shard): void {
    for (const shard of this.#shards) if (shard !== from) shard.post({ kind: 'shrink' });
  }

  /** Takes a name where it is taken already, or else where it is to be. */
  #enter(name: string, where: () => Shard): Shard {
    const home = this.#homes.get(name) ?? { shard: where(), users: 0 };
    home.users += 1;
    this.#homes.set(name, home);
    return home.shard;
  }

  #leave(name: string): void {
    const home = present(this.#homes.get(name));
    home.users -= 1;
    if (home.users === 0) this.#homes.delete(name);
  }

  #emptiest(): Shard {
    const bytes = (shard: Shard): number =>
      bytesOf(this.#seats.filter((seat) => seat.shard === shard));
    return this.#shards.reduce((best, shard) => (bytes(shard) < bytes(best) ? shard : best));
  }

  #handOver(handed: HandedConnection): void {
    const seat = present(this.#seats.find(({ name }) => name === handed.exportName));
    seat.shard.post({ kind: 'connection', handed });
  }

  #listener(): NbdListener {
    const router = this.#router;
    return {
      listenUnix: (path) => router.listenUnix(path),
      listenTcp: (host, port) => router.listenTcp(host, port),
      listenFd: (fd) => router.listenFd(fd),
      // Its shard has done so when it removed the export.
      endConnections: () => {},
      close: async () => {
        const closed = router.close();
        await Promise.all(this.#shards.map((shard) => shard.call('closeConnections')));
        await closed;
      },
      get connectionCount() {
        return router.connectionCount;
      },
      counters: router.counters,
      times: router.times,
    };
  }
}

function seatOf({ name, sizeBytes }: ExportConfig, shard: Shard): Seat {
  return { name, sizeBytes, shard };
}

function bytesOf(exports: readonly OfferedExport[]): number {
  return exports.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Spreads exports over shards by their sizes, in the order they are given. */
function placeExports(exports: readonly ExportConfig[], count: number): ExportConfig[][] {
  const placed: ExportConfig[][] = Array.from({ length: count }, () => []);
  for (const each of exports) {
    placed.reduce((best, own) => (bytesOf(own) < bytesOf(best) ? own : best)).push(each);
  }
  return placed;
}
