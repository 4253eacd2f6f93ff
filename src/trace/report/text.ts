/** The results of a replay for a terminal, and as CSV for a spreadsheet. */
import { GIB, KIB, MIB } from '../../std/units.ts';
import type { CacheResult, EngineResult, ReplayResult } from './results.ts';

/** Bytes to read: three digits and a unit. */
export function readableBytes(bytes: number): string {
  for (const [unit, name] of [
    [GIB, 'GiB'],
    [MIB, 'MiB'],
    [KIB, 'KiB'],
  ] as const) {
    if (bytes >= unit) return `${(bytes / unit).toPrecision(bytes / unit >= 1000 ? 4 : 3)} ${name}`;
  }
  return `${bytes} B`;
}

/** Microseconds to read. */
export function readableTime(us: number): string {
  if (us >= 1e9) return `${(us / 1e6).toFixed(0)} s`;
  if (us >= 1e6) return `${(us / 1e6).toPrecision(3)} s`;
  if (us >= 1000) return `${(us / 1000).toPrecision(3)} ms`;
  return `${us.toPrecision(3)} us`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(2)}%`;
}

/** Columns as wide as they must be; the first ones left, the others right. */
function table(rows: readonly (readonly string[])[], leftColumns: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < leftColumns ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

function traceLines({ trace }: ReplayResult): string[] {
  const things = trace.unit === 'page' ? 'pages' : 'objects';
  const span = trace.seconds > 0 ? `, ${trace.seconds.toPrecision(4)} s` : '';
  const tenants = trace.tenants.length > 1 ? `, ${trace.tenants.length} tenants` : '';
  const lines = [
    `${trace.path}: ${trace.format}, ${trace.references} references (${trace.reads} reads, ` +
      `${trace.writes} writes, ${trace.trims} trims) to ${trace.objects} ${things}, ` +
      `${readableBytes(trace.footprint_bytes)}${tenants}${span}`,
  ];
  if (trace.lost > 0) lines.push(`the recorder lost ${trace.lost} events: counts are too low`);
  if (trace.stopped !== null) lines.push(`read only in part: ${trace.stopped}`);
  return lines;
}

function cacheLines(runs: readonly CacheResult[]): string[] {
  if (runs.length === 0) return [];
  const policies = [...new Set(runs.map((run) => run.policy))];
  const sizes = [...new Set(runs.map((run) => run.pool_size))];
  const rows = sizes.map((size) => {
    const ofSize = runs.filter((run) => run.pool_size === size);
    const ratios = policies.map((policy) => {
      const run = ofSize.find((each) => each.policy === policy);
      return run === undefined ? '-' : run.miss_ratio.toFixed(4);
    });
    const [first] = ofSize;
    return [first?.asked_size ?? '', readableBytes(size), String(first?.pool_pages), ...ratios];
  });
  return [
    '',
    'Miss ratio of caches of whole pages, by their size; belady is the bound:',
    '',
    ...table([['size', 'bytes', 'pages', ...policies], ...rows], 2),
    ...tenantMissLines(runs, policies),
  ];
}

function tenantMissLines(runs: readonly CacheResult[], policies: readonly string[]): string[] {
  const names = Object.keys(runs[0]?.tenants ?? {});
  if (names.length < 2) return [];
  const rows = runs
    .filter((run) => run.policy === policies[0])
    .flatMap((run) =>
      names.map((name) => {
        const ratios = policies.map((policy) => {
          const same = runs.find((e) => e.policy === policy && e.pool_size === run.pool_size);
          return (same?.tenants[name]?.miss_ratio ?? 0).toFixed(4);
        });
        return [run.asked_size, name, String(run.tenants[name]?.references ?? 0), ...ratios];
      }),
    );
  return ['', ...table([['size', 'tenant', 'references', ...policies], ...rows], 2)];
}

function engineLines(result: ReplayResult, runs: readonly EngineResult[]): string[] {
  if (runs.length === 0) return [];
  const { machine, trace } = result;
  const frames =
    trace.traffic === 'swap' ? 'no frames above' : `frames ${readableBytes(machine.frames_bytes)}`;
  const { device } = machine;
  const below =
    device === null ? 'no device' : `device ${device['read_us']}/${device['write_us']} us`;
  const rows = runs.map((run) => [
    run.asked_size,
    readableBytes(run.pool_size),
    run.compressor,
    run.policy,
    share(run.tiers.frames, run.references),
    share(run.tiers.zswap + run.tiers.zero, run.references),
    share(run.tiers.device, run.references),
    run.stored_pages_mean.toFixed(0),
    run.compression_ratio.toFixed(2),
    String(run.zswap['written_back_pages']),
    String(run.refused_writes),
    readableTime(run.fault_latency.p50_us),
    readableTime(run.fault_latency.p99_us),
  ]);
  const head = ['pool', 'bytes', 'compressor', 'policy', 'frames', 'zswap', 'device', 'stored'];
  return [
    '',
    `The engine: ${frames}, ${machine.zpool}, ${below}, pages ${machine.profile}, ` +
      `seed ${machine.seed}. Shares are of references, stored pages and their ratio to the pool ` +
      'are means, times are of faults:',
    '',
    ...table([[...head, 'ratio', 'written back', 'refused', 'p50', 'p99'], ...rows], 4),
    ...engineTenantLines(runs),
    ...runs
      .filter((run) => run.wrong_reads > 0)
      .map(({ wrong_reads: wrong }) => {
        return `${wrong} reads gave another page than was written: the engine is wrong`;
      }),
  ];
}

function engineTenantLines(runs: readonly EngineResult[]): string[] {
  const rows = runs.flatMap((run) =>
    Object.entries(run.tenants).map(([name, tenant]) => [
      run.asked_size,
      run.compressor,
      run.policy,
      name,
      String(tenant.events.zswpout),
      String(tenant.events.zswpin),
      String(tenant.events.zswpwb),
      String(tenant.events.pswpin),
      readableBytes(tenant['memory.zswap.current']),
      readableBytes(tenant.zswapped),
    ]),
  );
  if (Object.keys(runs[0]?.tenants ?? {}).length < 2) return [];
  const counts = ['zswpout', 'zswpin', 'zswpwb', 'pswpin', 'zswap', 'zswapped'];
  return ['', ...table([['pool', 'compressor', 'policy', 'tenant', ...counts], ...rows], 4)];
}

/** Lines for a terminal, with a newline at the end. */
export function formatText(result: ReplayResult): string {
  const caches = result.runs.filter((run): run is CacheResult => run.kind === 'cache');
  const engines = result.runs.filter((run): run is EngineResult => run.kind === 'engine');
  return [...traceLines(result), ...cacheLines(caches), ...engineLines(result, engines), ''].join(
    '\n',
  );
}

const CSV_COLUMNS = [
  'kind',
  'policy',
  'compressor',
  'asked_size',
  'pool_size',
  'pool_pages',
  'tenant',
  'references',
  'hits',
  'misses',
  'miss_ratio',
  'frames',
  'first',
  'zswap',
  'zero',
  'device',
  'zswpout',
  'zswpin',
  'zswpwb',
  'pswpin',
  'pswpout',
  'stored_pages',
  'pool_total_size',
  'pool_size_peak',
  'refused_writes',
  'fault_p50_us',
  'fault_p99_us',
] as const;

type CsvRow = Partial<Record<(typeof CSV_COLUMNS)[number], string | number>>;

/** One row a run, and one more for each of several tenants. */
export function formatCsv(result: ReplayResult): string {
  const rows = result.runs.flatMap((run) =>
    run.kind === 'cache' ? cacheRows(run) : engineRows(run),
  );
  const lines = rows.map((row) => CSV_COLUMNS.map((name) => csvCell(row[name] ?? '')).join(','));
  return `${[CSV_COLUMNS.join(','), ...lines].join('\n')}\n`;
}

function csvCell(value: string | number): string {
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function cacheRows(run: CacheResult): CsvRow[] {
  const { kind, policy, asked_size, pool_size, pool_pages } = run;
  const common = { kind, policy, asked_size, pool_size, pool_pages };
  const { references, hits, misses, miss_ratio } = run;
  const tenants = Object.entries(run.tenants);
  const perTenant = tenants.length < 2 ? [] : tenants;
  return [
    { ...common, references, hits, misses, miss_ratio },
    ...perTenant.map(([tenant, counts]) => ({ ...common, tenant, ...counts })),
  ];
}

function engineRows(run: EngineResult): CsvRow[] {
  const { kind, policy, compressor, asked_size, pool_size, pool_pages } = run;
  const common = { kind, policy, compressor, asked_size, pool_size, pool_pages };
  const { references, miss_ratio, tiers, vmstat, pool_size_peak, refused_writes } = run;
  const tenants = Object.entries(run.tenants);
  const perTenant = tenants.length < 2 ? [] : tenants;
  return [
    {
      ...common,
      references,
      hits: references - tiers.device,
      misses: tiers.device,
      miss_ratio,
      ...tiers,
      ...vmstat,
      stored_pages: run.zswap['stored_pages'] ?? 0,
      pool_total_size: run.zswap['pool_total_size'] ?? 0,
      pool_size_peak,
      refused_writes,
      fault_p50_us: run.fault_latency.p50_us,
      fault_p99_us: run.fault_latency.p99_us,
    },
    ...perTenant.map(([tenant, each]) => ({ ...common, tenant, ...each.tiers, ...each.events })),
  ];
}
