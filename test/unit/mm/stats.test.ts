import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { createMmStats } from '../../../src/mm/stats.ts';
import { ORDER_MAX } from '../../../src/page/frames.ts';

describe('createMmStats', () => {
  it('begins at zero, with counters of its own for each order', () => {
    const stats = createMmStats();
    assert.equal(stats.orders.length, ORDER_MAX + 1);
    const counters = [stats.events, ...stats.orders].flatMap((each) => Object.values(each));
    assert.ok(counters.every((counter) => counter === 0));
    const [first, second] = stats.orders;
    assert.notEqual(first, second);
  });
});
