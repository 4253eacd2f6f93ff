/**
 * The composition root of the library: it opens the device and the pool, puts address spaces on top
 * of them, and gives out groups and regions. See `Machine` in `api.ts`.
 */
import type { SettableGroups } from '../engine/parameters.ts';
import { EngineStack, type StackOptions } from '../engine/stack.ts';
import { Mm } from '../mm/mm.ts';
import type { Region as MmRegion } from '../mm/region.ts';
import { NodeRt } from '../rt/rt-node.ts';
import { pagesOf } from '../std/units.ts';
import type { Backing } from '../swap/backing.ts';
import type {
  Group,
  GroupOptions,
  Machine,
  MachineOptions,
  MachineStats,
  MapOptions,
  SwapDeviceOptions,
  WaitOptions,
} from './api.ts';
import type { PortLike, ServeOptions } from './port/api.ts';
import { Calls } from './calls.ts';
import { createTrace } from './channels.ts';
import { bytesOf, checkName, checkWhole } from './check.ts';
import { MachineCore } from './core.ts';
import { MemoryGroup } from './group.ts';
import {
  checkDevice,
  deviceOptions,
  openBacking,
  ORDER_MAX,
  stackOptions,
  type MachineInternals,
} from './options.ts';
import { PortServer } from './port/server.ts';
import { MemoryRegion } from './region.ts';
import { machineStats } from './stats.ts';
import { SwapDevices } from './swap-devices.ts';

const PAGES_MAX = 2 ** 32 - 1;

/**
 * Opens a machine. Nothing stays open if a part cannot be had.
 *
 * @throws TypeError or RangeError for an option that cannot be; `ZswapError` for a compressor or a
 *   device that cannot be had
 */
export async function openMachine(options: MachineOptions): Promise<Machine> {
  return await openOwnMachine(options, {});
}

/** Opens a machine for a part of this package, as {@link openMachine} does. */
export async function openOwnMachine(
  options: MachineOptions,
  internals: MachineInternals,
): Promise<OpenMachine> {
  const rt = new NodeRt();
  const config = await stackOptions(options, rt);
  const [device] = deviceOptions(options);
  if (device !== undefined) checkDevice(device);
  const backing = device === undefined ? undefined : await openBacking(device, rt, internals);
  try {
    return new OpenMachine(options, config, rt, backing);
  } catch (error) {
    await backing?.device.close();
    throw error;
  }
}

export class OpenMachine implements Machine {
  readonly core: MachineCore;
  readonly calls: Calls;
  readonly #groups = new Map<string, MemoryGroup>();
  readonly #root: MemoryGroup;
  readonly #regions = new Set<MemoryRegion>();
  readonly #settable: SettableGroups;
  readonly #devices: SwapDevices;
  readonly #servers = new Set<PortServer>();
  #named = 0;
  #closing: Promise<void> | undefined;

