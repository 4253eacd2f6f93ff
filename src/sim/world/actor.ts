/**
 * Somebody who does one thing after the other in a scenario. Between two of them anybody else may
 * go first, and what an actor does stops wherever the engine's code does.
 */
import type { Task } from '../../rt/rt.ts';
import type { SimRt } from '../engine/rt-sim.ts';

/** One thing that an actor does. */
export interface Action {
  /** What reports show, such as `write 0 = 2`. */
  readonly label: string;
  /** Begins it; true: it has ended already. Else it calls `actor.done()` once when it has. */
  begin(actor: Actor): boolean;
}

export class Actor implements Task {
  readonly name: string;
  readonly #rt: SimRt;
  readonly #actions: readonly Action[];
  #next = 0;
  #ended = 0;

  constructor(rt: SimRt, name: string, actions: readonly Action[]) {
    this.#rt = rt;
    this.name = name;
    this.#actions = actions;
    rt.nameTask(this, name);
    this.#ready();
  }

  get finished(): boolean {
    return this.#ended === this.#actions.length;
  }

  /** What it is at, for reports of somebody who never comes to an end. */
  get label(): string {
    return this.#actions[this.#next - 1]?.label ?? 'its beginning';
  }

  resume(): void {
    const action = this.#actions[this.#next];
    this.#next += 1;
    if (action?.begin(this) === true) this.done();
  }

  /** What it has begun has ended. */
  done(): void {
    this.#ended += 1;
    this.#ready();
  }

  #ready(): void {
    const next = this.#actions[this.#next];
    if (next !== undefined) this.#rt.ready(this, `begin ${next.label}`);
  }
}
