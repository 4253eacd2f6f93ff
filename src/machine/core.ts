/**
 * What the objects of one machine share: the engine below, the records of what is under way, and
 * whether it may still be used.
 */
import type { EngineStack } from '../engine/stack.ts';
import { Access, type AccessResult } from '../mm/access.ts';
import type { Mm } from '../mm/mm.ts';
import { EBADMSG, EBUSY, EINVAL, ENOMEM, type Errno } from '../std/errno.ts';
import { ZswapError } from '../std/error.ts';
import type { Speaking } from './channels.ts';
import { UnderWay } from './under-way.ts';

export class MachineCore {
  readonly stack: EngineStack;
  readonly mm: Mm;
  /** For accesses that do not wait, and so end before another begins. */
  readonly now: Access;
  readonly underWay: UnderWay = new UnderWay();
  readonly #speaking: Speaking;
  /** Nothing new is taken. */
  closing = false;
  /** Nothing is under way any more. */
  closed = false;
  pinnedPages = 0;

  constructor(stack: EngineStack, mm: Mm, speaking: Speaking) {
    this.stack = stack;
    this.mm = mm;
    this.#speaking = speaking;
    this.now = new Access(mm);
  }

  /** @throws ZswapError `ZSWAP_CLOSED` or `ZSWAP_BUSY` unless it may be used now */
  assertUsable(): void {
    if (this.closing) throw new ZswapError('ZSWAP_CLOSED', 'the machine is closed');
    if (!this.#speaking.speaking) return;
    throw new ZswapError('ZSWAP_BUSY', 'a diagnostics subscriber may not use the machine');
  }

  /** The error for an access that has failed. */
  failure(error: Errno, what: string): Error {
    // What is not named here, no access ends with; a device that refuses says EIO.
    switch (error as number) {
      case ENOMEM:
        return new ZswapError('ZSWAP_NO_MEMORY', `${what}: ${this.#whyNoMemory()}`);
      case EBADMSG:
        return new ZswapError('ZSWAP_CORRUPT', `${what}: a page is not what was stored`);
      case EBUSY:
        return new ZswapError('ZSWAP_BUSY', `${what}: it is in use`);
      case EINVAL:
        return new TypeError(`${what}: the bytes were detached or made smaller meanwhile`);
      default:
        return new ZswapError('ZSWAP_DEVICE_IO', `${what}: the swap device cannot be read`);
    }
  }

  #whyNoMemory(): string {
    const { frames } = this.mm;
    const { backing } = this.stack.swap;
    const device =
      backing === undefined ? 'there is no swap device' : `${backing.freePages} free device pages`;
    return (
      'no page frame can be had within the limits; ' +
      `${frames.usedPages} of ${frames.pageLimit} frames are in use, ` +
      `${this.pinnedPages} pages pinned, ${device}`
    );
  }
}

/** Says whether an access has ended as wished; throws what went wrong. */
export function outcome(core: MachineCore, access: Access, result: AccessResult): boolean {
  if (result === 'failed') throw core.failure(access.error, 'a page cannot be had');
  return result === 'done';
}
