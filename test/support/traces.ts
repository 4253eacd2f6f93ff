/** Traces for tests: the small ones that are part of the project, and made-up references. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openTraceFile } from '../../src/trace/input/trace-file.ts';
import { TenantTable, createRecord, type TraceOp } from '../../src/trace/record.ts';
import { readTrace, type ReadOptions, type ReadTrace } from '../../src/trace/read-trace.ts';
import { ReferenceBuilder, type ReferenceTrace } from '../../src/trace/references.ts';
import { projectFile } from './project.ts';

/** A trace of `test/fixtures/traces`. */
export function fixtureTrace(name: string, options: ReadOptions = {}): Promise<ReadTrace> {
  return readTrace(openTraceFile(projectFile(`test/fixtures/traces/${name}`)), options);
}

/** A trace beside the project; undefined where they are not. */
export function sharedTracePath(name: string): string | undefined {
  const path = projectFile(join('..', 'shared', 'traces', name));
  return existsSync(path) ? path : undefined;
}

/** Reads bytes as if they were a file. */
export function readBytes(
  bytes: Uint8Array | string,
  options: ReadOptions = {},
  name = 'made-up',
): Promise<ReadTrace> {
  const whole = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  // Pieces of odd sizes, so that records lie across their borders.
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0, size = 1; at < whole.length; at += size, size = (size * 7 + 3) % 61) {
      size = Math.max(1, size);
      yield whole.subarray(at, at + size);
    }
  }
  return readTrace({ path: name, name, chunks: chunks() }, options);
}

/** References to objects by number, all by one tenant, without times. */
export function traceOf(
  references: readonly (number | readonly [object: number, op: TraceOp])[],
): ReferenceTrace {
  const builder = new ReferenceBuilder({
    unit: 'object',
    ownIds: false,
    tenants: new TenantTable(),
    limit: Infinity,
  });
  const record = createRecord();
  for (const reference of references) {
    const [object, op] = typeof reference === 'number' ? [reference, 0 as const] : reference;
    record.idLow = object;
    record.op = op;
    builder.add(record);
  }
  return builder.finish();
}
