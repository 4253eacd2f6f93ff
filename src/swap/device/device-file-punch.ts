/**
 * Gives the space of discarded segments back in the background, one segment at a time, and keeps
 * writes away from a segment meanwhile. Stands between a file device's write and its requests.
 *
 * Holes are punched by the helper process. Where that is impossible (no tools, no support in the
 * file system, a helper that died) the free tail of a file is cut off instead, and what is free
 * before it stays held.
 */
import type { Rt, Task } from '../../rt/rt.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { DeviceHelper } from './device-file-helper.ts';
import type { FileRequest } from './device-file-request.ts';
import type { Segments } from './segments.ts';

export interface DevicePuncherOptions {
  readonly rt: Rt;
  readonly segments: Segments;
  readonly helper: DeviceHelper;
  /** Cuts storage off behind so many bytes and restores the size; `undefined` if that cannot be. */
  readonly cutTail: ((bytes: number) => Promise<void>) | undefined;
  /** Told once, in a sentence, when holes turn out to be impossible. */
  readonly onWarning: (message: string) => void;
}

export class DevicePuncher implements Task {
  readonly #rt: Rt;
  readonly #segments: Segments;
  readonly #helper: DeviceHelper;
  readonly #cutTail: ((bytes: number) => Promise<void>) | undefined;
  readonly #onWarning: (message: string) => void;
  #canPunch: boolean;
  #canCut: boolean;
  /** A punch or a cut is under way. */
  #isBusy = false;
  #isWoken = false;
  #isEnding = false;
  /** Writes to a segment being given back. */
  #parked: FileRequest[] = [];
  #onSettled: (() => void)[] = [];

  constructor(options: DevicePuncherOptions) {
    this.#rt = options.rt;
    this.#segments = options.segments;
    this.#helper = options.helper;
    this.#cutTail = options.cutTail;
    this.#onWarning = options.onWarning;
    this.#canPunch = true;
    this.#canCut = options.cutTail !== undefined;
    if (options.helper.state !== 'ready') this.#giveUpPunching('the tools for it are missing');
  }

  /** Starts a write, or parks it until its segments are not being given back any more. */
  submitWrite(request: FileRequest): void {
    const { devicePage, pageCount } = request.bio;
    if (this.#segments.mustWait(devicePage, pageCount)) {
      this.#parked.push(request);
      return;
    }
    this.#segments.markWritten(devicePage, pageCount);
    request.start();
  }

  /** Notes that pages hold nothing; a segment that becomes wholly free is given back later. */
  discard(devicePage: number, pageCount: number): void {
    this.#segments.markFree(devicePage, pageCount);
    if (this.#segments.queuedCount > 0) this.#wake();
  }

  /** Gives back the next segment. */
  resume(): void {
    this.#isWoken = false;
    if (!this.#isBusy && !this.#isEnding) {
      if (this.#canPunch) this.#punchNext();
      else this.#cut();
    }
    this.#tellIfSettled();
  }

  /** Resolves when nothing is being given back and nothing is queued. */
  async settled(): Promise<void> {
    while (!this.#isSettled()) {
      await new Promise<void>((resolve) => this.#onSettled.push(resolve));
    }
  }

  /** Finishes what is under way, leaves what is queued, and ends the helper. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#helper.end();
    await this.settled();
  }

  #isSettled(): boolean {
    return (
      !this.#isBusy && (this.#isEnding || (!this.#isWoken && this.#segments.queuedCount === 0))
    );
  }

  #tellIfSettled(): void {
    if (!this.#isSettled()) return;
    const waiting = this.#onSettled;
    this.#onSettled = [];
    for (const resolve of waiting) resolve();
  }

  #wake(): void {
    if (this.#isWoken || this.#isBusy || this.#isEnding) return;
    this.#isWoken = true;
    this.#rt.wake(this);
  }

  #punchNext(): void {
    if (this.#helper.state !== 'ready') {
      this.#giveUpPunching('the helper process has ended');
      this.#cut();
      return;
    }
    const segment = this.#segments.takeQueued();
    if (segment < 0) return;
    const first = this.#segments.firstStoragePage(segment);
    const pages = this.#segments.endStoragePage(segment) - first;
    this.#isBusy = true;
    this.#helper.punch(first * PAGE_SIZE, pages * PAGE_SIZE, (failure) => {
      this.#segments.endPunch(segment, failure === undefined);
      if (failure !== undefined) this.#giveUpPunching(failure);
      this.#goOn(failure !== undefined);
    });
  }

  #giveUpPunching(reason: string): void {
    this.#canPunch = false;
    const consequence = this.#canCut
      ? 'only its free end can be given back'
      : 'what is free in it stays held';
    this.#onWarning(`holes cannot be punched into it (${reason}); ${consequence}`);
  }

  #cut(): void {
    const first = this.#canCut ? this.#segments.takeTail() : -1;
    if (this.#cutTail === undefined || first < 0) {
      this.#segments.dropQueue();
      return;
    }
    this.#isBusy = true;
    const bytes = this.#segments.firstStoragePage(first) * PAGE_SIZE;
    const onEnd = (isGiven: boolean): void => {
      for (let segment = first; segment < this.#segments.segmentCount; segment++) {
        this.#segments.endPunch(segment, isGiven);
      }
      if (!isGiven) {
        this.#canCut = false;
        this.#onWarning('its free end could not be cut off; what is free in it stays held');
      }
      this.#goOn(false);
    };
    this.#cutTail(bytes).then(
      () => onEnd(true),
      () => onEnd(false),
    );
  }

  /** After a punch or a cut: lets the parked writes go, then looks for more to give back. */
  #goOn(hasMore: boolean): void {
    this.#isBusy = false;
    const parked = this.#parked;
    this.#parked = [];
    for (const request of parked) this.submitWrite(request);
    if (hasMore || this.#segments.queuedCount > 0) this.#wake();
    this.#tellIfSettled();
  }
}
