/**
 * Goal: a program works on regions many times larger than its frames within stated limits. Method:
 * `test/support/larger-than-ram-main.ts` in a process of its own, at a size that is quick; with
 * other arguments it is the same for gibibytes.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runProgram } from '../support/run-program.ts';

interface Report {
  readonly grown_most: number;
  readonly may_grow: number;
  readonly order: { readonly anon_fault_alloc: number; readonly swpin: number };
  readonly vmstat: { readonly pswpin: number; readonly zswpin: number };
}

describe('regions larger than RAM', () => {
  for (const order of [0, 4]) {
    it(`hold what was written, with folios of order ${order}`, async () => {
      const argv = ['--region', '24M', '--frames', '2M', '--pool', '2M', '--operations', '2400'];
      const program = 'test/support/larger-than-ram-main.js';
      const { finished } = runProgram(program, [...argv, '--order', String(order)]);
      const { status, out, err } = await finished;
      assert.deepEqual([status, err], [0, '']);
      const report = JSON.parse(out) as Report;
      assert.ok(report.grown_most <= report.may_grow);
      assert.ok(report.vmstat.pswpin > 0 && report.vmstat.zswpin > 0);
      assert.ok(report.order.anon_fault_alloc > 0);
    });
  }
});
