// Goal: the text is what Prometheus reads. Method: a small parser of the format, written from its
// description and strict about order and names, reads it back; promtool does too where installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { formatPrometheus } from '../../../src/metrics/prometheus.ts';
import type { StatsSnapshot } from '../../../src/metrics/snapshot.ts';
import { FACTS_EXAMPLE as FACTS, STATS_EXAMPLE } from '../../support/stats-example.ts';

interface Metric {
  readonly type: string;
  readonly samples: Map<string, number>;
}

function readLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  let rest = text;
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest);
    assert.ok(match, `labels: ${rest}`);
    const [all, name = '', value = ''] = match;
    assert.ok(!labels.has(name), `label ${name} twice`);
    labels.set(
      name,
      value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    );
    rest = rest.slice(all.length);
  }
  return labels;
}

function readText(text: string): Map<string, Metric> {
  assert.ok(text.endsWith('\n'));
  const metrics = new Map<string, Metric>();
  let helpFor = '';
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (zswapd_[a-z_]+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'HELP') {
        helpFor = name;
      } else {
        assert.equal(name, helpFor, 'TYPE follows HELP');
        assert.match(rest, /^(counter|gauge|histogram)$/);
        assert.ok(!metrics.has(name), `${name} twice`);
        metrics.set(name, { type: rest, samples: new Map() });
        current = name;
      }
      continue;
    }
    const sample = /^([a-z_]+)(?:\{(.*)\})? (\+Inf|-?[0-9.]+(?:e[+-]?\d+)?)$/.exec(line);
    assert.ok(sample, `line: ${line}`);
    const [, full = '', labels = '', value = ''] = sample;
    const { type, samples } = metrics.get(current) ?? { type: '', samples: new Map() };
    const name = type === 'histogram' ? full.replace(/_(?:bucket|sum|count)$/, '') : full;
    assert.equal(name, current, 'samples follow their TYPE');
    const suffix = full.slice(name.length);
    const key = JSON.stringify([...(suffix === '' ? [] : [['', suffix]]), ...readLabels(labels)]);
    assert.ok(!samples.has(key), `${name}${key} twice`);
    samples.set(key, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
  }
  return metrics;
}

function read(stats: StatsSnapshot): (name: string, labels?: Record<string, string>) => number {
  const metrics = readText(formatPrometheus(stats, FACTS));
  return (name, labels = {}) => {
    const value = metrics.get(name)?.samples.get(JSON.stringify(Object.entries(labels)));
    assert.ok(value !== undefined, `${name} ${JSON.stringify(labels)} is there`);
    return value;
  };
}

