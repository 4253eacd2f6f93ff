import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PageModel, newVersion } from '../../../../src/sim/checkers/page-model.ts';

function written(model: PageModel, id: number, started: number, ended: number): void {
  const version = newVersion(id, started);
  version.ended = ended;
  model.add(0, version);
}

describe('the model of a page', () => {
  it('takes the last completed write, and nothing older', () => {
    const model = new PageModel(1);
    written(model, 1, 0, 1);
    written(model, 2, 2, 3);
    assert.equal(model.violation(0, 2, 4, 5), undefined);
    assert.match(model.violation(0, 1, 4, 5) ?? '', /overwritten before the read/);
    assert.match(model.violation(0, 0, 4, 5) ?? '', /overwritten before the read/);
    assert.match(model.violation(0, 9, 4, 5) ?? '', /never written there/);
  });

  it('takes either of two writes that overlap, and one that overlaps the read', () => {
    const model = new PageModel(1);
    written(model, 1, 0, 4);
    written(model, 2, 2, 5);
    assert.equal(model.violation(0, 1, 6, 7), undefined);
    assert.equal(model.violation(0, 2, 6, 7), undefined);
    assert.equal(model.violation(0, 0, 3, 7), undefined);
  });

  it('does not count a write that was refused', () => {
    const model = new PageModel(1);
    const refused = { ...newVersion(1, 0), ended: 1, possible: false, certain: false };
    model.add(0, refused);
    assert.equal(model.violation(0, 0, 2, 3), undefined);
    assert.match(model.violation(0, 1, 2, 3) ?? '', /never written/);
  });
});
