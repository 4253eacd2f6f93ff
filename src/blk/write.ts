/**
 * Write: pages into the pool, in ascending order, each replacing what its slot held in one section.
 * A page that zswap refuses is collected with its neighbours and written to the device in one go;
 * its slot stays owned and its older copy stays in force until the device has acknowledged. A page
 * that is covered in part is brought in, changed and stored whole.
 *
 * Zeroing is the same with zeros, for the pages covered in part; see `discard.ts` for the others.
 */
import { assert, present } from '../std/assert.ts';
import { EIO, ENOSPC, OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { isZeroFilled } from '../page/page.ts';
import { BIO_PAGES, type Bio } from '../swap/device/device.ts';
import { loadPage } from '../zswap/load.ts';
import { countStored, storePage } from '../zswap/store.ts';
import {
  countDeviceRead,
  countZeroRead,
  pageDone,
  pageFailed,
  sliceOver,
  slotOf,
  type DiskContext,
  type Step,
} from './disk-context.ts';
import { wrongStage, type DiskRequest } from './disk-request.ts';
import { finishFlush, startFlush } from './flush.ts';

/** Runs a write as far as it goes. */
export function runWrite(context: DiskContext, request: DiskRequest): Step {
  for (;;) {
    if (request.stage === 'next') {
      const ended = request.done === request.length || request.error !== OK || request.abandoned;
      if (ended && request.bioCount === 0) return 'finished';
      if (ended || mustFlush(request)) request.stage = 'flush';
      else if (!payloadThere(request)) return 'waiting';
      else if (sliceOver(context, request)) return 'waiting';
      else if (!takeSlot(context, request)) return 'waiting';
    } else if (runWritePage(context, request) === 'waiting') return 'waiting';
  }
}

/** Runs a request whose next page's slot is owned, or that moves collected pages. */
export function runWritePage(context: DiskContext, request: DiskRequest): Step {
  switch (request.stage) {
    case 'locked':
      return writeLocked(context, request);
    case 'fill':
    case 'fill-bio':
      return fillFromDevice(context, request);
    case 'filling':
      finishFill(context, request);
      return 'finished';
    case 'store':
      return storeNext(context, request);
    case 'spill':
    case 'spill-bio':
      return spillNext(context, request);
    case 'flush':
      return startFlush(context, request);
    case 'flushing':
      finishFlush(context, request);
      return 'finished';
    case 'next':
    case 'device':
    case 'device-bio':
    case 'reading':
    case 'finished':
      return wrongStage(request);
  }
}

/** Says whether the collected pages must go before the next page is looked at. */
function mustFlush(request: DiskRequest): boolean {
  if (request.bioCount === 0) return false;
  // Nobody may wait for slots that this request keeps while it waits for its client.
  return request.take < PAGE_SIZE || request.available < request.done + request.take;
}

function payloadThere(request: DiskRequest): boolean {
  request.waitsForPayload = request.available < request.done + request.take;
  return !request.waitsForPayload;
}

/** Takes the next page's slot; who keeps others already does not queue but moves those first. */
function takeSlot(context: DiskContext, request: DiskRequest): boolean {
  const slot = slotOf(context, request);
  if (request.bioCount > 0 && !context.swap.cache.tryLock(slot, request)) {
    request.stage = 'flush';
    return true;
  }
  request.stage = 'locked';
  if (request.bioCount === 0 && !context.swap.cache.lock(slot, request)) return false;
  return !context.rt.point('blk.write.locked', request);
}

function writeLocked(context: DiskContext, request: DiskRequest): Step {
  if (request.take < PAGE_SIZE) {
    request.stage = 'fill';
    return fillFromMemory(context, request);
  }
  const page = present(request.payload).stagePage(request.payloadAt);
  return storeFirst(context, request, page);
}

/** Brings in a page that is covered in part, unless it is on the device. */
function fillFromMemory(context: DiskContext, request: DiskRequest): Step {
  const slot = slotOf(context, request);
  const kind = context.swap.table.kind(slot);
  if (kind === 'device') return 'finished';
  if (kind === 'entry') {
    if (loadPage(context.zswap, slot, 'retain', request.page, 0) !== 'loaded') {
      pageFailed(context, request, EIO);
      return 'finished';
    }
  } else {
    request.page.fill(0);
    if (kind === 'zero') {
      countZeroRead(context);
    }
  }
  overlay(request);
  return storeFirst(context, request, request.page);
}

function fillFromDevice(context: DiskContext, request: DiskRequest): Step {
  const { backing, table } = context.swap;
  assert(backing !== undefined && request.bioCount === 0);
  if (request.stage === 'fill-bio') request.bio = backing.bios.takePromised();
  else request.bio = backing.bios.take(request);
  if (request.bio === undefined) {
    request.stage = 'fill-bio';
    return 'waiting';
  }
  request.bio.devicePage = table.payload(slotOf(context, request));
  request.bio.pageCount = 1;
  request.bio.onDone = request.bioDone;
  request.stage = 'filling';
  backing.submit(request.bio, false);
  return 'waiting';
}

function finishFill(context: DiskContext, request: DiskRequest): void {
  const { backing } = context.swap;
  const bio = request.bio;
  assert(backing !== undefined && bio !== undefined);
  const failed = bio.error !== OK || !backing.verify(bio, 0);
  if (bio.error !== OK) backing.countError(false);
  if (!failed) {
    request.page.set(present(bio.pages[0]));
    countDeviceRead(context);
    overlay(request);
  }
  request.bio = undefined;
  backing.bios.put(bio);
  if (failed) pageFailed(context, request, EIO);
  else {
    request.stage = 'store';
    request.store.begin(slotOf(context, request), context.area.memcg, request.page);
  }
}

/** Puts the bytes that the request covers over its page. Only first and last pages come here. */
function overlay(request: DiskRequest): void {
  const { within, take } = request;
  if (request.op === 'zero') request.page.fill(0, within, within + take);
  else {
    const { bytes } = present(request.payload);
    request.page.set(bytes.subarray(request.payloadAt, request.payloadAt + take), within);
  }
}

function storeFirst(context: DiskContext, request: DiskRequest, page: Uint8Array): Step {
  request.store.begin(slotOf(context, request), context.area.memcg, page);
  request.stage = 'store';
  return storeNext(context, request);
}

/** Stores the page that `request.store` holds; a zero-filled one needs no store. */
function storeNext(context: DiskContext, request: DiskRequest): Step {
  const { store } = request;
  const { memcg } = context.area;
  if (store.stage === 'admit' && isZeroFilled(store.page)) {
    context.swap.setZero(store.slot);
    context.swap.vmstat.swpout_zero += 1;
    memcg.events.swpout_zero += 1;
    pageDone(context, request);
    return 'finished';
  }
  const result = storePage(context.zswap, store, request);
  if (result === 'waiting') return 'waiting';
  if (result === 'stored') {
    countStored(context.zswap, memcg, 1);
    pageDone(context, request);
  } else if (context.swap.backing === undefined || !memcg.writebackEnabled()) {
    pageFailed(context, request, ENOSPC);
  } else request.stage = 'spill';
  return 'finished';
}

/** Collects a page that zswap refused. */
function spillNext(context: DiskContext, request: DiskRequest): Step {
  const backing = context.swap.backing;
  assert(backing !== undefined);
  if (request.stage === 'spill-bio') request.bio = backing.bios.takePromised();
  request.bio ??= backing.bios.take(request);
  if (request.bio === undefined) {
    request.store.keepPage();
    request.stage = 'spill-bio';
    return 'waiting';
  }
  collect(request, request.bio);
  return 'finished';
}

function collect(request: DiskRequest, bio: Bio): void {
  assert(request.bioCount < BIO_PAGES);
  present(bio.pages[request.bioCount]).set(request.store.page);
  request.bioSlots[request.bioCount] = request.store.slot;
  request.bioCount += 1;
  // The slot stays owned; the page itself is in the bio.
  request.advance(request.take);
  request.stage = request.bioCount === BIO_PAGES ? 'flush' : 'next';
}
