/** Columns side by side, each of one or more parts on top of each other. */
import { axisUpTo, svg, type Frame } from './svg.ts';

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

const SIDE = 4;
const TOP = 16;
const BOTTOM = 20;

/** Draws it. */
export function drawColumns(chart: ColumnChart, { width, height }: Frame): Node[] {
  const totals = chart.columns.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0));
  const axis = axisUpTo(Math.max(0, ...totals), chart.base);
  const room = height - TOP - BOTTOM;
  const step = (width - 2 * SIDE) / Math.max(1, chart.columns.length);
  const y = (value: number): number => TOP + (1 - value / axis.max) * room;
  const gap = Math.min(2, step / 4);
  return [
    ...axis.ticks.map((tick) =>
      svg('line', { class: 'rule', x1: SIDE, x2: width - SIDE, y1: y(tick), y2: y(tick) }),
    ),
    ...chart.columns.map((column, index) => {
      let below = 0;
      const rects = column.parts.map((part, at) => {
        const top = y(below + part);
        const bottom = y(below);
        below += part;
        return svg('rect', {
          class: chart.classNames[at] ?? '',
          x: (SIDE + index * step + gap / 2).toFixed(2),
          width: Math.max(1, step - gap).toFixed(2),
          y: top.toFixed(2),
          // What is there is to be seen, however little it is.
          height: part > 0 ? Math.max(1, bottom - top).toFixed(2) : 0,
        });
      });
      return svg('g', {}, svg('title', {}, column.name), ...rects);
    }),
    ...axis.ticks
      .slice(1)
      .map((tick) => svg('text', { class: 'tick', x: SIDE, y: y(tick) - 4 }, chart.format(tick))),
    ...chart.labels.map(([place, text]) =>
      svg(
        'text',
        {
          class: 'tick',
          x: (SIDE + place * step).toFixed(1),
          y: height - 5,
          'text-anchor': anchor(place, chart.columns.length),
        },
        text,
      ),
    ),
  ];
}

function anchor(place: number, count: number): string {
  if (place <= 0) return 'start';
  return place >= count ? 'end' : 'middle';
}
