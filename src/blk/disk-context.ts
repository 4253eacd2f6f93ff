/** What the verbs of a disk work on, and the few steps that all of them take. */
import { noteDeviceRead } from '../memcg/shrinker-policy.ts';
import type { Pace } from '../rt/pace.ts';
import type { Rt } from '../rt/rt.ts';
import { PAGE_SIZE } from '../std/units.ts';
import type { Swap, SwapArea } from '../swap/info.ts';
import type { SwapSlot } from '../swap/table.ts';
import type { Zswap } from '../zswap/zswap.ts';
import type { DiskRequest } from './disk-request.ts';

/** A verb's answer to being run: the request has ended, or it has been parked. */
export type Step = 'finished' | 'waiting';

export interface DiskContext {
  readonly rt: Rt;
  readonly swap: Swap;
  readonly zswap: Zswap;
  readonly area: SwapArea;
  /** Pages between two looks at the clock. */
  readonly pace: Pace;
}

/** The slot of the request's next page. */
export function slotOf(context: DiskContext, request: DiskRequest): SwapSlot {
  return context.area.slot(request.pageNumber);
}

/** Gives up the slot of the request's next page and steps over the page. */
export function pageDone(context: DiskContext, request: DiskRequest): void {
  context.swap.cache.unlock(slotOf(context, request), request);
  request.advance(request.take);
  request.stage = 'next';
}

/** Gives up the slot of the request's next page and ends the request. */
export function pageFailed(
  context: DiskContext,
  request: DiskRequest,
  error: DiskRequest['error'],
): void {
  context.swap.cache.unlock(slotOf(context, request), request);
  request.fail(error);
}

/** Counts a page that was read and is zero. */
export function countZeroRead({ swap, area }: DiskContext): void {
  swap.vmstat.swpin_zero += 1;
  area.memcg.events.swpin_zero += 1;
}

/** Counts a page that was read from the device. */
export function countDeviceRead({ swap, area }: DiskContext): void {
  swap.vmstat.pswpin += 1;
  area.memcg.events.pswpin += 1;
  noteDeviceRead(area.memcg);
}

/**
 * Begins a slice. The clock is read only for a request that can get to the end of one: a reading
 * costs as much as looking a page up, and leaves a number object behind.
 */
export function beginSlice(context: DiskContext, request: DiskRequest): void {
  const isLong = request.length - request.done > context.pace.stride * PAGE_SIZE;
  request.sliceStart = isLong ? context.rt.nowMs() : Infinity;
  request.slicePages = 0;
}

/** Says whether a long request must let others run now, and if so parks it. */
export function sliceOver(context: DiskContext, request: DiskRequest): boolean {
  request.slicePages += 1;
  if (request.slicePages <= context.pace.stride || request.sliceStart === Infinity) return false;
  // The page that is about to begin belongs to what comes after the look.
  request.slicePages = 1;
  if (!context.pace.isOver(context.rt.nowMs() - request.sliceStart)) return false;
  context.rt.yieldTask(request);
  return true;
}
