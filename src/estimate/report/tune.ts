/** What tuning found, as text in eighty columns and as JSON. */
import { formatSize } from '../../std/size.ts';
import { MIB } from '../../std/units.ts';
import { microseconds, percent, roughSize } from '../recommend.ts';
import type { Outcome } from '../tune/settings.ts';
import type { Aim, Trial, Tuned } from '../tune/tune.ts';
import { formatTable, wrapText } from './layout.ts';

export interface TuneReport extends Tuned {
  readonly source: string;
  readonly aim: Aim;
  readonly latencyBoundUs: number;
  readonly ramBytes: number;
  readonly workingBytes: number;
  readonly deviceUs: number;
  /** What the shares rest on. */
  readonly assumption: string;
  /** The same machine without zswap. */
  readonly without: Outcome | undefined;
  /** What was left out, in words. */
  readonly notTried: readonly string[];
}

/** The command that follows the advice, as words of `zswapd`. */
export function tuneCommand({ best, workingBytes }: TuneReport): readonly string[] {
  if (best === undefined) return [];
  const mebibytes = (bytes: number): string =>
    formatSize(Math.max(1, Math.ceil(bytes / MIB)) * MIB);
  const pool = ['--compressor', best.compressor, '--pool-size', mebibytes(best.poolBytes)];
  const policy = isProtected(best) ? ['--shrinker-policy', best.policy] : [];
  return ['serve', ...pool, ...policy, '--export', `swap:${mebibytes(workingBytes)}`];
}

/** Settings with a policy that the daemon must be told of. */
function isProtected({ policy }: Trial): boolean {
  return policy === 'protected';
}

/** The report for people, ending with the command to run next. */
export function formatTune(report: TuneReport): string {
  const { best, without, front } = report;
  const command = tuneCommand(report);
  const rows = front.map((trial) => [trial === best ? '*' : '', ...trialCells(trial)]);
  const titles = [
    'compressor',
    'pool',
    'gained',
    'in RAM',
    'in pool',
    'device',
    'fault us',
    'ns/ref',
  ];
  const bare = without === undefined ? [] : [['', 'none', ...outcomeCells(without)]];
  return [
    ...wrapText(`${report.source}: ${aimText(report)}`),
    ...wrapText(
      `RAM ${roughSize(report.ramBytes)} for ${roughSize(report.workingBytes)} of pages; ` +
        `${report.deviceUs} us for a page from the device.`,
    ),
    ...wrapText(`Taken for granted: ${report.assumption}.`),
    '',
    'Pareto front: no other setting is better in one figure and worse in none',
    ...formatTable(['', ...titles], [...rows, ...bare]),
    ...wrapText(
      'gained: memory beyond RAM that fits without the device. in RAM, in pool, device: where ' +
        'references find their page. fault us: mean of a fault. ns/ref: lost by reference. ' +
        '*: chosen. none: without zswap.' +
        (front.some(isProtected) ? ' (p): --shrinker-policy protected.' : ''),
    ),
    '',
    ...wrapText(verdict(report)),
    ...report.notTried.flatMap((what) => wrapText(`Not tried: ${what}.`)),
    ...(command.length === 0 ? [] : ['', 'Next:', `  npx zswapd ${command.join(' ')}`]),
    '',
  ].join('\n');
}

function aimText({ aim, latencyBoundUs }: TuneReport): string {
  const bound = `where a fault takes ${latencyBoundUs} us or less on the average`;
  return aim === 'memory'
    ? `the most memory gained, ${bound}.`
    : `the least lost to faults, ${bound}.`;
}

function trialCells(trial: Trial): readonly string[] {
  const gained = `${trial.memoryGained < 0 ? '' : '+'}${roughSize(trial.memoryGained)}`;
  const name = isProtected(trial) ? `${trial.compressor} (p)` : trial.compressor;
  return [name, roughSize(trial.poolBytes), gained, ...outcomeCells(trial).slice(2)];
}

function outcomeCells(outcome: Outcome): readonly string[] {
  const { residentShare, poolShare, deviceShare, faultLatencyUs } = outcome;
  const stallNs = (poolShare + deviceShare) * faultLatencyUs * 1000;
  const shares = [residentShare, poolShare, deviceShare].map(percent);
  return ['', '', ...shares, microseconds(faultLatencyUs), stallNs.toFixed(0)];
}

function verdict({ best, trials, latencyBoundUs }: TuneReport): string {
  if (best !== undefined) {
    const policy = isProtected(best) ? ` and --shrinker-policy ${best.policy}` : '';
    return (
      `Take ${best.compressor} with a pool of ${roughSize(best.poolBytes)}${policy}: it gains ` +
      `${roughSize(best.memoryGained)}, and a fault takes ` +
      `${microseconds(best.faultLatencyUs)} us on the average.`
    );
  }
  const least = Math.min(...trials.map(({ faultLatencyUs }) => faultLatencyUs));
  return (
    `Nothing keeps faults to ${latencyBoundUs} us: the least is ${microseconds(least)} us. ` +
    'Raise --latency-us, or --ram.'
  );
}

/** The report as a value for `JSON.stringify`. */
export function tuneJson(report: TuneReport): unknown {
  const { best, without } = report;
  const command = tuneCommand(report);
  return {
    source: report.source,
    aim: report.aim,
    latency_bound_us: report.latencyBoundUs,
    ram: report.ramBytes,
    working_set: report.workingBytes,
    device_us: report.deviceUs,
    assumption: report.assumption,
    best: best === undefined ? null : trialJson(best),
    front: report.front.map(trialJson),
    trials: report.trials.map(trialJson),
    without_zswap: without === undefined ? null : outcomeJson(without),
    not_tried: report.notTried,
    command: command.length === 0 ? null : ['zswapd', ...command].join(' '),
  };
}

function trialJson(trial: Trial): object {
  return {
    compressor: trial.compressor,
    pool_size: trial.poolBytes,
    policy: trial.policy,
    memory_gained: trial.memoryGained,
    within_bound: trial.isWithinBound,
    stall_ns_per_reference: rounded(trial.stallNs),
    ...outcomeJson(trial),
  };
}

function outcomeJson(outcome: Outcome): object {
  return {
    resident_share: rounded(outcome.residentShare),
    pool_share: rounded(outcome.poolShare),
    device_share: rounded(outcome.deviceShare),
    fault_latency_us: rounded(outcome.faultLatencyUs),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
