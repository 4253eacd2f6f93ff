/**
 * Trim and zeroing of ranges: whole pages are freed, so that they hold no memory and read as zeros.
 * Pages covered in part are left alone by trim, which promises nothing of them, and rewritten by
 * zeroing, which does.
 */
import { OK } from '../std/errno.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { pageDone, sliceOver, slotOf, type DiskContext, type Step } from './disk-context.ts';
import type { DiskRequest } from './disk-request.ts';
import { runWritePage } from './write.ts';

/** Words of the swap table that are looked at before the clock is. */
const SCAN_SLOTS = 1 << 14;

/** Runs a trim or a zeroing as far as it goes. */
export function runDiscard(context: DiskContext, request: DiskRequest): Step {
  const { cache } = context.swap;
  for (;;) {
    if (request.stage === 'next') {
      const ended = request.done === request.length || request.error !== OK;
      if (ended && request.bioCount === 0) return 'finished';
      if (request.bioCount > 0) request.stage = 'flush';
      else if (skip(context, request)) {
        if (sliceOver(context, request)) return 'waiting';
      } else {
        request.stage = 'locked';
        if (!cache.lock(slotOf(context, request), request)) return 'waiting';
        if (context.rt.point('blk.discard.locked', request)) return 'waiting';
      }
    } else if (request.stage === 'locked' && request.take === PAGE_SIZE) {
      context.swap.free(slotOf(context, request));
      pageDone(context, request);
      if (sliceOver(context, request)) return 'waiting';
    } else if (runWritePage(context, request) === 'waiting') return 'waiting';
  }
}

/** Steps over pages that need nothing done: free ones, and for trim those covered in part. */
function skip(context: DiskContext, request: DiskRequest): boolean {
  const take = request.take;
  if (take < PAGE_SIZE) {
    if (request.op !== 'trim') return false;
    request.advance(take);
    return true;
  }
  const slot = slotOf(context, request);
  const wholePages = Math.floor((request.length - request.done) / PAGE_SIZE);
  const next = context.swap.table.nextUsed(slot, slot + wholePages, SCAN_SLOTS);
  if (next === slot) return false;
  request.advance((next - slot) * PAGE_SIZE);
  // A scan of many words is worth as much as many pages.
  request.slicePages += SCAN_SLOTS;
  return true;
}
