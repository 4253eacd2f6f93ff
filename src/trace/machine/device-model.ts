/**
 * A swap device of a simulated machine: how long its requests take, and as much of what was written
 * as a simulated page has. A request waits for one of a few channels, then takes a time of its own
 * and one for each page; on a disk that has to move, less where it goes on from the last one.
 */
import { assert, present } from '../../std/assert.ts';
import { OK } from '../../std/errno.ts';
import type { Bio, SwapDevice } from '../../swap/device/device.ts';
import { PAGE_WORDS, readWords, writeWords } from './sized-page.ts';
import type { VirtualRt } from './virtual-rt.ts';

/** How long requests take, in microseconds. */
export interface DeviceLatency {
  readonly readUs: number;
  readonly writeUs: number;
  /** Of each page, beside the request. */
  readonly pageUs: number;
  /** A request that goes on where the last one ended; as `readUs` or `writeUs` if undefined. */
  readonly sequentialUs?: number;
  /** Requests that are served at the same time. */
  readonly channels: number;
}

/** Plain examples of their kinds, not products. */
export const DEVICES: Readonly<Record<string, DeviceLatency>> = {
  nvme: { readUs: 80, writeUs: 20, pageUs: 2, channels: 8 },
  ssd: { readUs: 120, writeUs: 60, pageUs: 8, channels: 4 },
  hdd: { readUs: 8000, writeUs: 8000, pageUs: 27, sequentialUs: 100, channels: 1 },
  sdcard: { readUs: 600, writeUs: 3000, pageUs: 200, channels: 1 },
  network: { readUs: 400, writeUs: 400, pageUs: 35, channels: 4 },
};

/** What {@link parseDevice} takes, for messages. */
export const DEVICE_FORM: string = [
  ...Object.keys(DEVICES),
  'or read=US,write=US,page=US,channels=N',
].join(', ');

/** @throws RangeError that says what is taken */
export function parseDevice(text: string): DeviceLatency {
  const known = Object.hasOwn(DEVICES, text) ? DEVICES[text] : undefined;
  if (known !== undefined) return known;
  const values: Record<string, number> = { read: -1, write: -1, page: 0, channels: 1 };
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    if (!Object.hasOwn(values, name) || !/^\d{1,9}(?:\.\d+)?$/.test(value)) {
      throw new RangeError(`'${text}' is not a device; it takes ${DEVICE_FORM}`);
    }
    values[name] = Number(value);
  }
  const { read = -1, write = -1, page = 0, channels = 1 } = values;
  if (read < 0 || write < 0 || !(Number.isInteger(channels) && channels >= 1)) {
    throw new RangeError(`'${text}' is not a device; it takes ${DEVICE_FORM}`);
  }
  return { readUs: read, writeUs: write, pageUs: page, channels };
}

export class DeviceModel implements SwapDevice {
  readonly name = 'simulated';
  readonly direct = true;
  readonly pageCount: number;
  readonly #rt: VirtualRt;
  readonly #latency: DeviceLatency;
  /** When each channel is free again. */
  readonly #freeUs: Float64Array;
  /** What is known of the page at each place. */
  readonly #words: Uint32Array;
  #lastEnd = -1;

  constructor(rt: VirtualRt, pageCount: number, latency: DeviceLatency) {
    assert(pageCount > 0);
    this.#rt = rt;
    this.pageCount = pageCount;
    this.#latency = latency;
    this.#freeUs = new Float64Array(latency.channels);
    this.#words = new Uint32Array(pageCount * PAGE_WORDS);
  }

  heldBytes(): number {
    return 0;
  }

  read(bio: Bio): void {
    this.#submit(bio, this.#latency.readUs, () => {
      for (let i = 0; i < bio.pageCount; i += 1) {
        writeWords(present(bio.pages[i]), 0, this.#words, (bio.devicePage + i) * PAGE_WORDS);
      }
    });
  }

  write(bio: Bio): void {
    this.#submit(bio, this.#latency.writeUs, () => {
      for (let i = 0; i < bio.pageCount; i += 1) {
        readWords(present(bio.pages[i]), this.#words, (bio.devicePage + i) * PAGE_WORDS);
      }
    });
  }

  discard(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #submit(bio: Bio, baseUs: number, move: () => void): void {
    const { pageUs, sequentialUs } = this.#latency;
    const isSequential = bio.devicePage === this.#lastEnd;
    this.#lastEnd = bio.devicePage + bio.pageCount;
    const requestUs = isSequential ? (sequentialUs ?? baseUs) : baseUs;
    const channel = this.#nextFree();
    const startUs = Math.max(this.#rt.nowUs, this.#freeUs[channel] ?? 0);
    const endUs = startUs + requestUs + pageUs * bio.pageCount;
    this.#freeUs[channel] = endUs;
    this.#rt.at(endUs, () => {
      move();
      bio.error = OK;
      bio.onDone(bio);
    });
  }

  #nextFree(): number {
    let best = 0;
    for (let channel = 1; channel < this.#freeUs.length; channel += 1) {
      if ((this.#freeUs[channel] ?? 0) < (this.#freeUs[best] ?? 0)) best = channel;
    }
    return best;
  }
}
