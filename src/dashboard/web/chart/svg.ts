/**
 * What all charts have in common: a picture with a name and a description in words beside it, drawn
 * anew to the width that there is.
 */
import { html, setText, type Attributes } from '../dom.ts';
import type { Axis } from './axis.ts';

const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

/** An SVG element. */
export function svg(
  tag: string,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElement {
  const element = document.createElementNS(SVG_NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** Where a chart is drawn: pixels of the page. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

/** Width of a digit of the labels, in pixels; wide enough for all letters that they have. */
const CHARACTER_PX = 6.4;
/** Charts below each other begin at the same place where their labels are short. */
const GUTTER_PX_MIN = 46;

/** The value axis as drawn: labels in a gutter at the left, a line across for each. */
export function valueAxis(
  axis: Axis,
  format: (value: number) => string,
  { width, y }: { readonly width: number; readonly y: (value: number) => number },
): { readonly left: number; readonly nodes: readonly Node[] } {
  const labels = axis.ticks.map((tick) => (tick === 0 ? '0' : format(tick)));
  const longest = Math.max(...labels.map((label) => label.length));
  const left = Math.max(GUTTER_PX_MIN, Math.ceil(longest * CHARACTER_PX) + 6);
  const nodes = axis.ticks.flatMap((tick, index) => [
    svg('line', { class: 'rule', x1: left, x2: width, y1: y(tick), y2: y(tick) }),
    svg('text', { x: left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, labels[index] ?? ''),
  ]);
  return { left, nodes };
}

/** A chart's picture, for a section of the page that says in words what it shows. */
export class Picture {
  readonly element: HTMLElement;
  readonly #height: number;
  #draw: (frame: Frame) => readonly Node[] = () => [];

  /**
   * @param name - what the picture shows, in a few words
   * @param descriptionId - the element that says in words what is to be seen
   */
  constructor(name: string, descriptionId: string, height: number) {
    this.#height = height;
    this.element = html('div', {
      class: 'picture',
      role: 'img',
      'aria-label': name,
      'aria-describedby': descriptionId,
    });
    new ResizeObserver(() => this.#redraw()).observe(this.element);
  }

  update(draw: (frame: Frame) => readonly Node[]): void {
    this.#draw = draw;
    this.#redraw();
  }

  #redraw(): void {
    const width = Math.floor(this.element.clientWidth);
    if (width === 0) return;
    const frame = { width, height: this.#height };
    const attributes = {
      width,
      height: this.#height,
      viewBox: `0 0 ${width} ${this.#height}`,
      'aria-hidden': 'true',
      focusable: 'false',
    };
    this.element.replaceChildren(svg('svg', attributes, ...this.#draw(frame)));
  }
}

/** The list of colours beside a chart: classes of the style sheet and what they stand for. */
export function legend(entries: readonly (readonly [className: string, text: string])[]): Element {
  const items = entries.map(([className, text]) =>
    html('li', {}, html('span', { class: `swatch ${className}`, 'aria-hidden': 'true' }), text),
  );
  return html('ul', { class: 'legend', role: 'list' }, ...items);
}

/** The sentence under a section's title, which is also the description of its picture. */
export class Summary {
  readonly id: string;
  readonly element: HTMLElement;

  constructor(id: string) {
    this.id = id;
    this.element = html('p', { class: 'summary', id });
  }

  set(text: string): void {
    setText(this.element, text);
  }
}
