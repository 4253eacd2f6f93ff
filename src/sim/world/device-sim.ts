/**
 * A backing swap device whose requests complete when the scheduler says, in any order, and which
 * can be told to fail and to lie. It also watches its users: two requests under way on one page, at
 * least one of them a write, are a violation of the protocol above it.
 */
import { InvariantError, present } from '../../std/assert.ts';
import { EIO, OK, type Errno } from '../../std/errno.ts';
import type { SimRt } from '../engine/rt-sim.ts';
import type { Bio, SwapDevice } from '../../swap/device/device.ts';

/** The chance of what happens each time; half of it leaves it to the scheduler. */
export const ALWAYS = 256;

function flipBit(page: Uint8Array): void {
  page[0] = present(page[0]) ^ 1;
}

export class DeviceSim implements SwapDevice {
  readonly name = 'sim';
  readonly direct = true;
  readonly pageCount: number;
  readonly #rt: SimRt;
  readonly #contents = new Map<number, Uint8Array>();
  readonly #reading = new Map<number, number>();
  readonly #writing = new Set<number>();
  /** Names of the requests under way. */
  readonly #names = new Set<string>();
  /** Requests that have been submitted and have not completed. */
  underWay = 0;
  /** Chance of an error, of {@link ALWAYS}, for reads and for writes. */
  readErrors = 0;
  writeErrors = 0;
  /** Chance of a page that is read other than it was written, and of a write that gets lost. */
  corruptReads = 0;
  lostWrites = 0;
  /** What a write that fails ends with. */
  writeError: Errno = EIO;

  constructor(rt: SimRt, pageCount: number) {
    this.#rt = rt;
    this.pageCount = pageCount;
  }

  heldBytes(): number {
    return 0;
  }

  read(bio: Bio): void {
    for (let i = 0; i < bio.pageCount; i += 1) {
      const page = bio.devicePage + i;
      this.#check(!this.#writing.has(page), `read of page ${page} while it is written`);
      this.#reading.set(page, (this.#reading.get(page) ?? 0) + 1);
    }
    this.#complete(bio, () => {
      for (let i = 0; i < bio.pageCount; i += 1) {
        const page = bio.devicePage + i;
        this.#reading.set(page, present(this.#reading.get(page)) - 1);
        const content = this.#contents.get(page);
        if (content !== undefined) present(bio.pages[i]).set(content);
        if (this.#fails(this.corruptReads)) flipBit(present(bio.pages[i]));
      }
      return this.#fails(this.readErrors) ? EIO : OK;
    });
  }

  write(bio: Bio): void {
    for (let i = 0; i < bio.pageCount; i += 1) {
      const page = bio.devicePage + i;
      this.#check(!this.#writing.has(page), `two writes of page ${page}`);
      this.#check((this.#reading.get(page) ?? 0) === 0, `write of page ${page} while it is read`);
      this.#writing.add(page);
    }
    this.#complete(bio, () => {
      const failed = this.#fails(this.writeErrors);
      for (let i = 0; i < bio.pageCount; i += 1) {
        this.#writing.delete(bio.devicePage + i);
        // A write that fails may have reached some of its pages.
        if (failed && this.#fails(128)) continue;
        if (!failed && this.#fails(this.lostWrites)) continue;
        this.#contents.set(bio.devicePage + i, present(bio.pages[i]).slice());
      }
      return failed ? this.writeError : OK;
    });
  }

  discard(devicePage: number, pageCount: number): void {
    this.#touch(devicePage, pageCount);
    for (let page = devicePage; page < devicePage + pageCount; page += 1) {
      this.#check(!this.#writing.has(page), `discard of page ${page} while it is written`);
      this.#check((this.#reading.get(page) ?? 0) === 0, `discard of page ${page} while it is read`);
      this.#contents.delete(page);
    }
  }

  async close(): Promise<void> {
    await this.#rt.yieldNow();
  }

  #complete(bio: Bio, transfer: () => Errno): void {
    const rt = this.#rt;
    const completion = {
      resume: () => {
        this.underWay -= 1;
        this.#touch(bio.devicePage, bio.pageCount);
        bio.error = transfer();
        this.#names.delete(rt.actor);
        bio.onDone(bio);
        rt.stopAt('completed');
      },
    };
    this.underWay += 1;
    this.#touch(bio.devicePage, bio.pageCount);
    // One that reads ahead has several requests under way.
    const name = `device of ${rt.actor}`;
    const isFirst = !this.#names.has(name);
    const actor = isFirst ? name : `${name}, page ${bio.devicePage}`;
    this.#names.add(actor);
    rt.nameTask(completion, actor);
    rt.ready(completion, `device page ${bio.devicePage}`);
  }

  /** The device's state is that of its pages, and nobody else sees it. */
  #touch(devicePage: number, pageCount: number): void {
    for (let i = 0; i < pageCount; i += 1) this.#rt.touch(`device page ${devicePage + i}`);
  }

  #fails(chance: number): boolean {
    if (chance >= ALWAYS) return true;
    return chance > 0 && (this.#rt.randomU32() & (ALWAYS - 1)) < chance;
  }

  #check(condition: boolean, message: string): void {
    if (!condition) throw new InvariantError(message);
  }
}