describe('formatPrometheus', () => {
  it('shows the figures of the snapshot', () => {
    const get = read(STATS_EXAMPLE);
    assert.equal(get('zswapd_build_info', { version: '1.2.3', node: 'v20.19.0' }), 1);
    assert.equal(get('zswapd_pool_bytes'), 104_857_600);
    assert.equal(get('zswapd_pool_limit_bytes'), 419_430_400);
    assert.equal(get('zswapd_stored_pages'), 76_800);
    assert.equal(get('zswapd_written_back_pages_total'), 345);
    assert.equal(get('zswapd_accept_threshold_ratio'), 0.9);
    assert.equal(get('zswapd_nbd_connections'), 5);
    assert.equal(get('zswapd_nbd_requests_total', { command: 'write_zeroes' }), 208);
    assert.equal(get('zswapd_nbd_bytes_total', { command: 'write' }), 211);
    assert.equal(get('zswapd_nbd_errors_total'), 214);
    assert.equal(get('zswapd_uptime_seconds'), 93_784.5);
    assert.equal(get('zswapd_events_total', { event: 'swpout_zero' }), 107);
    assert.equal(get('zswapd_compressor_info', { compressor: 'zstd:3', zpool: 'zsmalloc' }), 1);
    assert.equal(get('zswapd_spill_held_bytes'), 67_108_864);
  });

  it('counts each refused page under one reason', () => {
    const get = read(STATS_EXAMPLE);
    assert.equal(get('zswapd_rejects_total', { reason: 'compress_poor' }), 7);
    assert.equal(get('zswapd_rejects_total', { reason: 'pool_limit' }), 22);
    const text = formatPrometheus(STATS_EXAMPLE, FACTS);
    const sum = [...(readText(text).get('zswapd_rejects_total')?.samples.values() ?? [])];
    assert.equal(
      sum.reduce((a, b) => a + b, 0),
      Object.values(STATS_EXAMPLE.rejects).reduce((a, b) => a + b, 0),
    );
  });

  it('labels what belongs to an export', () => {
    const get = read(STATS_EXAMPLE);
    assert.equal(get('zswapd_export_compressed_bytes', { export: 'vm1' }), 62_914_560);
    assert.equal(get('zswapd_export_limit_bytes', { export: 'vm1' }), 536_870_912);
    assert.equal(get('zswapd_export_limit_bytes', { export: 'vm2' }), Number.POSITIVE_INFINITY);
    assert.equal(get('zswapd_export_writeback_enabled', { export: 'vm2' }), 0);
    assert.equal(get('zswapd_export_events_total', { export: 'vm2', event: 'pswpout' }), 45);
  });

  it('names counters and only counters _total', () => {
    for (const [name, { type }] of readText(formatPrometheus(STATS_EXAMPLE, FACTS))) {
      assert.equal(type === 'counter', name.endsWith('_total'), name);
    }
  });

  it('accumulates the buckets of a histogram, up to its count', () => {
    const get = read(STATS_EXAMPLE);
    const { buckets, count, sum_seconds } = STATS_EXAMPLE.latency.store;
    const store = (suffix: string, labels: Record<string, string> = {}): number =>
      get('zswapd_store_duration_seconds', { '': suffix, ...labels });
    assert.equal(store('_bucket', { le: '0.000001' }), buckets[0]);
    assert.equal(store('_bucket', { le: '0.000002' }), (buckets[0] ?? 0) + (buckets[1] ?? 0));
    assert.equal(store('_bucket', { le: '8.388608' }), count - (buckets.at(-1) ?? 0));
    assert.equal(store('_bucket', { le: '+Inf' }), count);
    assert.deepEqual([store('_count'), store('_sum')], [count, sum_seconds]);
    const write = STATS_EXAMPLE.nbd?.latency.write.count;
    const labels = { '': '_count', command: 'write' };
    assert.equal(get('zswapd_nbd_request_duration_seconds', labels), write);
  });

  it('shows what zspages hold by how full they are', () => {
    const get = read(STATS_EXAMPLE);
    assert.equal(get('zswapd_zspage_bytes', { fullness: '10' }), 4096);
    assert.equal(get('zswapd_zspage_bytes', { fullness: '50' }), 8 * 4096);
    assert.equal(get('zswapd_zspage_bytes', { fullness: '100' }), 13 * 4096);
    assert.equal(get('zswapd_zspage_slot_bytes'), 20 * 1024 + 21 * 2720);
    assert.equal(get('zswapd_zspage_freeable_bytes'), 5 * 4096);
    assert.equal(get('zswapd_lru_oldest_seconds'), 77.7);
    assert.equal(get('zswapd_export_lru_oldest_seconds', { export: 'vm2' }), 48);
  });

  it('leaves the NBD server out where there is none', () => {
    const { nbd: _, ...rest } = STATS_EXAMPLE;
    assert.doesNotMatch(formatPrometheus(rest, FACTS), /zswapd_nbd/);
  });

  it('escapes label values', () => {
    const name = 'a"b\\c\nd';
    const vm1 = STATS_EXAMPLE.memcg['vm1'];
    assert.ok(vm1);
    const get = read({ ...STATS_EXAMPLE, memcg: { [name]: vm1 } });
    assert.equal(get('zswapd_export_stored_bytes', { export: name }), 188_743_680);
  });

  it('leaves the spill device out where there is none', () => {
    const { spill: _, ...rest } = STATS_EXAMPLE;
    assert.doesNotMatch(formatPrometheus(rest, FACTS), /zswapd_spill/);
  });

  it('passes promtool', (context) => {
    const input = formatPrometheus(STATS_EXAMPLE, FACTS);
    const { error, status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input });
    if (error !== undefined) {
      context.skip('needs promtool');
      return;
    }
    assert.equal(status, 0, String(stderr));
  });
});
