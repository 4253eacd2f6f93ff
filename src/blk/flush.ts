/**
 * Flush of collected pages: those that zswap refused go to the device in one run where it has one
 * free. Only when the device has acknowledged do their slots change over, and until then nobody
 * sees anything but the older copies; an error changes nothing.
 */
import { assert } from '../std/assert.ts';
import { EIO, ENOSPC, OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { DiskContext, Step } from './disk-context.ts';
import type { DiskRequest } from './disk-request.ts';

/** Starts writing the collected pages, as many as one free run takes. */
export function startFlush(context: DiskContext, request: DiskRequest): Step {
  const { backing } = context.swap;
  const bio = request.bio;
  assert(backing !== undefined && bio !== undefined && request.bioCount > 0);
  if (backing.allocate(bio, request.bioCount) === 0) {
    giveUp(context, request, 0);
    request.fail(ENOSPC);
    return 'finished';
  }
  bio.onDone = request.bioDone;
  request.stage = 'flushing';
  backing.submit(bio, true);
  return 'waiting';
}

/** Changes the written slots over, and goes on with what is left, or at another place. */
export function finishFlush(context: DiskContext, request: DiskRequest): void {
  const { backing, cache, vmstat } = context.swap;
  const bio = request.bio;
  assert(backing !== undefined && bio !== undefined);
  if (bio.error !== OK) {
    if (backing.refused(bio)) {
      request.stage = 'flush';
      return;
    }
    const error = bio.error === ENOSPC ? ENOSPC : EIO;
    giveUp(context, request, 0);
    request.fail(error);
    return;
  }
  const written = bio.pageCount;
  for (let i = 0; i < written; i += 1) {
    backing.acknowledge(bio, i);
    context.swap.setDevice(request.bioSlot(i), bio.devicePage + i);
    cache.unlock(request.bioSlot(i), request);
  }
  vmstat.pswpout += written;
  context.area.memcg.events.pswpout += written;
  const left = request.bioCount - written;
  if (left === 0) giveUp(context, request, written);
  else {
    bio.bytes.copyWithin(0, written * PAGE_SIZE, request.bioCount * PAGE_SIZE);
    request.bioSlots.copyWithin(0, written, request.bioCount);
    request.bioCount = left;
    request.stage = 'flush';
  }
}

/** Lets go of the bio, and of the slots from the `from`-th on. */
function giveUp(context: DiskContext, request: DiskRequest, from: number): void {
  const { backing, cache } = context.swap;
  assert(backing !== undefined && request.bio !== undefined);
  for (let i = from; i < request.bioCount; i += 1) cache.unlock(request.bioSlot(i), request);
  backing.bios.put(request.bio);
  request.bio = undefined;
  request.bioCount = 0;
  request.stage = 'next';
}
