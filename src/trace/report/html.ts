/**
 * The results of a replay as one HTML file that needs no other: figures in tables, plots as
 * inline SVG, no script. It follows the reader's choice of light or dark, and fits a phone.
 */
import type { TierCounts } from '../machine/figures.ts';
import type { CacheResult, EngineResult, ReplayResult, SampleResult } from './results.ts';
import { escapeText, histogramPlot, linePlot, stackedPlot, type Series } from './svg.ts';
import { readableBytes, readableTime } from './text.ts';

const STYLE = `
:root { color-scheme: light dark; --back: #fdfdfc; --text: #1c1c1a; --soft: #666660;
  --rule: #deded8;
  --c0: #2a6fbb; --c1: #d1632a; --c2: #3c8f4c; --c3: #8a56b0; --c4: #b5892b; --c5: #c0406f;
  --c6: #2f8f92; --c7: #77746d; }
@media (prefers-color-scheme: dark) { :root { --back: #17181a; --text: #e6e5e1; --soft: #a0a09a;
  --rule: #37383b; --c0: #6fa8e6; --c1: #ee9160; --c2: #7fc88c; --c3: #bf97dd; --c4: #dcb866;
  --c5: #e685a9; --c6: #74c7ca; --c7: #aeaba3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p { max-width: 48rem; } .soft, .unit { color: var(--soft); font-weight: normal; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem .25rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--rule); } th { color: var(--soft); font-weight: 600; }
th.left, td.left { text-align: left; }
.plots { display: grid; gap: 1rem 2rem; 
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
figure { margin: 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: 0; padding: 0;
  color: var(--soft); font-size: .9rem; }
.key { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem;
  border-radius: 2px; }
.grid { stroke: var(--rule); } .tick, .label { fill: var(--soft); font-size: 12px; }
@media (max-width: 40rem) { .tick, .label { font-size: 17px; } }
td.left { white-space: normal; } .line { fill: none; stroke-width: 2; } .area { stroke: none; }
details { border-top: 1px solid var(--rule); padding: .6rem 0; } summary { cursor: pointer; }
${Array.from({ length: 8 }, (_, i) => {
  return (
    `.line.c${i} { stroke: var(--c${i}); } .area.c${i}, .dot.c${i} { fill: var(--c${i}); } ` +
    `.key.c${i} { background: var(--c${i}); }`
  );
}).join('\n')}
`;

/** Runs whose plots are open when the page is. */
const OPEN_RUNS = 2;

/** @param version - of the program, for the foot */
export function formatHtml(result: ReplayResult, version: string): string {
  const caches = result.runs.filter((run): run is CacheResult => run.kind === 'cache');
  const engines = result.runs.filter((run): run is EngineResult => run.kind === 'engine');
  const { trace } = result;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Replay of ${escapeText(trace.path)}</title><style>${STYLE}</style></head><body>`,
    `<h1>Replay of ${escapeText(trace.path)}</h1>`,
    traceSection(result),
    cacheSection(caches),
    engineSection(result, engines),
    `<p class="soft">zswapd ${escapeText(version)}, seed ${result.machine.seed}. The same trace, `,
    'options and seed give the same figures.</p></body></html>\n',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const cells = (tag: string, row: readonly string[]): string =>
    row
      .map((text, index) => {
        const side = index < left ? ' class="left"' : '';
        return `<${tag}${side}>${escapeText(text)}</${tag}>`;
      })
      .join('');
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="Figures"><table><thead><tr>` +
    `${cells('th', head)}</tr></thead><tbody>` +
    `${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</tbody></table></div>`
  );
}

function traceSection({ trace, machine }: ReplayResult): string {
  const things = trace.unit === 'page' ? 'pages' : 'objects';
  const rows = [
    ['Format', trace.format],
    [
      'References',
      `${trace.references} (${trace.reads} reads, ${trace.writes} writes, ` +
        `${trace.trims} trims)`,
    ],
    ['Footprint', `${trace.objects} ${things}, ${readableBytes(trace.footprint_bytes)}`],
    ...(trace.tenants.length > 1 ? [['Tenants', trace.tenants.slice(0, 20).join(', ')]] : []),
    ...(trace.seconds > 0 ? [['Time', `${trace.seconds.toPrecision(4)} s`]] : []),
    ...(trace.traffic === 'memory' ? [['Frames', readableBytes(machine.frames_bytes)]] : []),
    ['Page contents', machine.profile],
    ...(trace.lost > 0 ? [['Lost', `${trace.lost} events: counts are too low`]] : []),
    ...(trace.stopped === null ? [] : [['Read in part', trace.stopped]]),
  ];
  return table(['Trace', ''], rows, 2);
}

function cacheSection(runs: readonly CacheResult[]): string {
  if (runs.length === 0) return '';
  const policies = [...new Set(runs.map((run) => run.policy))];
  const series = policies.map((policy): Series => {
    const ofPolicy = runs.filter((run) => run.policy === policy);
    const points = ofPolicy.map((run) => [run.pool_size, run.miss_ratio] as const);
    return { name: policy, points: points.toSorted(([a], [b]) => a - b) };
  });
  const sizes = [...new Set(runs.map((run) => run.pool_size))];
  const rows = sizes.map((size) => [
    readableBytes(size),
    ...policies.map((policy) => {
      const run = runs.find((each) => each.policy === policy && each.pool_size === size);
      return run === undefined ? '' : run.miss_ratio.toFixed(4);
    }),
  ]);
  return [
    '<h2>Caches of whole pages</h2>',
    "<p>Misses of all references, by policy and size, without compression. Belády's optimum knows",
    'the future: no policy that takes in what it misses can do better.</p>',
    '<div class="plots">',
    linePlot(series, {
      title: 'Miss ratio by size',
      xLabel: 'size of the cache',
      yLabel: 'misses of references',
      xText: readableBytes,
      yText: percent,
      yMax: 1,
      isLogX: true,
    }),
    `<div>${table(['Size', ...policies], rows)}</div></div>`,
  ].join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
}

