/** Lines over the last minutes: one value a second for each series, on one value axis. */
import { durationText } from '../../../metrics/words.ts';
import { axisUpTo } from './axis.ts';
import { svg, valueAxis, type Frame } from './svg.ts';

/** One line. Times are seconds, ascending; a value that is not known breaks the line. */
export interface Series {
  /** Class of the style sheet that gives it its colour. */
  readonly className: string;
  readonly values: readonly (number | undefined)[];
  /** Fills the area under it. */
  readonly filled?: boolean;
}

export interface TimeChart {
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** Seconds that the time axis shows, ending with the last time. */
  readonly span: number;
  /** A level to be seen whatever the values are, such as a limit. */
  readonly level?: number;
  readonly base: 10 | 1024;
  readonly format: (value: number) => string;
}

const RIGHT = 2;
const TOP = 8;
const BOTTOM = 22;
/** A gap of more than so many seconds is no line: nobody looked then. */
const GAP_SECONDS = 5;

/** Draws it. */
export function drawTimes(chart: TimeChart, { width, height }: Frame): Node[] {
  const known = chart.series.flatMap(({ values }) => values.filter((each) => each !== undefined));
  const axis = axisUpTo(Math.max(0, chart.level ?? 0, ...known), chart.base);
  const y = (value: number): number => TOP + (1 - value / axis.max) * (height - TOP - BOTTOM);
  const { left, nodes } = valueAxis(axis, chart.format, { width, y });
  const end = chart.times.at(-1) ?? 0;
  const x = (time: number): number =>
    left + (1 - (end - time) / chart.span) * (width - left - RIGHT);
  const { level } = chart;
  return [
    ...nodes,
    ...chart.series.flatMap((series) => lines(chart.times, series, x, y)),
    ...(level === undefined
      ? []
      : [svg('line', { class: 'level', x1: left, x2: width, y1: y(level), y2: y(level) })]),
    ...timeLabels(chart.span, left, { width, height }),
  ];
}

function timeLabels(span: number, left: number, { width, height }: Frame): Node[] {
  const at = [span, span / 2, 0];
  const anchors = ['start', 'middle', 'end'];
  return at.map((ago, index) => {
    const text = ago === 0 ? 'now' : `${durationText(ago)} ago`;
    const x = left + (1 - ago / span) * (width - left - RIGHT);
    const anchor = anchors[index] ?? 'middle';
    return svg('text', { x, y: height - 4, 'text-anchor': anchor }, text);
  });
}

/** The unbroken pieces of a series, each a line and if wished the area under it. */
function lines(
  times: readonly number[],
  series: Series,
  x: (time: number) => number,
  y: (value: number) => number,
): Node[] {
  const pieces: (readonly [number, number])[][] = [];
  let lastTime = -Infinity;
  times.forEach((time, index) => {
    const value = series.values[index];
    if (value === undefined) {
      lastTime = -Infinity;
      return;
    }
    if (time - lastTime > GAP_SECONDS) pieces.push([]);
    pieces.at(-1)?.push([x(time), y(value)]);
    lastTime = time;
  });
  return pieces.flatMap((points) => {
    const path = points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join(' L');
    const line = svg('path', { class: `line ${series.className}`, d: `M${path}` });
    if (series.filled !== true) return [line];
    const first = points[0]?.[0] ?? 0;
    const last = points.at(-1)?.[0] ?? 0;
    const area = `M${path} L${last.toFixed(1)} ${y(0)} L${first.toFixed(1)} ${y(0)} Z`;
    return [svg('path', { class: `area ${series.className}`, d: area }), line];
  });
}
