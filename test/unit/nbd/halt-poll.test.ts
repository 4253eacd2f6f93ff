// Goal: it polls where that pays and nowhere else. The test is the event loop and the clock.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HaltPoll } from '../../../src/nbd/halt-poll.ts';
import type { Task } from '../../../src/rt/rt.ts';

const WINDOW_MS = 0.05;

class Loop {
  nowMs = 0;
  turns = 0;
  readonly poll: HaltPoll;
  readonly #yielded: Task[] = [];

  constructor() {
    const yieldTask = (task: Task): void => void this.#yielded.push(task);
    this.poll = new HaltPoll({ nowMs: () => this.nowMs, yieldTask }, WINDOW_MS);
  }

  get isPolling(): boolean {
    return this.#yielded.length > 0;
  }

  /** Has input come after a wait, with turns of the loop meanwhile as long as it polls. */
  wait(ms: number, msPerTurn = 0.01): void {
    const endMs = this.nowMs + ms;
    while (this.isPolling && this.nowMs < endMs) {
      this.nowMs += msPerTurn;
      this.turns += 1;
      this.#yielded.shift()?.resume();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
    this.poll.begin();
    this.poll.end();
  }

  /** One turn of the loop that takes no time. */
  turn(): void {
    this.#yielded.shift()?.resume();
  }

  waits(count: number, ms: number): number {
    const before = this.turns;
    for (let i = 0; i < count; i += 1) this.wait(ms);
    return this.turns - before;
  }
}

describe('halt polling', () => {
  it('begins when requests keep coming at once, and goes on as long as they do', () => {
    const loop = new Loop();
    loop.waits(40, 0.02);
    assert.equal(loop.isPolling, true);
    assert.ok(loop.waits(100, 0.02) >= 200);
  });

  it('ends with the first poll in vain, and begins anew after short waits only', () => {
    const loop = new Loop();
    loop.waits(40, 0.02);
    loop.wait(10);
    assert.equal(loop.isPolling, false);
    assert.equal(loop.waits(1000, 1), 0);
    loop.waits(40, 0.02);
    assert.equal(loop.isPolling, true);
  });

  it('leaves the core to a client that cannot go on before the server sleeps', () => {
    const loop = new Loop();
    let polls = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const isPolling = loop.isPolling;
      if (isPolling) polls += 1;
      loop.wait(isPolling ? WINDOW_MS + 0.02 : 0.02);
    }
    assert.ok(polls > 0 && polls < 20, `${polls} polls in vain`);
  });

  it('ends although the clock stands still', () => {
    const loop = new Loop();
    loop.waits(40, 0.02);
    for (let turns = 0; loop.isPolling; turns += 1) {
      assert.ok(turns < 1000);
      loop.turn();
    }
  });
});
