/**
 * What the connections of one server have in common: limits, counters, memory and the way to run
 * later. Made once by the server and given to each connection.
 */
import type { Rt } from '../rt/rt.ts';
import { NbdCounters } from './counters.ts';
import { FramePool, ServerBudget } from './frames.ts';
import { HaltPoll } from './halt-poll.ts';
import type { NbdLimits } from './limits.ts';
import { RequestTimes } from './transmission/request-times.ts';

/** What transmission needs of a runtime. */
export type TransmissionRt = Pick<Rt, 'nowMs' | 'wake' | 'yieldTask'>;

/** One server's resources. */
export class SharedResources {
  readonly rt: TransmissionRt;
  readonly limits: NbdLimits;
  readonly counters: NbdCounters = new NbdCounters();
  readonly times: RequestTimes = new RequestTimes();
  readonly pool: FramePool;
  readonly budget: ServerBudget;
  readonly haltPoll: HaltPoll;
  /** Connections in transmission. */
  transmissions = 0;

  constructor(rt: TransmissionRt, limits: NbdLimits) {
    this.rt = rt;
    this.limits = limits;
    this.pool = new FramePool(limits.pooledBytesMax);
    this.budget = new ServerBudget(limits);
    this.haltPoll = new HaltPoll(rt, limits.haltPollUs / 1000);
  }
}
