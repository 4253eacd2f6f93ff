/**
 * What every composition root stands on: the runtime, the groups, the pool with its parameters, and
 * the backing device. A front end is put on top of it: disks by the daemon, address spaces by the
 * library.
 */
import { readFileSync } from 'node:fs';
import type { Codec } from '../codec/codec.ts';
import { openWarmCodec } from '../codec/warm-up.ts';
import { MemcgTree } from '../memcg/memcg.ts';
import type { ShrinkerPolicy } from '../memcg/shrinker-policy.ts';
import { NodeRt } from '../rt/rt-node.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Backing } from '../swap/backing.ts';
import { Swap } from '../swap/info.ts';
import { Arena } from '../zpool/arena.ts';
import type { PoolAccount } from '../zpool/pool-account.ts';
import { createZpool, type ZpoolName } from '../zpool/open.ts';
import type { HandleCells, Zpool } from '../zpool/zpool.ts';
import { ZswapParams } from '../zswap/params.ts';
import { Zswap, type ZswapTrace } from '../zswap/zswap.ts';
import { setParameter, type SettableGroups } from './parameters.ts';
import { PressureWatch } from './pressure.ts';

/** The pool's limit: a share of the memory there is, or bytes. */
export type PoolLimit =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'percent'; readonly percent: number };

/** One engine's part in a pool limit that several share. */
export interface PoolSharing {
  readonly account: PoolAccount;
  /** This engine has begun to write back because the limit is reached. */
  readonly onShrink: () => void;
}

export interface StackOptions {
  readonly poolLimit: PoolLimit;
  /** What a percentage is a share of. */
  readonly totalRamPages: number;
  readonly acceptThresholdPercent: number;
  readonly shrinkerEnabled: boolean;
  readonly shrinkerPolicy: ShrinkerPolicy;
  readonly enabled: boolean;
  /** The compressor for new pages. */
  readonly codec: Codec;
  readonly zpool: ZpoolName;
  readonly trace?: ZswapTrace;
  /** Who shares the pool's limit, and what is called when it is reached. Default: nobody. */
  readonly sharing?: PoolSharing | undefined;
}

export class EngineStack {
  readonly rt: NodeRt;
  readonly memcgs: MemcgTree = new MemcgTree();
  readonly params: ZswapParams;
  readonly swap: Swap;
  readonly zswap: Zswap;
  readonly #arena: Arena;
  readonly #pressure: PressureWatch;
  #compressor: string;
  #zpool: ZpoolName;
  /** Parameters are changed one after the other: some wait for a codec to load. */
  #settingTurn: Promise<unknown> = Promise.resolve();
  readonly createZpool = (cells: HandleCells): Zpool =>
    createZpool(this.#zpool, this.#arena, cells);

  /** @throws RangeError for a parameter that cannot be */
  constructor(options: StackOptions, rt: NodeRt, backing: Backing | undefined) {
    const { poolLimit, codec } = options;
    this.rt = rt;
    this.#compressor = codec.spec;
    this.#zpool = options.zpool;
    this.params = new ZswapParams(options.totalRamPages);
    if (poolLimit.kind === 'bytes') this.params.poolBytes = poolLimit.bytes;
    else this.params.maxPoolPercent = poolLimit.percent;
    this.params.acceptThresholdPercent = options.acceptThresholdPercent;
    this.params.shrinkerEnabled = options.shrinkerEnabled;
    this.params.shrinkerPolicy = options.shrinkerPolicy;
    this.params.enabled = options.enabled;
    this.swap = new Swap(rt, backing);
    const { swap, memcgs, params } = this;
    const { trace, sharing } = options;
    this.#arena = new Arena(sharing === undefined ? {} : { account: sharing.account });
    const traced = trace === undefined ? {} : { trace };
    this.zswap = new Zswap({ rt, swap, memcgs, params, ...traced, ...sharing });
    this.zswap.setCurrentPool(codec, this.#zpool, this.createZpool);
    this.#pressure = new PressureWatch(rt, this.zswap);
    this.#pressure.check();
  }

  /** `NAME` or `NAME:LEVEL`. */
  get compressor(): string {
    return this.#compressor;
  }

  get zpool(): ZpoolName {
    return this.#zpool;
  }

  /** Everything held beside compressed data: tables, indices, views, buffers of device requests. */
  get metadataBytes(): number {
    return this.swap.metadataBytes + this.zswap.metadataBytes + this.#arena.metadataBytes;
  }

  /** Bytes held for compressed pages, free space and free pages in them included. */
  get poolResidentBytes(): number {
    return this.#arena.residentBytes;
  }

  /**
   * Changes a parameter, or with `GROUP:FILE` a cgroup file.
   *
   * @returns the value in force then
   * @throws TypeError, RangeError or ZswapError in one sentence; nothing has changed then
   */
  async setParameter(groups: SettableGroups, name: string, value: string): Promise<string> {
    const turn = this.#settingTurn.then(() => this.#setNow(groups, name, value));
    this.#settingTurn = turn.catch(() => {});
    return await turn;
  }

  async #setNow(groups: SettableGroups, name: string, value: string): Promise<string> {
    const target = {
      params: this.params,
      groups,
      pool: () => ({ compressor: this.#compressor, zpool: this.#zpool }),
      switchPool: (compressor: string, zpool: ZpoolName) => this.#switchPool(compressor, zpool),
    };
    const inForce = await setParameter(target, name, value);
    this.#pressure.check();
    return inForce;
  }

  async #switchPool(compressor: string, zpool: ZpoolName): Promise<void> {
    const codec = await openWarmCodec(compressor, this.rt);
    this.zswap.setCurrentPool(codec, zpool, (cells) => createZpool(zpool, this.#arena, cells));
    this.#compressor = codec.spec;
    this.#zpool = zpool;
  }

  /** Ends background work: nothing is written back any more when the promise resolves. */
  async quiesce(): Promise<void> {
    this.#pressure.close();
    // No batch begins any more, and those that are under way end.
    this.memcgs.root.setWriteback(false);
    while (this.zswap.shrinker.running || this.zswap.shrinkWorker.running) {
      await this.rt.yieldNow();
    }
  }
}

/** Resident bytes of the process, from `/proc/self/statm`. */
export function residentBytes(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * PAGE_SIZE;
}