  constructor(
    options: MachineOptions,
    config: StackOptions,
    rt: NodeRt,
    backing: Backing | undefined,
  ) {
    const speaking = { speaking: false };
    const trace = createTrace(speaking);
    const stack = new EngineStack({ ...config, trace }, rt, backing);
    const { swap, zswap, memcgs } = stack;
    const { pageCluster = 3, swapinMode = 'cache', largeSwapin = 'mixed' } = options;
    const framePages = config.totalRamPages;
    const front = { framePages, pageCluster, swapinMode, largeSwapin, trace };
    const mm = new Mm({ rt, swap, zswap, memcgs, ...front });
    this.core = new MachineCore(stack, mm, speaking);
    this.calls = new Calls(this.core);
    this.#devices = new SwapDevices(this.core);
    this.#root = new MemoryGroup(this, memcgs.root, undefined);
    this.#settable = {
      noun: 'group',
      files: ['memory.max', 'memory.zswap.max', 'memory.zswap.writeback'],
      find: (name) => this.#groups.get(name)?.memcg,
    };
  }

  get isSwappingOff(): boolean {
    return this.#devices.isSwappingOff;
  }

  get metadataBytes(): number {
    return this.core.stack.metadataBytes + this.core.mm.metadataBytes;
  }

  /** Groups, the root first. */
  get groups(): readonly MemoryGroup[] {
    return [this.#root, ...this.#groups.values()];
  }

  map(options: MapOptions): MemoryRegion {
    this.core.assertUsable();
    const { order = 0, name = this.nextName(), group } = options;
    checkName('name', name);
    checkWhole('order', order, 0, ORDER_MAX);
    const pages = pagesOf(bytesOf('bytes', options.bytes));
    checkWhole('bytes in pages', pages, 1, PAGES_MAX);
    const payer = this.groupOf(group);
    return this.adopt(this.core.mm.map(name, payer.memcg, pages, order), payer);
  }

  /** The group behind what a caller holds. */
  groupOf(group: Group | undefined): MemoryGroup {
    if (group === undefined || group === this.#root) return this.#root;
    if (group instanceof MemoryGroup && this.#groups.get(group.name) === group) return group;
    throw new TypeError('group is no group of this machine');
  }

  nextName(): string {
    this.#named += 1;
    return String(this.#named);
  }

  /** Makes a region of the engine one of the machine's. */
  adopt(region: MmRegion, group: MemoryGroup): MemoryRegion {
    const adopted = new MemoryRegion(this, region, group);
    this.#regions.add(adopted);
    return adopted;
  }

  forget(region: MemoryRegion): void {
    this.#regions.delete(region);
  }

  group(name: string, options: GroupOptions = {}): MemoryGroup {
    this.core.assertUsable();
    checkName('name', name);
    if (name === '/' || name.includes(':')) {
      throw new RangeError(`a group cannot be named ${name}: that is the root, or has a colon`);
    }
    if (this.#groups.has(name)) throw new RangeError(`there is a group named ${name} already`);
    const parent = this.groupOf(options.parent);
    const { memcgs } = this.core.stack;
    const group = new MemoryGroup(this, memcgs.create(name, parent.memcg), parent);
    try {
      group.setLimits(options);
    } catch (error) {
      memcgs.remove(group.memcg);
      throw error;
    }
    this.#groups.set(name, group);
    return group;
  }

  forgetGroup(group: MemoryGroup): void {
    this.#groups.delete(group.name);
  }

  stats(): MachineStats {
    return machineStats(this);
  }

  async setParameter(name: string, value: string): Promise<string> {
    this.core.assertUsable();
    if (typeof value !== 'string') throw new TypeError(`${name} takes text`);
    const inForce = await this.core.stack.setParameter(this.#settable, name, value);
    for (const group of this.#groups.values()) group.enforceLimit();
    return inForce;
  }

  serve(port: PortLike, { regions = [], group }: ServeOptions = {}): void {
    this.core.assertUsable();
    const shared = regions.map((region) => {
      if (region instanceof MemoryRegion && this.#regions.has(region)) return region;
      throw new TypeError('regions has what is no region of this machine');
    });
    const server: PortServer = new PortServer({
      machine: this,
      port,
      shared,
      group: this.groupOf(group),
      onEnd: () => this.#servers.delete(server),
    });
    this.#servers.add(server);
  }

  async swapon(device: SwapDeviceOptions): Promise<void> {
    this.core.assertUsable();
    checkDevice(device);
    await this.#devices.swapon(() => openBacking(device, this.core.stack.rt));
  }

  async swapoff(options: WaitOptions = {}): Promise<void> {
    this.core.assertUsable();
    await this.#devices.swapoff(options.signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { core } = this;
    core.assertUsable();
    core.closing = true;
    for (const server of this.#servers) server.close();
    await this.#devices.settled();
    await core.underWay.settled();
    core.closed = true;
    await core.stack.quiesce();
    const { reclaim, limitReclaim } = core.mm;
    limitReclaim.stop();
    while (reclaim.running > 0 || limitReclaim.running) await core.stack.rt.yieldNow();
    const { backing } = core.stack.swap;
    while (backing !== undefined && backing.bios.inUse > 0) await core.stack.rt.yieldNow();
    await backing?.device.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
