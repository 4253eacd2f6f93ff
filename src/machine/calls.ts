/**
 * Calls: the engine's records with the promise that waits for each. A record is used again when it
 * has ended, and not before: who stops waiting for it (an aborted signal) leaves it to end by
 * itself, which it does soon, without touching the caller's bytes.
 */
import { Access, type AccessOp, type AccessResult } from '../mm/access.ts';
import { Discard } from '../mm/discard.ts';
import { Pageout } from '../mm/pageout.ts';
import type { Region as MmRegion } from '../mm/region.ts';
import type { AbortSignalLike } from './api.ts';
import type { MachineCore } from './core.ts';
import type { UnderWay } from './under-way.ts';

/** Records that are kept for the next use, of each kind. */
const SPARE_MAX = 64;

/** How an access goes about it; shared records. */
export const WAIT = { write: false, nowait: false } as const;
export const WAIT_WRITE = { write: true, nowait: false } as const;
export const NOWAIT = { write: false, nowait: true } as const;
export const NOWAIT_STAY = { write: false, nowait: true, stay: true } as const;
export const NOWAIT_WRITE = { write: true, nowait: true } as const;

/** A record under way and who waits for it. */
class Wait {
  readonly #abandon: () => void;
  #underWay: UnderWay | undefined;
  #signal: AbortSignalLike | undefined;
  #settle: (() => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  readonly #onAbort = (): void => {
    const reject = this.#reject;
    const reason = this.#signal?.reason;
    this.#forget();
    this.#abandon();
    reject?.(reason);
  };

  constructor(abandon: () => void) {
    this.#abandon = abandon;
  }

  /** The promise for a record that is under way; `finish` is called when it has ended. */
  begin<T>(underWay: UnderWay, signal: AbortSignalLike | undefined, finish: () => T): Promise<T> {
    this.#underWay = underWay;
    underWay.begin();
    return new Promise<T>((resolve, reject) => {
      this.#reject = reject;
      this.#settle = () => {
        try {
          resolve(finish());
        } catch (error) {
          reject(error as Error);
        }
      };
      this.#signal = signal;
      signal?.addEventListener('abort', this.#onAbort);
      if (signal?.aborted === true) this.#onAbort();
    });
  }

  /** The record has ended. */
  end(): void {
    const settle = this.#settle;
    const underWay = this.#underWay;
    this.#forget();
    this.#underWay = undefined;
    settle?.();
    underWay?.end();
  }

  #forget(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#signal = undefined;
    this.#settle = undefined;
    this.#reject = undefined;
  }
}

class AccessCall {
  readonly access: Access;
  readonly wait: Wait;
  result: AccessResult = 'done';

  constructor(calls: Calls, core: MachineCore) {
    this.access = new Access(core.mm);
    this.wait = new Wait(() => this.access.abandon());
    this.access.onEnd = (_, result) => {
      this.result = result;
      this.wait.end();
      calls.keepAccess(this);
    };
  }
}

/** A record that works through a range of pages. */
interface RangeRecord {
  onEnd: () => void;
  abandon(): void;
  begin(region: MmRegion, first: number, end: number): boolean;
}

class RangeCall {
  readonly record: RangeRecord;
  readonly wait: Wait;

  constructor(record: RangeRecord, keep: (call: RangeCall) => void) {
    this.record = record;
    this.wait = new Wait(() => record.abandon());
    record.onEnd = () => {
      this.wait.end();
      keep(this);
    };
  }
}

function keep<T>(spare: T[], call: T): void {
  if (spare.length < SPARE_MAX) spare.push(call);
}

/** What an access is about. */
export interface AccessRequest<T> {
  readonly op: AccessOp;
  readonly region: MmRegion;
  readonly offset: number;
  readonly length: number;
  readonly bytes?: Uint8Array;
  readonly how: { readonly write: boolean; readonly nowait: boolean };
  readonly underWay: UnderWay;
  readonly signal: AbortSignalLike | undefined;
  /** Makes the promise's value, in the section in which the access ended; may throw. */
  readonly finish: (access: Access, result: AccessResult) => T;
}

export class Calls {
  readonly #core: MachineCore;
  readonly #accesses: AccessCall[] = [];
  readonly #discards: RangeCall[] = [];
  /** For discards that end at once; one that has not is given up, and another made. */
  #now: Discard | undefined;
  readonly #pageouts: RangeCall[] = [];

  constructor(core: MachineCore) {
    this.#core = core;
  }

  /** For {@link AccessCall}: it can be used again. */
  keepAccess(call: AccessCall): void {
    keep(this.#accesses, call);
  }

  access<T>(request: AccessRequest<T>): Promise<T> {
    const call = this.#accesses.pop() ?? new AccessCall(this, this.#core);
    const { op, region, offset, length, bytes, how, underWay, signal, finish } = request;
    const result = call.access.begin(op, region, offset, length, bytes, how);
    if (result === 'waiting') {
      return call.wait.begin(underWay, signal, () => finish(call.access, call.result));
    }
    try {
      return Promise.resolve(finish(call.access, result));
    } catch (error) {
      return Promise.reject(error as Error);
    } finally {
      this.keepAccess(call);
    }
  }

  discard(
    region: MmRegion,
    first: number,
    end: number,
    underWay: UnderWay,
    signal: AbortSignalLike | undefined,
  ): Promise<void> {
    const spare = this.#discards;
    const make = (): RangeRecord => new Discard(this.#core.mm);
    return range(spare, make, region, first, end, underWay, signal);
  }

  /** Discards at once; false: that takes longer, and some of the pages may not be gone. */
  discardNow(region: MmRegion, first: number, end: number): boolean {
    const discard = this.#now;
    this.#now = undefined;
    const record = discard ?? new Discard(this.#core.mm);
    if (record.begin(region, first, end)) {
      this.#now = record;
      return true;
    }
    // It must not take away what is written after this; what it has yet to do is left undone.
    record.abandon();
    return false;
  }

  pageout(
    region: MmRegion,
    first: number,
    end: number,
    underWay: UnderWay,
    signal: AbortSignalLike | undefined,
  ): Promise<void> {
    const spare = this.#pageouts;
    const make = (): RangeRecord => new Pageout(this.#core.mm);
    return range(spare, make, region, first, end, underWay, signal);
  }
}

function range(
  spare: RangeCall[],
  make: () => RangeRecord,
  region: MmRegion,
  first: number,
  end: number,
  underWay: UnderWay,
  signal: AbortSignalLike | undefined,
): Promise<void> {
  const call = spare.pop() ?? new RangeCall(make(), (ended) => keep(spare, ended));
  if (!call.record.begin(region, first, end)) return call.wait.begin(underWay, signal, () => {});
  keep(spare, call);
  return Promise.resolve();
}
