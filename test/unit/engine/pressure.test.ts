import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { parsePressure, priorityOf, readPressure } from '../../../src/engine/pressure.ts';

describe('pressure', () => {
  it('is read from the ten-second average of the kernel', () => {
    const text =
      'some avg10=12.50 avg60=3.00 avg300=0.10 total=1\nfull avg10=1.00 avg60=0 total=0\n';
    assert.equal(parsePressure(text), 12.5);
    assert.equal(parsePressure('nonsense'), undefined);
  });

  it('is unknown where the kernel does not tell', () => {
    assert.equal(readPressure('/proc/no/such/file'), undefined);
  });

  it('sharpens the priority from 11 to 0, and calls for nothing when nobody stalls', () => {
    assert.equal(priorityOf(0), undefined);
    assert.equal(priorityOf(0.01), 11);
    assert.equal(priorityOf(30), 6);
    assert.equal(priorityOf(60), 0);
    assert.equal(priorityOf(100), 0);
  });
});
