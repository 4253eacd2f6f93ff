/**
 * The sequential suite's door: a whole engine, one operation at a time. Each ends, with everything
 * that it has set going, before the next begins; so what is found here is wrong without anything
 * overlapping. A test loads this module, or a mutant's copy of it: mutants must pass.
 */
import { OK } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { DEVICE_RULES, checkLeft } from '../checkers/engine-rules.ts';
import { Machine, SequentialError, check, type ModelDisk } from './machine.ts';
import { operate, sameBacking } from './operations.ts';
import { DISKS, DISK_PAGES, type Operation, type Plan } from './plan.ts';

export interface PlayOptions {
  /** For the numbers that devices draw. */
  readonly seed: number;
  /** What is checked beyond the rules, after the last operation. */
  readonly atEnd?: ((machine: Machine) => void) | undefined;
}

/**
 * Plays a plan.
 *
 * @returns what is wrong, with the operation that it was found after; undefined: nothing
 */
export async function play(plan: Plan, options: PlayOptions): Promise<string | undefined> {
  const machine = new Machine(plan, options.seed);
  for (let i = 0; i < DISKS; i += 1) machine.addDisk();
  let at = 'the beginning';
  try {
    for (const [index, operation] of plan.operations.entries()) {
      at = `operation ${index} (${JSON.stringify(operation)})`;
      const alone = noteOthers(machine, operation);
      await operate(machine, operation);
      machine.checkQuiet();
      alone();
    }
    at = 'the end';
    options.atEnd?.(machine);
    finish(machine);
  } catch (error) {
    if (!(error instanceof SequentialError)) throw error;
    return `${at}: ${error.message}`;
  }
  return undefined;
}

/** Notes what backs the pages of the other disks; returns a check that they have stayed there. */
function noteOthers(machine: Machine, operation: Operation): () => void {
  const own = 'disk' in operation ? machine.diskOf(operation.disk) : undefined;
  const others = machine.disks.filter((each) => each !== own);
  const before = others.map((each) => machine.backingOf(each));
  const { zswap } = machine.world;
  const hits = zswap.stats.pool_limit_hit;
  const wasFull = zswap.reachedFull;
  return () => {
    // A full pool is shrunk by the worker, from all groups in turn.
    if (wasFull || zswap.reachedFull || zswap.stats.pool_limit_hit > hits) return;
    for (const [i, other] of others.entries()) {
      const stayed = sameBacking(before[i] ?? [], machine.backingOf(other));
      check(stayed, `${operation.op} has moved pages of ${other.disk.name}`);
    }
  };
}

/** Every page is read once more; then all are trimmed, the disks go, and nothing may be left. */
function finish(machine: Machine): void {
  const { device } = machine.world;
  if (device !== undefined) for (const rule of DEVICE_RULES) device[rule] = 0;
  for (const model of machine.disks) readAll(machine, model);
  for (const model of machine.disks) {
    check(
      machine.request(model, 'trim', 0, DISK_PAGES * PAGE_SIZE).error === OK,
      'a trim has failed',
    );
  }
  machine.checkQuiet();
  // Each leaves the list when it has gone.
  for (const model of machine.disks.slice()) machine.removeDisk(model);
  machine.checkQuiet();
  const left = checkLeft(machine.world);
  check(left === undefined, `${left?.message} left`);
}

function readAll(machine: Machine, model: ModelDisk): void {
  for (let page = 0; page < DISK_PAGES; page += 1) {
    const at = page * PAGE_SIZE;
    const { data, error } = machine.request(model, 'read', at, PAGE_SIZE);
    const expected = model.bytes.subarray(at, at + PAGE_SIZE);
    const right = error === OK && data.every((byte, index) => byte === expected[index]);
    check(right, `page ${page} of ${model.disk.name} is wrong`);
  }
}