function nameOf(run: EngineResult): string {
  return `${readableBytes(run.pool_size)}, ${run.compressor}, ${run.policy}`;
}

function engineSection(result: ReplayResult, runs: readonly EngineResult[]): string {
  if (runs.length === 0) return '';
  const rows = runs.map((run) => [
    readableBytes(run.pool_size),
    run.compressor,
    run.policy,
    percent(run.tiers.frames / run.references),
    percent((run.tiers.zswap + run.tiers.zero) / run.references),
    percent(run.tiers.device / run.references),
    run.stored_pages_mean.toFixed(0),
    run.compression_ratio.toFixed(2),
    String(run.zswap['written_back_pages']),
    String(run.refused_writes),
    readableTime(run.fault_latency.p50_us),
    readableTime(run.fault_latency.p99_us),
    readableTime(run.fault_latency.max_us),
  ]);
  const head = ['Pool', 'Compressor', 'Policy', 'Frames', 'zswap', 'Device', 'Stored', 'Ratio'];
  const times = ['Written back', 'Refused', 'p50', 'p99', 'Longest fault'];
  return [
    '<h2>The engine</h2>',
    '<p>The code that serves, in a simulated machine. Frames, zswap and device: where references',
    'were served. Stored pages and their ratio to the pool are means over the run.</p>',
    table([...head, ...times], rows, 3),
    ...runs.map((run, index) => runDetails(result, run, index < OPEN_RUNS)),
  ].join('\n');
}

function runDetails({ trace }: ReplayResult, run: EngineResult, isOpen: boolean): string {
  const hasTime = trace.seconds > 0;
  const xOf = (sample: SampleResult): number => (hasTime ? sample.seconds : sample.reference);
  const common = {
    xLabel: hasTime ? 'time' : 'references',
    xText: hasTime ? (x: number) => readableTime(x * 1e6) : (x: number) => x.toFixed(0),
  };
  const line = (name: string, value: (sample: SampleResult) => number): Series => ({
    name,
    points: run.samples.map((sample) => [xOf(sample), value(sample)] as const),
  });
  const plots = [
    linePlot([line('pool', (sample) => sample.pool_total_size)], {
      ...common,
      title: 'Pool over time',
      yLabel: 'bytes',
      yText: readableBytes,
      yMax: Math.max(run.pool_size, run.pool_size_peak),
    }),
    stackedPlot(tierSeries(run, xOf), {
      ...common,
      title: 'Where references were served',
      yLabel: 'share of references',
      yText: percent,
      yMax: 1,
    }),
    histogramPlot(
      run.fault_histogram.map(({ up_to_us: upTo, count }) => ({ upTo, count })),
      {
        title: 'Fault latency',
        xLabel: 'time of a fault that went to swap',
        yLabel: 'faults',
        xText: readableTime,
        yText: (y) => y.toFixed(0),
      },
    ),
    linePlot(
      [
        line('written back', (sample) => sample.written_back_pages),
        line('on the device', (sample) => sample.device_pages),
        line('stored', (sample) => sample.stored_pages),
      ],
      { ...common, title: 'Writeback', yLabel: 'pages', yText: (y) => y.toFixed(0) },
    ),
  ];
  const tenants = Object.entries(run.tenants);
  const perTenant = tenants.length < 2 ? '' : tenantTable(tenants);
  return (
    `<details${isOpen ? ' open' : ''}><summary>${escapeText(nameOf(run))}</summary>` +
    `<div class="plots">${plots.join('')}</div>${perTenant}</details>`
  );
}

const TIERS: readonly (keyof TierCounts)[] = ['frames', 'zswap', 'zero', 'device', 'first'];

/** Between one look and the next, the share of each tier. */
function tierSeries(run: EngineResult, xOf: (sample: SampleResult) => number): Series[] {
  const names = TIERS.filter((tier) => run.tiers[tier] > 0);
  return names.map((tier) => ({
    name: tier,
    points: run.samples.slice(1).map((sample, index) => {
      const before = run.samples[index]?.tiers;
      const gained = (name: keyof TierCounts): number => sample.tiers[name] - (before?.[name] ?? 0);
      const all = TIERS.reduce((sum, name) => sum + gained(name), 0);
      return [xOf(sample), all === 0 ? 0 : gained(tier) / all] as const;
    }),
  }));
}

function tenantTable(
  tenants: readonly (readonly [string, EngineResult['tenants'][string]])[],
): string {
  const rows = tenants.map(([name, tenant]) => [
    name,
    String(tenant.events.zswpout),
    String(tenant.events.zswpin),
    String(tenant.events.zswpwb),
    String(tenant.events.pswpin),
    readableBytes(tenant['memory.zswap.current']),
    readableBytes(tenant.zswapped),
  ]);
  const head = ['Tenant', 'zswpout', 'zswpin', 'zswpwb', 'pswpin', 'Compressed', 'Pages in it'];
  return table(head, rows);
}
