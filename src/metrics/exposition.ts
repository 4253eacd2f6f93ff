/**
 * Prometheus' text format, version 0.0.4: metrics as families of samples, and their text.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { logBucketSeconds, type HistogramReading } from '../std/log-histogram.ts';

/** What `/metrics` answers as its content type. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

/** One line. */
export interface Sample {
  /** What follows the family's name. */
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

/** What a histogram shows for one set of labels. */
export interface Distribution {
  readonly labels?: Labels;
  readonly reading: HistogramReading;
}

/** A metric with its lines. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Number.isNaN(value) ? 'NaN' : String(value);
}

function formatSample(name: string, { suffix = '', labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  const list = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
  return `${name}${suffix}${list} ${formatValue(value)}`;
}

/** The family's text, with the prefix that all names have. */
export function formatFamily(family: Family): string {
  const name = `zswapd_${family.name}`;
  const samples = family.samples.map((sample) => formatSample(name, sample));
  const head = [`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`];
  return [...head, ...samples, ''].join('\n');
}

/** A figure that goes up and down. */
export function gauge(
  name: string,
  help: string,
  ...samples: readonly (Sample | number)[]
): Family {
  const rows = samples.map((sample) => (typeof sample === 'number' ? { value: sample } : sample));
  return { name, type: 'gauge', help, samples: rows };
}

/** A figure that only grows; its name ends in `_total`. */
export function counter(
  name: string,
  help: string,
  ...samples: readonly (Sample | number)[]
): Family {
  return { ...gauge(name, help, ...samples), type: 'counter' };
}

/** The buckets accumulated, as the format wants them, then the sum and the count. */
function histogramSamples({ labels = {}, reading }: Distribution): Sample[] {
  let below = 0;
  const buckets = reading.buckets.map((value, bucket) => {
    below += value;
    const le = formatValue(logBucketSeconds(bucket));
    return { suffix: '_bucket', labels: { ...labels, le }, value: below };
  });
  return [
    ...buckets,
    { suffix: '_sum', labels, value: reading.sum_seconds },
    { suffix: '_count', labels, value: reading.count },
  ];
}

/** Durations. */
export function histogram(name: string, help: string, ...of: readonly Distribution[]): Family {
  return { name, type: 'histogram', help, samples: of.flatMap(histogramSamples) };
}
