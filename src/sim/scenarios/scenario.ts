/** What a scenario is: one race window, as small as it can be. */
import type { WorldOptions } from '../world/world.ts';
import type { Stage } from '../world/stage.ts';

export interface Scenario {
  /** Unique, in words joined by hyphens. */
  readonly name: string;
  /** One sentence: who does what to whom. */
  readonly summary: string;
  /** What it stands for: `T001-c`, `catalogue 5`, `W3`. */
  readonly covers: readonly string[];
  readonly world: WorldOptions;
  /** Points and outcomes that some execution must reach: else the scenario shows nothing. */
  readonly reaches: readonly string[];
  /** Preemptions at most where all schedules would be too many. */
  readonly preemptions?: number;
  /** Sets the stage and adds the actors. */
  play(stage: Stage): void;
}
