/**
 * Notes which slots each step touches, for the reduction: whoever takes, gives up or asks for a
 * slot, and whoever changes what backs one, leaves its name in the footprint of its step. The same
 * for the staging page that all requests share.
 */
import type { Payload } from '../../blk/payload.ts';
import type { Codec, CodecLane } from '../../codec/codec.ts';
import type { SwapSlot } from '../../swap/table.ts';
import { EVERYTHING } from '../engine/scheduler.ts';
import type { SimRt } from '../engine/rt-sim.ts';
import type { World } from './world.ts';

/** The name of a slot in a footprint. */
export function slotName(slot: number): string {
  return `slot ${slot}`;
}

/** Makes a world leave the names of slots in the footprints of its runtime. */
export function watchSlots({ rt, swap }: World): void {
  rt.watching = true;
  const { cache } = swap;
  const touch = (slot: SwapSlot): void => rt.touch(slotName(slot));
  const { lock, tryLock, unlock, isBusy, isShared, isOwner, share, anyBusy } = bound(cache);
  cache.lock = (slot, task) => {
    touch(slot);
    const taken = lock(slot, task);
    if (!taken) rt.stopAt('queued');
    return taken;
  };
  cache.tryLock = (slot, task) => (touch(slot), tryLock(slot, task));
  cache.unlock = (slot, task) => (touch(slot), unlock(slot, task));
  cache.isBusy = (slot) => (touch(slot), isBusy(slot));
  cache.isShared = (slot) => (touch(slot), isShared(slot));
  cache.isOwner = (slot, task) => (touch(slot), isOwner(slot, task));
  cache.share = (slot, task) => (touch(slot), share(slot, task));
  cache.anyBusy = (first, end) => (rt.touch(EVERYTHING), anyBusy(first, end));
  const { free, setZero, setEntry, setDevice } = boundSwap(swap);
  swap.free = (slot) => (touch(slot), free(slot));
  swap.setZero = (slot) => (touch(slot), setZero(slot));
  swap.setEntry = (slot, entry) => (touch(slot), setEntry(slot, entry));
  swap.setDevice = (slot, page) => (touch(slot), setDevice(slot, page));
}

const STAGING_PAGE = 'staging page';

/** Makes whoever fills the staging page of all requests leave its name. */
export function watchStaging(rt: SimRt, payload: Payload): void {
  const stagePage = payload.stagePage.bind(payload);
  payload.stagePage = (offset) => {
    rt.touch(STAGING_PAGE);
    return stagePage(offset);
  };
}

/**
 * A codec that leaves the name of the staging page when it compresses from there, and understands
 * streams only while they are whole.
 */
export function watchedCodec(
  codec: Codec,
  rt: SimRt,
  payload: Payload,
  isWhole: () => boolean,
): Codec {
  const createLane = (): CodecLane => {
    const lane = codec.createLane();
    const compress = lane.compress.bind(lane);
    lane.compress = (page) => {
      if (page === payload.stage) rt.touch(STAGING_PAGE);
      return compress(page);
    };
    const decompress = lane.decompress.bind(lane);
    lane.decompress = (...stream) => isWhole() && decompress(...stream);
    return lane;
  };
  return { name: codec.name, spec: codec.spec, createLane };
}

type Cache = World['swap']['cache'];
type SwapVerbs = Pick<World['swap'], 'free' | 'setZero' | 'setEntry' | 'setDevice'>;

function bound(cache: Cache): Omit<Cache, 'busySlots' | 'metadataBytes'> {
  return {
    lock: cache.lock.bind(cache),
    tryLock: cache.tryLock.bind(cache),
    unlock: cache.unlock.bind(cache),
    isBusy: cache.isBusy.bind(cache),
    isShared: cache.isShared.bind(cache),
    isOwner: cache.isOwner.bind(cache),
    share: cache.share.bind(cache),
    anyBusy: cache.anyBusy.bind(cache),
  };
}

function boundSwap(swap: World['swap']): SwapVerbs {
  return {
    free: swap.free.bind(swap),
    setZero: swap.setZero.bind(swap),
    setEntry: swap.setEntry.bind(swap),
    setDevice: swap.setDevice.bind(swap),
  };
}
