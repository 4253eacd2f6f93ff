/**
 * Read: pages from wherever each is, in ascending order. Pages in the pool are decompressed into
 * the payload and kept; consecutive device pages come in one device read.
 */
import { assert, present } from '../std/assert.ts';
import { EIO, OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { zeroFill } from '../page/page.ts';
import { BIO_PAGES, type Bio } from '../swap/device/device.ts';
import { loadPage } from '../zswap/load.ts';
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

/** Runs a read as far as it goes. */
export function runRead(context: DiskContext, request: DiskRequest): Step {
  const { cache, backing } = context.swap;
  for (;;) {
    switch (request.stage) {
      case 'next':
        if (request.done === request.length || request.error !== OK) return 'finished';
        if (sliceOver(context, request)) return 'waiting';
        if (cache.isShared(slotOf(context, request))) {
          readShared(context, request);
          break;
        }
        request.stage = 'locked';
        if (!cache.lock(slotOf(context, request), request)) return 'waiting';
        if (context.rt.point('blk.read.locked', request)) return 'waiting';
        break;
      case 'locked':
        readLocked(context, request);
        break;
      case 'device':
        takeBio(context, request);
        if (request.bio === undefined) return 'waiting';
        submitRead(context, request, request.bio);
        return 'waiting';
      case 'device-bio':
        request.bio = backing?.bios.takePromised();
        assert(request.bio !== undefined);
        submitRead(context, request, request.bio);
        return 'waiting';
      case 'reading':
        finishRead(context, request);
        break;
      case 'fill':
      case 'fill-bio':
      case 'filling':
      case 'store':
      case 'spill':
      case 'spill-bio':
      case 'flush':
      case 'flushing':
      case 'finished':
        wrongStage(request);
    }
  }
}

/** Serves the next page if it is in memory; prepares for a device read if not. */
function readLocked(context: DiskContext, request: DiskRequest): void {
  const slot = slotOf(context, request);
  const { table } = context.swap;
  const { bytes } = present(request.payload);
  switch (table.kind(slot)) {
    case 'free':
      zeroFill(bytes, request.payloadAt, request.take);
      break;
    case 'zero':
      zeroFill(bytes, request.payloadAt, request.take);
      countZeroRead(context);
      break;
    case 'device':
      request.stage = 'device';
      return;
    case 'entry':
      if (readEntry(context, request)) break;
      pageFailed(context, request, EIO);
      return;
  }
  pageDone(context, request);
}

/** Serves the next page from its entry while somebody else, who lets it be read, owns the slot. */
function readShared(context: DiskContext, request: DiskRequest): void {
  assert(context.swap.table.kind(slotOf(context, request)) === 'entry');
  if (readEntry(context, request)) request.advance(request.take);
  else request.fail(EIO);
}

/** Decompresses the next page's entry into the payload; false if it cannot be. */
function readEntry(context: DiskContext, request: DiskRequest): boolean {
  const { bytes } = present(request.payload);
  const whole = request.take === PAGE_SIZE;
  const target = whole ? bytes : request.page;
  const at = whole ? request.payloadAt : 0;
  const slot = slotOf(context, request);
  if (loadPage(context.zswap, slot, 'retain', target, at) !== 'loaded') return false;
  if (!whole) copyPart(request, request.page);
  return true;
}

/** Copies the part of a page that the request covers. Only first and last pages come here. */
function copyPart(request: DiskRequest, page: Uint8Array): void {
  const part = page.subarray(request.within, request.within + request.take);
  present(request.payload).bytes.set(part, request.payloadAt);
}

function takeBio(context: DiskContext, request: DiskRequest): void {
  request.bio = context.swap.backing?.bios.take(request);
  request.stage = request.bio === undefined ? 'device-bio' : 'device';
}

/** Reads the next page from the device, with those after it that follow on the device too. */
function submitRead(context: DiskContext, request: DiskRequest, bio: Bio): void {
  const { cache, table, backing } = context.swap;
  assert(backing !== undefined);
  const first = request.pageNumber;
  const devicePage = table.payload(slotOf(context, request));
  const most = Math.min(BIO_PAGES, request.pagesLeft);
  request.bioCount = 1;
  request.bioSlots[0] = slotOf(context, request);
  while (request.bioCount < most) {
    const slot = context.area.slot(first + request.bioCount);
    if (!cache.tryLock(slot, request)) break;
    if (table.kind(slot) !== 'device' || table.payload(slot) !== devicePage + request.bioCount) {
      cache.unlock(slot, request);
      break;
    }
    request.bioSlots[request.bioCount] = slot;
    request.bioCount += 1;
  }
  bio.devicePage = devicePage;
  bio.pageCount = request.bioCount;
  bio.onDone = request.bioDone;
  request.stage = 'reading';
  backing.submit(bio, false);
}

/** Hands the pages that were read over; a page that is not what was written ends the request. */
function finishRead(context: DiskContext, request: DiskRequest): void {
  const { cache, backing } = context.swap;
  const bio = request.bio;
  assert(backing !== undefined && bio !== undefined);
  if (bio.error !== OK) {
    backing.countError(false);
    request.fail(EIO);
  }
  const payload = present(request.payload);
  for (let i = 0; i < request.bioCount; i += 1) {
    if (request.error === OK && !backing.verify(bio, i)) request.fail(EIO);
    if (request.error === OK) {
      const take = request.take;
      const page = present(bio.pages[i]);
      if (take === PAGE_SIZE) payload.bytes.set(page, request.payloadAt);
      else copyPart(request, page);
      request.advance(take);
      countDeviceRead(context);
    }
    cache.unlock(request.bioSlot(i), request);
  }
  request.bio = undefined;
  request.bioCount = 0;
  backing.bios.put(bio);
  request.stage = 'next';
}
