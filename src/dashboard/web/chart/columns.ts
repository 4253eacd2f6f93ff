/** Columns side by side, each of one or more parts on top of each other. */
import { axisUpTo } from './axis.ts';
import { svg, valueAxis, type Frame } from './svg.ts';

export interface Column {
  /** What the column stands for, shown when pointed at. */
  readonly name: string;
  /** From the bottom up, in the order of {@link ColumnChart.classNames}. */
  readonly parts: readonly number[];
}

export interface ColumnChart {
  readonly columns: readonly Column[];
  /** Class of the style sheet for each part. */
  readonly classNames: readonly string[];
  /** Labels under the axis: a text, and the place between columns that it belongs to. */
  readonly labels: readonly (readonly [place: number, text: string])[];
  readonly base: 10 | 1024;
  readonly format: (value: number) => string;
}

const TOP = 8;
const BOTTOM = 22;
/** Where columns are so narrow that the space between them would be half of all. */
const GAP_PX = 2;

/** Draws it. */
export function drawColumns(chart: ColumnChart, { width, height }: Frame): Node[] {
  const totals = chart.columns.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0));
  const axis = axisUpTo(Math.max(0, ...totals), chart.base);
  const y = (value: number): number => TOP + (1 - value / axis.max) * (height - TOP - BOTTOM);
  const { left, nodes } = valueAxis(axis, chart.format, { width, y });
  const step = (width - left) / Math.max(1, chart.columns.length);
  const gap = Math.min(GAP_PX, step / 4);
  const bars = chart.columns.map((column, index) => {
    let below = 0;
    const rects = column.parts.map((part, at) => {
      const bottom = y(below);
      below += part;
      // What is there is to be seen, however little it is.
      const tall = part > 0 ? Math.max(1, bottom - y(below)) : 0;
      return svg('rect', {
        class: chart.classNames[at] ?? '',
        x: (left + index * step + gap / 2).toFixed(2),
        width: Math.max(1, step - gap).toFixed(2),
        y: (bottom - tall).toFixed(2),
        height: tall.toFixed(2),
      });
    });
    return svg('g', {}, svg('title', {}, column.name), ...rects);
  });
  const labels = chart.labels.map(([place, text]) => {
    const x = (left + place * step).toFixed(1);
    const attributes = { x, y: height - 4, 'text-anchor': anchor(place, chart.columns.length) };
    return svg('text', attributes, text);
  });
  return [...nodes, ...bars, ...labels];
}

function anchor(place: number, count: number): string {
  if (place <= 0) return 'start';
  return place >= count ? 'end' : 'middle';
}
