/**
 * Memory pressure on this machine, as the kernel sees it, for the dynamic shrinker. In the kernel
 * reclaim calls the shrinkers with a priority that sharpens while it fails; outside of it the share
 * of time in which tasks stall for memory says the same.
 *
 * @see Linux, Documentation/accounting/psi.rst
 */
import { readFileSync } from 'node:fs';
import type { Memcg } from '../memcg/memcg.ts';
import { DEF_PRIORITY, type PressureShrink } from '../memcg/shrinker.ts';
import type { Rt } from '../rt/rt.ts';
import type { Zswap } from '../zswap/zswap.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 1000;
/** Percent of stalled time at which the priority is sharpest. */
const SHARPEST_PERCENT = 60;

/** The ten-second average of `some` in a pressure file, in percent; undefined if it has none. */
export function parsePressure(text: string): number | undefined {
  const match = /^some avg10=(\d+(?:\.\d+)?)/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/**
 * The priority for a share of stalled time; undefined: nobody stalls, so nothing is to be shrunk.
 */
export function priorityOf(percent: number): number | undefined {
  if (percent <= 0) return undefined;
  return Math.max(0, DEF_PRIORITY - Math.ceil((percent / SHARPEST_PERCENT) * DEF_PRIORITY));
}

/**
 * While the dynamic shrinker is on, looks at the pressure every second and has every group shrunk
 * by it. Sleeps for good when it is off.
 */
export class PressureWatch {
  readonly #rt: Rt;
  readonly #zswap: Zswap;
  readonly #read: () => number | undefined;
  /** One at a time. */
  readonly #shrink: PressureShrink;
  #running = false;
  #closed = false;

  constructor(rt: Rt, zswap: Zswap, read: () => number | undefined = readPressure) {
    this.#rt = rt;
    this.#zswap = zswap;
    this.#shrink = zswap.pressureShrinker.createShrink();
    this.#read = read;
  }

  /** Goes on if the shrinker is on; to be called when that has changed. */
  check(): void {
    if (this.#running || !this.#wanted()) return;
    this.#running = true;
    void this.#watch();
  }

  close(): void {
    this.#closed = true;
  }

  #wanted(): boolean {
    return !this.#closed && this.#zswap.params.shrinkerEnabled;
  }

  async #watch(): Promise<void> {
    while (this.#wanted()) {
      const priority = priorityOf(this.#read() ?? 0);
      if (priority !== undefined) await this.#shrinkAll(priority);
      await this.#rt.sleep(LOOK_MS);
    }
    this.#running = false;
  }

  async #shrinkAll(priority: number): Promise<void> {
    const { memcgs } = this.#zswap;
    // Groups come and go while one is shrunk, so their list is made before.
    const groups = Array.from(memcgs.subtree(memcgs.root));
    for (const memcg of groups) {
      if (this.#wanted() && memcg.online) await this.#shrinkOne(memcg, priority);
    }
  }

  #shrinkOne(memcg: Memcg, priority: number): Promise<void> {
    return new Promise((resolve) => {
      this.#shrink.onEnd = resolve;
      if (this.#shrink.begin(memcg, priority)) resolve();
    });
  }
}

/** Reads `/proc/pressure/memory`; undefined where the kernel does not have it. */
export function readPressure(path = '/proc/pressure/memory'): number | undefined {
  try {
    return parsePressure(readFileSync(path, 'utf8'));
  } catch {
    // Kernels without PSI, or with it switched off, have no such file.
    return undefined;
  }
}
