/** A whole engine over a simulated runtime and device, with the checks that a test makes of it. */
import assert from 'node:assert/strict';
import { createLz4 } from '../../src/codec/lz4.ts';
import { SimRt } from '../../src/sim/engine/rt-sim.ts';
import { World, type WorldOptions } from '../../src/sim/world/world.ts';
import { INVARIANTS } from '../../src/zswap/invariants.ts';

export interface MachineOptions extends WorldOptions {
  readonly seed?: number;
}

export class TestMachine extends World {
  constructor(options: MachineOptions = {}) {
    super(new SimRt(options.seed ?? 1), { codec: createLz4(), ...options });
  }

  /** Fails if any invariant does not hold. */
  readonly check = (): void => {
    for (const [name, invariant] of Object.entries(INVARIANTS)) {
      const violation = invariant(this.zswap);
      assert.equal(violation, undefined, `${name}: ${violation}`);
    }
  };

  /** Runs until nothing can run, checking after each step. */
  settle(budget = 1_000_000): void {
    this.rt.run(budget, this.check);
    this.check();
  }
}
