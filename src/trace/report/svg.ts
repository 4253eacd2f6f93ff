/**
 * Plots as inline SVG, drawn in a fixed box that the page scales. Colours come from the page's
 * style sheet by class, so that they fit the light and the dark.
 */

/** One line or area. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotOptions {
  /** Says what is to be seen, for those who do not see it. */
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xText: (x: number) => string;
  readonly yText: (y: number) => string;
  /** Highest value of the y axis; by default that of the data. */
  readonly yMax?: number;
  /** x in equal ratios instead of equal differences. */
  readonly isLogX?: boolean;
}

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 70;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 44;
const TICKS = 4;
/** Classes of colours in the style sheet. */
const COLORS = 8;

/** Text made safe for HTML and SVG. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** From values to places in the box. */
interface Scales {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
}

function scalesOf(series: readonly Series[], options: PlotOptions): Scales {
  const points = series.flatMap(({ points: all }) => all);
  const xs = points.map(([x]) => x);
  const toAxis = options.isLogX === true ? (x: number) => Math.log(Math.max(x, 1e-9)) : Number;
  const fromAxis = options.isLogX === true ? Math.exp : Number;
  const low = toAxis(Math.min(...xs));
  const span = toAxis(Math.max(...xs)) - low || 1;
  const yMax = options.yMax ?? (Math.max(0, ...points.map(([, y]) => y)) || 1);
  const steps = Array.from({ length: TICKS + 1 }, (_, i) => i / TICKS);
  return {
    x: (value) => LEFT + ((toAxis(value) - low) / span) * (WIDTH - LEFT - RIGHT),
    y: (value) => TOP + (1 - value / yMax) * (HEIGHT - TOP - BOTTOM),
    xTicks: steps.map((share) => fromAxis(low + share * span)),
    yTicks: steps.map((share) => share * yMax),
  };
}

function axes(scales: Scales, options: PlotOptions): string {
  const bottom = HEIGHT - BOTTOM;
  const horizontal = scales.yTicks.map((value) => {
    const y = scales.y(value).toFixed(1);
    const text = escapeText(options.yText(value));
    return (
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>` +
      `<text class="tick" x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${text}</text>`
    );
  });
  const vertical = scales.xTicks.map((value, index) => {
    const x = scales.x(value).toFixed(1);
    const anchor = index === 0 ? 'start' : index === TICKS ? 'end' : 'middle';
    const text = escapeText(options.xText(value));
    return `<text class="tick" x="${x}" y="${bottom + 16}" text-anchor="${anchor}">${text}</text>`;
  });
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  return [
    ...horizontal,
    ...vertical,
    `<text class="label" x="${middle}" y="${HEIGHT - 6}" text-anchor="middle">`,
    `${escapeText(options.xLabel)}</text>`,
  ].join('');
}

function frame(options: PlotOptions, names: readonly string[], inner: string): string {
  const legend = names.map(
    (name, index) => `<li><span class="key c${index % COLORS}"></span>${escapeText(name)}</li>`,
  );
  return (
    `<figure><figcaption>${escapeText(options.title)} <span class="unit">` +
    `(${escapeText(options.yLabel)})</span></figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    `aria-label="${escapeText(`${options.title}: ${names.join(', ')}`)}">${inner}</svg>` +
    `<ul class="legend">${legend.join('')}</ul></figure>`
  );
}

/** A line for each series. */
export function linePlot(series: readonly Series[], options: PlotOptions): string {
  const shown = series.filter(({ points }) => points.length > 0);
  if (shown.length === 0) return '';
  const scales = scalesOf(shown, options);
  const lines = shown.map(({ points }, index) => {
    const color = index % COLORS;
    const path = points.map(([x, y]) => `${scales.x(x).toFixed(1)},${scales.y(y).toFixed(1)}`);
    const dots =
      points.length > 40
        ? ''
        : path.map((at) => {
            const [x, y] = at.split(',');
            return `<circle class="dot c${color}" cx="${x}" cy="${y}" r="3"/>`;
          });
    const line = `<polyline class="line c${color}" points="${path.join(' ')}"/>`;
    return line + (dots === '' ? '' : dots.join(''));
  });
  const names = shown.map(({ name }) => name);
  return frame(options, names, axes(scales, options) + lines.join(''));
}

/** Series on top of each other, the first one at the bottom. All have the same x. */
export function stackedPlot(series: readonly Series[], options: PlotOptions): string {
  const [first] = series;
  if (first === undefined || first.points.length === 0) return '';
  const sums = first.points.map(() => 0);
  const layers = series.map(({ name, points }) => {
    const lower = [...sums];
    for (const [index, [, y]] of points.entries()) sums[index] = (sums[index] ?? 0) + y;
    return { name, lower, upper: [...sums] };
  });
  const xs = first.points.map(([x]) => x);
  const top: Series = { name: 'all', points: xs.map((x, index) => [x, sums[index] ?? 0]) };
  const scales = scalesOf([top], options);
  const at = (x: number, y: number): string =>
    `${scales.x(x).toFixed(1)},${scales.y(y).toFixed(1)}`;
  const areas = layers.map(({ lower, upper }, layer) => {
    const over = xs.map((x, index) => at(x, upper[index] ?? 0));
    const back = xs.map((x, index) => at(x, lower[index] ?? 0)).toReversed();
    return `<polygon class="area c${layer % COLORS}" points="${[...over, ...back].join(' ')}"/>`;
  });
  const names = layers.map(({ name }) => name);
  return frame(options, names, areas.join('') + axes(scales, options));
}

/** Bars side by side, each from the last one's end (on a scale of equal ratios) to its own. */
export function histogramPlot(
  bars: readonly { readonly upTo: number; readonly count: number }[],
  options: PlotOptions,
): string {
  const [first] = bars;
  if (first === undefined) return '';
  const ratio = 2 ** (1 / 16);
  const points = bars.flatMap(({ upTo, count }): (readonly [number, number])[] => [
    [upTo / ratio, 0],
    [upTo, count],
  ]);
  const scales = scalesOf([{ name: '', points }], { ...options, isLogX: true });
  const bottom = scales.y(0);
  const rects = bars.map(({ upTo, count }) => {
    const left = scales.x(upTo / ratio);
    const y = scales.y(count);
    const width = Math.max(1, scales.x(upTo) - left);
    return (
      `<rect class="area c0" x="${left.toFixed(1)}" y="${y.toFixed(1)}" ` +
      `width="${width.toFixed(1)}" height="${(bottom - y).toFixed(1)}"/>`
    );
  });
  return frame(options, ['faults'], axes(scales, options) + rects.join(''));
}
