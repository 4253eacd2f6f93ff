/**
 * A model of a machine with zswap, in three numbers a try: RAM less the pool holds pages as they
 * are, the pool holds the next ones compressed, the device the rest; a hit curve says how many
 * references each tier gets. Every fault brings in a page and puts another out, so it pays for a
 * page to be compressed as well: what is hidden in the background by an idle machine is not hidden
 * here.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import type { HitCurve } from './hit-curve.ts';
import type { CompressorCost, Evaluate, Outcome } from './settings.ts';

/** The one policy that a hit curve of LRU tells about. */
export const LRU_POLICY = 'lru';

export interface MachineModel {
  /** RAM for pages and pool together. */
  readonly ramBytes: number;
  /** Microseconds to read a page from the device. */
  readonly deviceUs: number;
  readonly curve: HitCurve;
}

/** An evaluation by the model, for the compressors that have been measured. */
export function modelEvaluate(model: MachineModel, costs: readonly CompressorCost[]): Evaluate {
  const { ramBytes, curve } = model;
  return ({ compressor, poolBytes, policy }): Outcome | undefined => {
    const cost = costs.find((known) => known.compressor === compressor);
    if (cost === undefined || policy !== LRU_POLICY || poolBytes > ramBytes) return undefined;
    const frames = Math.floor((ramBytes - poolBytes) / PAGE_SIZE);
    const held = frames + heldPages(cost, poolBytes);
    const residentShare = curve.shareWithin(frames);
    const poolShare = Math.max(0, curve.shareWithin(held) - residentShare);
    const deviceShare = Math.max(0, 1 - residentShare - poolShare);
    const poolUs = cost.decompressUs + cost.compressUs;
    const deviceUs = model.deviceUs + cost.compressUs;
    const faults = poolShare + deviceShare;
    const faultLatencyUs =
      faults === 0 ? 0 : (poolShare * poolUs + deviceShare * deviceUs) / faults;
    return { residentShare, poolShare, deviceShare, faultLatencyUs };
  };
}

/** Pages that a full pool holds, zero pages, which take no room, left out. */
export function heldPages({ poolBytesPerPage }: CompressorCost, poolBytes: number): number {
  return poolBytesPerPage === 0 ? Infinity : Math.floor(poolBytes / poolBytesPerPage);
}
