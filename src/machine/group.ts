/** A memory control group of a machine: see `Group` in `api.ts`. */
import type { Memcg } from '../memcg/memcg.ts';
import { ZswapError } from '../std/error.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Group, GroupLimits, GroupStats } from './api.ts';
import { limitOf } from './check.ts';
import type { OpenMachine } from './machine.ts';

export class MemoryGroup implements Group {
  readonly memcg: Memcg;
  readonly parent: MemoryGroup | undefined;
  /** Regions that it pays for. */
  regions = 0;
  readonly #machine: OpenMachine;
  #removed = false;

  constructor(machine: OpenMachine, memcg: Memcg, parent: MemoryGroup | undefined) {
    this.#machine = machine;
    this.memcg = memcg;
    this.parent = parent;
  }

  get name(): string {
    return this.memcg.parent === undefined ? '/' : this.memcg.name;
  }

  get memoryCurrent(): number {
    return this.memcg.memoryCurrent;
  }

  /** Frames that its regions can have at the same time. */
  get framesMax(): number {
    const own = Math.floor(this.memcg.memoryMax / PAGE_SIZE);
    return Math.min(own, this.parent?.framesMax ?? this.#machine.core.mm.frames.pageLimit);
  }

  setLimits({ memoryMax, zswapMax, writeback }: GroupLimits): void {
    this.#assertUsable();
    const memory = memoryMax === undefined ? undefined : limitOf('memoryMax', memoryMax);
    const zswap = zswapMax === undefined ? undefined : limitOf('zswapMax', zswapMax);
    if (writeback !== undefined && typeof writeback !== 'boolean') {
      throw new TypeError('writeback must be true or false');
    }
    if (memory !== undefined) this.memcg.setMemoryMax(memory);
    if (zswap !== undefined) this.memcg.setZswapMax(zswap);
    if (writeback !== undefined) this.memcg.setWriteback(writeback);
    this.enforceLimit();
  }

  /** Has it give up in the background what it holds above its `memory.max`. */
  enforceLimit(): void {
    this.#machine.core.mm.limitReclaim.enforce(this.memcg);
  }

  stats(): GroupStats {
    const { memcg } = this;
    return {
      ...memcg.events,
      'memory.current': memcg.memoryCurrent,
      'memory.max': memcg.memoryMax === Infinity ? 'max' : memcg.memoryMax,
      'memory.zswap.current': memcg.zswapCurrent,
      'memory.zswap.max': memcg.zswapMax === Infinity ? 'max' : memcg.zswapMax,
      'memory.zswap.writeback': memcg.writeback ? 1 : 0,
      anon: memcg.framePages * PAGE_SIZE,
      zswapped: memcg.zswappedPages * PAGE_SIZE,
    };
  }

  remove(): void {
    this.#assertUsable();
    if (this.parent === undefined) throw new TypeError('the root group cannot be removed');
    const children = this.memcg.children.filter(({ online }) => online).length;
    if (this.regions > 0 || children > 0 || this.#machine.isSwappingOff) {
      const why = this.#machine.isSwappingOff
        ? 'the swap device is being removed'
        : `it has ${this.regions} regions and ${children} groups below it`;
      throw new ZswapError('ZSWAP_BUSY', `the group ${this.name} is in use: ${why}`);
    }
    this.#removed = true;
    this.#machine.forgetGroup(this);
    this.#machine.core.stack.memcgs.offline(this.memcg);
  }

  #assertUsable(): void {
    this.#machine.core.assertUsable();
    if (this.#removed) throw new ZswapError('ZSWAP_CLOSED', `the group ${this.name} is removed`);
  }
}
