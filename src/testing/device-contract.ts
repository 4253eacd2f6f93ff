/**
 * What every backing swap device must do, as a suite of tests that any implementation can run. The
 * test runner is passed in, so this file imports none.
 */
import { assert, present } from '../std/assert.ts';
import { OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { BIO_PAGES, Bio } from '../swap/device/device.ts';
import type { SwapDevice } from '../swap/device/device.ts';

/** The part of a test runner that the suite needs; `node:test` fits. */
export interface ContractRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

export interface DeviceContractOptions {
  /** Names the implementation in the report. */
  readonly name: string;
  /** Opens a fresh device of at least {@link DEVICE_CONTRACT_PAGES} pages. */
  readonly create: () => Promise<SwapDevice>;
  readonly test: ContractRunner;
}

/** Pages a device must have for {@link deviceContract}. */
export const DEVICE_CONTRACT_PAGES = 256;

const RANDOM_STEPS = 400;

/** Runs the contract of {@link SwapDevice} against one implementation. */
export function deviceContract(options: DeviceContractOptions): void {
  const { name, test } = options;
  const behaviour = (sentence: string, body: (device: SwapDevice) => Promise<void>): void => {
    test.it(sentence, async () => {
      const device = await options.create();
      assert(device.pageCount >= DEVICE_CONTRACT_PAGES, 'the device is too small for the suite');
      try {
        await body(device);
      } finally {
        await device.close();
      }
    });
  };
  test.describe(`device contract: ${name}`, () => {
    behaviour('reads back a single page', (device) => checkRun(device, 0, 1));
    behaviour('reads back a run of the largest size', (device) => checkRun(device, 3, BIO_PAGES));
    behaviour('reads back the last page', (device) => checkRun(device, device.pageCount - 1, 1));
    behaviour('reads single pages out of a longer run that was written', checkPartOfRun);
    behaviour('reads what was written last', checkRewrite);
    behaviour('leaves the memory behind the last page read as it was', checkMemoryBehindRun);
    behaviour('never completes a request from inside submit', checkCompletesLater);
    behaviour('completes each of many requests in flight exactly once', checkManyInFlight);
    behaviour('accepts the same bio again from its own completion', checkChain);
    behaviour('keeps the neighbours of a discarded page', checkDiscard);
    behaviour('refuses pages outside the device', checkRange);
    behaviour('agrees with a model over random writes, reads and discards', checkRandom);
  });
}

/** Submits a request and waits for its end. */
function submit(device: SwapDevice, bio: Bio, isWrite: boolean): Promise<void> {
  return new Promise((resolve) => {
    bio.onDone = (): void => resolve();
    if (isWrite) device.write(bio);
    else device.read(bio);
  });
}

function place(bio: Bio, devicePage: number, pageCount: number): Bio {
  bio.devicePage = devicePage;
  bio.pageCount = pageCount;
  bio.error = OK;
  return bio;
}

/** Fills each page of a bio with bytes that tell page and version apart from all others. */
function stamp(bio: Bio, version: number): void {
  for (let index = 0; index < bio.pageCount; index++) {
    const page = present(bio.pages[index]);
    for (let at = 0; at < PAGE_SIZE; at++)
      page[at] = stampByte(bio.devicePage + index, version, at);
  }
}

function stampByte(devicePage: number, version: number, at: number): number {
  return (Math.imul(devicePage * 31 + version * 7 + (at >>> 3), 0x9e3779b1) >>> 13) & 0xff;
}

function holdsStamp(page: Uint8Array, devicePage: number, version: number): boolean {
  return page.every((byte, at) => byte === stampByte(devicePage, version, at));
}

async function writeStamped(
  device: SwapDevice,
  devicePage: number,
  pageCount: number,
  version: number,
): Promise<void> {
  const bio = place(new Bio(), devicePage, pageCount);
  stamp(bio, version);
  await submit(device, bio, true);
  assert(bio.error === OK, `write of page ${devicePage} failed with ${bio.error}`);
}

async function checkStamped(
  device: SwapDevice,
  devicePage: number,
  pageCount: number,
  version: number,
): Promise<void> {
  const bio = place(new Bio(), devicePage, pageCount);
  await submit(device, bio, false);
  assert(bio.error === OK, `read of page ${devicePage} failed with ${bio.error}`);
  for (let index = 0; index < pageCount; index++) {
    const isRight = holdsStamp(present(bio.pages[index]), devicePage + index, version);
    assert(isRight, `page ${devicePage + index} does not hold version ${version}`);
  }
}

async function checkRun(device: SwapDevice, devicePage: number, pageCount: number): Promise<void> {
  await writeStamped(device, devicePage, pageCount, 1);
  await checkStamped(device, devicePage, pageCount, 1);
}

async function checkPartOfRun(device: SwapDevice): Promise<void> {
  await writeStamped(device, 10, BIO_PAGES, 1);
  for (const page of [10, 17, 10 + BIO_PAGES - 1]) await checkStamped(device, page, 1, 1);
}

async function checkRewrite(device: SwapDevice): Promise<void> {
  await writeStamped(device, 8, 4, 1);
  await writeStamped(device, 9, 2, 2);
  await checkStamped(device, 8, 1, 1);
  await checkStamped(device, 9, 2, 2);
  await checkStamped(device, 11, 1, 1);
}

async function checkMemoryBehindRun(device: SwapDevice): Promise<void> {
  await writeStamped(device, 0, 4, 1);
  const bio = place(new Bio(), 0, 2);
  bio.bytes.fill(0xa5);
  await submit(device, bio, false);
  const behind = bio.bytes.subarray(2 * PAGE_SIZE);
  assert(
    behind.every((byte) => byte === 0xa5),
    'memory behind the run was written to',
  );
}

async function checkCompletesLater(device: SwapDevice): Promise<void> {
  for (const isWrite of [true, false]) {
    const bio = place(new Bio(), 5, 1);
    let isSubmitting = true;
    await new Promise<void>((resolve) => {
      bio.onDone = (): void => {
        assert(!isSubmitting, 'completed from inside submit');
        resolve();
      };
      if (isWrite) device.write(bio);
      else device.read(bio);
      isSubmitting = false;
    });
  }
}

async function checkManyInFlight(device: SwapDevice): Promise<void> {
  const bios = Array.from({ length: 24 }, (_, index) => place(new Bio(), index * 4, 4));
  const completions = bios.map(() => 0);
  for (const isWrite of [true, false]) {
    await new Promise<void>((resolve) => {
      let left = bios.length;
      for (const [index, bio] of bios.entries()) {
        if (isWrite) stamp(bio, 3);
        bio.onDone = (): void => {
          completions[index] = present(completions[index]) + 1;
          assert(bio.error === OK, 'a request failed');
          if (--left === 0) resolve();
        };
        if (isWrite) device.write(bio);
        else device.read(bio);
      }
    });
  }
  for (const [index, bio] of bios.entries()) {
    assert(completions[index] === 2, 'a request did not complete exactly once');
    for (let page = 0; page < bio.pageCount; page++) {
      assert(holdsStamp(present(bio.pages[page]), bio.devicePage + page, 3), 'wrong data');
    }
  }
}

async function checkChain(device: SwapDevice): Promise<void> {
  const bio = place(new Bio(), 0, 2);
  await new Promise<void>((resolve) => {
    bio.onDone = (): void => {
      if (bio.devicePage === 16) {
        resolve();
        return;
      }
      bio.devicePage += 2;
      stamp(bio, 4);
      device.write(bio);
    };
    stamp(bio, 4);
    device.write(bio);
  });
  await checkStamped(device, 0, 18, 4);
}

async function checkDiscard(device: SwapDevice): Promise<void> {
  await writeStamped(device, 20, 8, 1);
  device.discard(22, 3);
  device.discard(22, 1);
  await checkStamped(device, 20, 2, 1);
  await checkStamped(device, 25, 3, 1);
  await writeStamped(device, 22, 3, 2);
  await checkStamped(device, 22, 3, 2);
}

async function checkRange(device: SwapDevice): Promise<void> {
  const outside: readonly (readonly [number, number])[] = [
    [device.pageCount, 1],
    [device.pageCount - 1, 2],
    [-1, 1],
    [0, 0],
    [0, BIO_PAGES + 1],
  ];
  for (const [devicePage, pageCount] of outside) {
    const bio = place(new Bio(), devicePage, pageCount);
    assert(
      isThrown(() => device.read(bio)),
      `read of ${pageCount} at ${devicePage} was accepted`,
    );
    assert(
      isThrown(() => device.write(bio)),
      `write of ${pageCount} at ${devicePage} was accepted`,
    );
  }
  assert(
    isThrown(() => device.discard(device.pageCount, 1)),
    'discard outside was accepted',
  );
  await checkRun(device, 0, 1);
}

function isThrown(call: () => void): boolean {
  try {
    call();
  } catch {
    return true;
  }
  return false;
}

async function checkRandom(device: SwapDevice): Promise<void> {
  const versions = new Uint16Array(DEVICE_CONTRACT_PAGES);
  let state = 20_26;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  for (let step = 1; step <= RANDOM_STEPS; step++) {
    const pageCount = 1 + below(BIO_PAGES);
    const devicePage = below(DEVICE_CONTRACT_PAGES - pageCount);
    const end = devicePage + pageCount;
    const verb = below(4);
    if (verb < 2) {
      await writeStamped(device, devicePage, pageCount, step);
      versions.fill(step, devicePage, end);
    } else if (verb === 2) {
      device.discard(devicePage, pageCount);
      versions.fill(0, devicePage, end);
    } else {
      for (let page = devicePage; page < end; page++) {
        const version = present(versions[page]);
        if (version > 0) await checkStamped(device, page, 1, version);
      }
    }
  }
}
