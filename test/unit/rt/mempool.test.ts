/**
 * Goal: whatever the order of takes and puts, there are never more things than the limit, none is
 * with two at a time, waiters are served first come first served, and none is forgotten. Method:
 * random schedules of tasks that take, hold and put, under a runtime that wakes in any order.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Mempool } from '../../../src/rt/mempool.ts';
import type { Task } from '../../../src/rt/rt.ts';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { present } from '../../../src/std/assert.ts';

interface Thing {
  readonly id: number;
}

/** Takes a thing when told to, waits if it must, and puts it back when told to. */
class User implements Task {
  thing: Thing | undefined;
  isWaiting = false;
  readonly #pool: Mempool<Thing>;
  readonly #onServed: (user: User) => void;

  constructor(pool: Mempool<Thing>, onServed: (user: User) => void) {
    this.#pool = pool;
    this.#onServed = onServed;
  }

  /** The next thing that this user can do. */
  act(): void {
    if (this.isWaiting) return;
    if (this.thing !== undefined) {
      this.#pool.put(this.thing);
      this.thing = undefined;
      return;
    }
    this.thing = this.#pool.take(this);
    this.isWaiting = this.thing === undefined;
  }

  resume(): void {
    assert.equal(this.isWaiting, true);
    this.isWaiting = false;
    this.thing = this.#pool.takePromised();
    this.#onServed(this);
  }
}

describe('Mempool', () => {
  it('never has more than its limit, and forgets no waiter', () => {
    const acts = fc.array(fc.option(fc.nat({ max: 7 }), { nil: undefined }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 4 }), acts, (seed, limit, schedule) => {
        const rt = new SimRt(seed);
        let made = 0;
        const pool = new Mempool<Thing>(rt, limit, () => ({ id: (made += 1) }));
        const users = Array.from({ length: 8 }, () => new User(pool, () => {}));
        const check = (): void => {
          const held = users.flatMap((user) => user.thing ?? []);
          assert.equal(new Set(held).size, held.length, 'a thing is with two');
          assert.equal(pool.inUse, held.length);
          assert.ok(made <= limit && pool.made === made);
        };
        for (const act of schedule) {
          if (act === undefined) rt.step();
          else present(users[act]).act();
          check();
        }
        // Everybody who holds puts back and who has been promised takes, until nobody waits.
        for (let round = 0; round < 20; round += 1) {
          rt.run(100, check);
          for (const user of users) if (user.thing !== undefined) user.act();
        }
        assert.equal(
          users.some((user) => user.isWaiting),
          false,
          'a waiter was forgotten',
        );
        assert.equal(pool.inUse, 0);
      }),
    );
  });

  it('wakes waiters in the order in which they came, whoever asks meanwhile', () => {
    const rt = new SimRt(1);
    const pool = new Mempool<Thing>(rt, 1, () => ({ id: 1 }));
    const served: User[] = [];
    const users = Array.from({ length: 4 }, () => new User(pool, (user) => served.push(user)));
    const [owner, first, second, late] = users.map((user) => present(user));
    for (const user of [owner, first, second]) user?.act();
    owner?.act();
    late?.act();
    assert.equal(late?.isWaiting, true);
    for (const user of [first, second, late]) {
      rt.run(10);
      user?.act();
    }
    assert.deepEqual(served, [first, second, late]);
  });

  it('gives nothing that was not promised, and takes nothing that was not given', () => {
    const pool = new Mempool<Thing>(new SimRt(1), 1, () => ({ id: 1 }));
    const thing = present(pool.take({ resume: () => {} }));
    pool.put(thing);
    assert.throws(() => pool.takePromised(), { name: 'InvariantError' });
    assert.throws(() => pool.put(thing), { name: 'InvariantError' });
  });

  it('counts nothing as made that could not be made', () => {
    const pool = new Mempool<Thing>(new SimRt(1), 1, () => {
      throw new RangeError('no memory');
    });
    assert.throws(() => pool.take({ resume: () => {} }), RangeError);
    assert.equal(pool.made, 0);
  });
});
