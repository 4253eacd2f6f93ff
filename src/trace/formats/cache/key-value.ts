/**
 * Traces of key-value caches: Twitter's production clusters (`ts,key,ksize,vsize,client,op,ttl`)
 * and CacheLib's kvcache traces (`key,op,size,op_count,key_size[,usecase…]`).
 *
 * @see Yang, Yue, Rashmi, "A large scale analysis of hundreds of in-memory cache clusters at
 *   Twitter" (OSDI 2020)
 */
import { createRecord, type TraceOp } from '../../record.ts';
import {
  lineDecoder,
  refuseLine,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
} from '../../format.ts';
import { Fields } from '../../text/fields.ts';
import type { Line } from '../../text/lines.ts';
import { parseOp } from '../../text/operation.ts';
import { textOf } from './plain.ts';

const TWITTER_FORM = 'timestamp,key,key size,value size,client,operation,ttl';
const TWITTER_LINE = /^\d+,[^,]+,\d+,\d+,\d+,[a-z_]+,\d+$/;
const KVCACHE_FORM = 'key,op,size,op_count,key_size[,usecase…]';
/** A record may stand for many operations; one that stands for more is a broken file. */
const OP_COUNT_MAX = 1e7;

export const twitter: TraceFormat = {
  name: 'twitter',
  summary: "Twitter's cache clusters: ts,key,ksize,vsize,client,op,ttl",
  unit: 'object',
  traffic: 'memory',
  hasRanges: false,
  ownIds: false,
  matches: ({ lines }) => lines.length > 0 && lines.every((line) => TWITTER_LINE.test(line)),
  createDecoder: (context) => {
    const record = createRecord();
    const fields = new Fields();
    const ops = new OpWords();
    return lineDecoder(context, (line) => {
      fields.split(line, ',');
      record.time = fields.number(0);
      record.bytes = fields.whole(2) + fields.whole(3);
      const isWhole = fields.count === 7 && record.time >= 0 && record.bytes >= 0;
      if (!isWhole || !fields.id(1, record)) refuseLine(context, line, TWITTER_FORM);
      record.op = ops.op(fields.text(5)) ?? refuseLine(context, line, TWITTER_FORM);
      record.tenant = context.tenants.number(fields.text(4));
      context.sink.add(record);
    });
  },
};

/** The operations a trace has, each looked up once. */
class OpWords {
  readonly #ops = new Map<string, TraceOp | undefined>();

  op(word: string): TraceOp | undefined {
    if (!this.#ops.has(word)) this.#ops.set(word, parseOp(word));
    return this.#ops.get(word);
  }
}

/** Columns of a kvcache trace from 0, -1 for those it has not. */
interface KvColumns {
  readonly key: number;
  readonly op: number;
  readonly size: number;
  readonly count: number;
  readonly tenant: number;
  readonly time: number;
}

export const cachelib: TraceFormat = {
  name: 'cachelib',
  summary: `CacheLib's kvcache: ${KVCACHE_FORM}; the use case is the tenant`,
  unit: 'object',
  traffic: 'memory',
  hasRanges: false,
  ownIds: false,
  matches: ({ lines }) => {
    const [first = ''] = lines;
    return /(?:^|,)key(?:,|$)/.test(first) && /(?:^|,)op_count(?:,|$)/.test(first);
  },
  createDecoder: createKvcache,
};

function createKvcache(context: DecoderContext): TraceDecoder {
  const record = createRecord();
  const fields = new Fields();
  const ops = new OpWords();
  let columns: KvColumns | undefined;
  return lineDecoder(context, (line) => {
    if (columns === undefined) {
      columns = kvColumns(context, line);
      return;
    }
    fields.split(line, ',');
    const count = columns.count < 0 ? 1 : fields.whole(columns.count);
    const isCount = count >= 0 && count <= OP_COUNT_MAX;
    if (!fields.id(columns.key, record) || !isCount) refuseLine(context, line, KVCACHE_FORM);
    record.op = ops.op(fields.text(columns.op)) ?? refuseLine(context, line, KVCACHE_FORM);
    // Reads that found nothing have no size.
    const size = fields.number(columns.size);
    record.bytes = size >= 0 ? size : -1;
    if (columns.time >= 0) record.time = fields.number(columns.time);
    if (columns.tenant >= 0) record.tenant = context.tenants.number(fields.text(columns.tenant));
    for (let i = 0; i < count; i += 1) context.sink.add(record);
  });
}

function kvColumns(context: DecoderContext, line: Line): KvColumns {
  const names = textOf(line).split(',');
  const at = (name: string): number => names.indexOf(name);
  const columns = {
    key: at('key'),
    op: at('op'),
    size: at('size'),
    count: at('op_count'),
    tenant: Math.max(at('usecase'), at('usecase_id')),
    time: at('op_time'),
  };
  if (columns.key < 0 || columns.op < 0) refuseLine(context, line, `a first line ${KVCACHE_FORM}`);
  return columns;
}
