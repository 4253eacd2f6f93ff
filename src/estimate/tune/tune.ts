/**
 * Searches settings: evaluates every combination, keeps those that no other one beats in every
 * respect (the Pareto front), and picks one for a stated aim.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import { heldPages } from './machine-model.ts';
import type { CompressorCost, Evaluate, Outcome, Settings } from './settings.ts';

/** What is wanted. */
export const AIMS = ['memory', 'latency'] as const;

/**
 * `memory`: the most memory gained while a fault takes no longer than the bound; `latency`: the
 * least time lost to faults by reference, whatever that gains.
 */
export type Aim = (typeof AIMS)[number];

/** What to search, and what for. */
export interface Search {
  readonly compressors: readonly CompressorCost[];
  readonly poolSizes: readonly number[];
  readonly policies: readonly string[];
  readonly evaluate: Evaluate;
  readonly ramBytes: number;
  /** Bytes of the pages that want memory. */
  readonly workingBytes: number;
  readonly aim: Aim;
  /** Mean microseconds of a fault at most. */
  readonly latencyBoundUs: number;
}

/** Settings, and what they lead to. */
export interface Trial extends Settings, Outcome {
  /** Memory beyond RAM that fits without the device; below 0 the pool is a waste. */
  readonly memoryGained: number;
  /** Nanoseconds lost to faults by reference, on the average. */
  readonly stallNs: number;
  readonly isWithinBound: boolean;
}

export interface Tuned {
  /** Best first, by the aim. */
  readonly trials: readonly Trial[];
  /** By memory gained, the least first. */
  readonly front: readonly Trial[];
  /** Undefined if nothing is within the bound. */
  readonly best: Trial | undefined;
  /** Settings that the evaluation could not tell about. */
  readonly untold: readonly Settings[];
}

/** Evaluates every combination of the settings. */
export function tune(search: Search): Tuned {
  const trials: Trial[] = [];
  const untold: Settings[] = [];
  for (const cost of search.compressors) {
    for (const poolBytes of search.poolSizes) {
      for (const policy of search.policies) {
        const settings = { compressor: cost.compressor, poolBytes, policy };
        const outcome = search.evaluate(settings);
        if (outcome === undefined) untold.push(settings);
        else trials.push(trialOf(search, cost, settings, outcome));
      }
    }
  }
  const order = AIM_ORDERS[search.aim];
  trials.sort(order);
  const best = trials.find(({ isWithinBound }) => isWithinBound);
  return { trials, front: paretoFront(trials), best, untold };
}

const AIM_ORDERS: Readonly<Record<Aim, (a: Trial, b: Trial) => number>> = {
  memory: (a, b) => b.memoryGained - a.memoryGained || a.stallNs - b.stallNs,
  latency: (a, b) => a.stallNs - b.stallNs || b.memoryGained - a.memoryGained,
};

function trialOf(
  search: Search,
  cost: CompressorCost,
  settings: Settings,
  outcome: Outcome,
): Trial {
  const { ramBytes, workingBytes, latencyBoundUs } = search;
  const { poolBytes } = settings;
  const frameBytes = ramBytes - poolBytes;
  const held = frameBytes + heldPages(cost, poolBytes) * PAGE_SIZE;
  return {
    ...settings,
    ...outcome,
    memoryGained:
      outcome.memoryGained ?? Math.min(held, Math.max(workingBytes, frameBytes)) - ramBytes,
    stallNs: (outcome.poolShare + outcome.deviceShare) * outcome.faultLatencyUs * 1000,
    isWithinBound: outcome.faultLatencyUs <= latencyBoundUs,
  };
}

/**
 * The trials that no other beats in memory gained, in the length of a fault, or in the time lost to
 * all of them, without being worse in another of the three.
 */
export function paretoFront(trials: readonly Trial[]): readonly Trial[] {
  const beats = (a: Trial, b: Trial): boolean =>
    a.memoryGained >= b.memoryGained &&
    a.stallNs <= b.stallNs &&
    a.faultLatencyUs <= b.faultLatencyUs &&
    (a.memoryGained > b.memoryGained ||
      a.stallNs < b.stallNs ||
      a.faultLatencyUs < b.faultLatencyUs);
  // A policy that changes nothing is not shown beside the first.
  const repeats = (trial: Trial, at: number): boolean =>
    trials
      .slice(0, at)
      .some(
        (other) =>
          other.compressor === trial.compressor &&
          other.poolBytes === trial.poolBytes &&
          other.memoryGained === trial.memoryGained &&
          other.stallNs === trial.stallNs &&
          other.faultLatencyUs === trial.faultLatencyUs,
      );
  return trials
    .filter((trial, at) => !repeats(trial, at) && !trials.some((other) => beats(other, trial)))
    .toSorted((a, b) => a.memoryGained - b.memoryGained || a.stallNs - b.stallNs);
}
