import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SWAP_EVENTS, createSwapEvents } from '../../../src/memcg/events.ts';

describe('createSwapEvents', () => {
  it('counts every event that is shown, from zero, and no other', () => {
    const events = createSwapEvents();
    assert.deepEqual(Object.keys(events), [...SWAP_EVENTS]);
    events.pswpin += 3;
    assert.deepEqual(new Set(Object.values(createSwapEvents())), new Set([0]));
  });
});
