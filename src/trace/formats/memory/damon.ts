/**
 * What DAMON saw of an address space: `perf script` of `damon:damon_aggregated`, as `damo record`
 * leaves it. Each line is a region with the number of samples in which it was found accessed; a
 * region that was, counts as one reference to each of its pages. The target is the tenant.
 *
 *     kdamond.0 4242 [001] 81.5: damon:damon_aggregated: target_id=0 nr_regions=12
 *         4194304-8388608: 3 7
 */
import { createRecord, setRange } from '../../record.ts';
import { lineDecoder, refuseLine, type TraceFormat } from '../../format.ts';
import { textOf } from '../cache/plain.ts';

const LINE = new RegExp(
  String.raw`\s(\d+\.\d+):\s+damon:damon_aggregated:\s+target_id=(\S+)\s+nr_regions=\d+` +
    String.raw`\s+(\d+)-(\d+):\s+(\d+)(?:\s+\d+)?\s*$`,
);
const FORM = 'damon_aggregated: target_id=N nr_regions=N start-end: accesses age';

export const damon: TraceFormat = {
  name: 'damon',
  summary: "perf script of damon:damon_aggregated (damo record's perf.script)",
  unit: 'page',
  traffic: 'memory',
  hasRanges: true,
  ownIds: true,
  matches: ({ lines }) => lines.length > 0 && lines.every((line) => LINE.test(line)),
  createDecoder: (context) => {
    const record = createRecord();
    return lineDecoder(context, (line) => {
      const match = LINE.exec(textOf(line));
      const start = Number(match?.[3]);
      const bytes = Number(match?.[4]) - start;
      if (match === null || !(bytes >= 0) || !Number.isSafeInteger(start + bytes)) {
        refuseLine(context, line, FORM);
      }
      if (Number(match[5]) === 0 || bytes === 0) return;
      record.time = Number(match[1]);
      record.tenant = context.tenants.number(match[2] ?? '');
      setRange(record, start, bytes);
      context.sink.add(record);
    });
  },
};
