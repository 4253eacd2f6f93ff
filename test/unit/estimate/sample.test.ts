import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  chooseRuns,
  DATA_PAGE,
  drawSample,
  RUN_PAGES,
  SAME_FILLED_PAGE,
  type SampledSource,
  ZERO_PAGE,
} from '../../../src/estimate/sample.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { generatePage } from '../../support/pages.ts';

/** A source whose page n begins with n + 1, and where some pages are gone. */
function numbered(pages: number, isGone: (page: number) => boolean = () => false): SampledSource {
  return {
    pages,
    read: (first, count, target, present) => {
      for (let page = 0; page < count; page++) {
        present[page] = Number(!isGone(first + page));
        new DataView(target.buffer, target.byteOffset + page * PAGE_SIZE).setUint32(
          0,
          first + page + 1,
          true,
        );
      }
    },
  };
}

function numbersOf({ bytes, pages }: { bytes: Uint8Array; pages: number }): number[] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: pages }, (_, page) => view.getUint32(page * PAGE_SIZE, true) - 1);
}

describe('the runs of a sample', () => {
  it('are different ones of the source, as many as wanted', () => {
    const sizes = fc
      .tuple(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 3000 }))
      .map(([a, b]) => ({ runCount: Math.max(a, b), wanted: Math.min(a, b) }));
    fc.assert(
      fc.property(sizes, fc.option(fc.nat(), { nil: undefined }), ({ runCount, wanted }, seed) => {
        const runs = chooseRuns(runCount, wanted, seed);
        assert.equal(new Set(runs).size, wanted);
        assert.ok(runs.every((run) => Number.isInteger(run) && run >= 0 && run < runCount));
      }),
    );
  });

  it('are spread over the source, and so is each first part of them', () => {
    const runs = chooseRuns(10_000, 256);
    for (const part of [16, 64, 256]) {
      const sorted = runs.slice(0, part).toSorted((a, b) => a - b);
      const gaps = sorted.slice(1).map((run, at) => run - (sorted[at] ?? 0));
      assert.ok(Math.max(...gaps) <= (2 * 10_000) / part, `${part}: ${Math.max(...gaps)}`);
    }
  });

  it('are the same for the same seed, and others for another', () => {
    assert.deepEqual(chooseRuns(1000, 50, 3), chooseRuns(1000, 50, 3));
    assert.notDeepEqual(chooseRuns(1000, 50, 3), chooseRuns(1000, 50, 4));
  });
});

describe('a sample', () => {
  it('is all of a source that has no more pages, the last run cut short', () => {
    const sample = drawSample(numbered(37), { pages: 1000 });
    assert.deepEqual(
      numbersOf(sample).toSorted((a, b) => a - b),
      Array.from({ length: 37 }, (_, page) => page),
    );
    assert.deepEqual([sample.isWhole, sample.population], [true, 37]);
  });

  it('has runs of neighbours', () => {
    const sample = drawSample(numbered(10_000), { pages: 320, seed: 1 });
    assert.deepEqual([sample.pages, sample.isWhole], [320, false]);
    const numbers = numbersOf(sample);
    for (let run = 0; run + 1 < sample.runStarts.length; run++) {
      const part = numbers.slice(sample.runStarts[run], sample.runStarts[run + 1]);
      assert.equal(part.length, RUN_PAGES);
      assert.equal((part.at(-1) ?? 0) - (part[0] ?? 0), RUN_PAGES - 1);
    }
  });

  it('leaves out pages that are gone, and counts them out of the whole', () => {
    const sample = drawSample(
      numbered(1600, (page) => page % 4 === 1),
      { pages: 800 },
    );
    assert.ok(numbersOf(sample).every((page) => page % 4 !== 1));
    assert.deepEqual([sample.pages, sample.population], [600, 1200]);
  });

  it('knows zero pages and same-filled pages from others', () => {
    const kinds = ['zero', 'same-filled', 'text', 'sparse'] as const;
    const pages = kinds.map((kind) => generatePage(kind, 3).bytes);
    const sample = drawSample(
      {
        pages: pages.length,
        read: (first, count, target, present) => {
          pages.slice(first, first + count).forEach((page, at) => target.set(page, at * PAGE_SIZE));
          present.fill(1);
        },
      },
      { pages: 4 },
    );
    assert.deepEqual([...sample.kinds], [ZERO_PAGE, SAME_FILLED_PAGE, DATA_PAGE, DATA_PAGE]);
  });
});
