/**
 * What the garbage collector had to do during a piece of code: collections by `perf_hooks`, and
 * bytes that were allocated on the heap. Bytes are the growth of the heap between two collections
 * forced from outside, so they are exact when none happened in between, and a lower bound
 * otherwise.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Garbage made by a piece of code. */
export interface Garbage {
  readonly collections: number;
  readonly heapBytes: number;
  /** Growth of memory outside of the heap, such as array buffers. */
  readonly bufferBytes: number;
}

function forcedCollection(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

const collect = forcedCollection();

/** Runs `work` and counts. */
export async function countGarbage(work: () => void | Promise<void>): Promise<Garbage> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  collect();
  observer.observe({ entryTypes: ['gc'] });
  // Entries arrive later, those of the forced collection too.
  await turn();
  await turn();
  collections = 0;
  const before = process.memoryUsage();
  const result = work();
  if (result !== undefined) await result;
  const after = process.memoryUsage();
  await turn();
  await turn();
  observer.disconnect();
  return {
    collections,
    heapBytes: Math.max(after.heapUsed - before.heapUsed, 0),
    bufferBytes: after.arrayBuffers - before.arrayBuffers,
  };
}
