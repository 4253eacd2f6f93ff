/**
 * What all charts have in common: a picture with a name and a description in words beside it, drawn
 * anew to the width that there is.
 */
import { html, setText, type Attributes } from '../dom.ts';

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

/** A value axis that ends at a round value. */
export interface Axis {
  readonly max: number;
  /** From 0 to {@link max}, evenly. */
  readonly ticks: readonly number[];
}

/**
 * An axis for values up to `max` in two to five steps of 1, 2 or 5 times a power of `base`'s unit.
 *
 * @param base - 10, or 1024 for bytes, so that steps are round in the unit that is shown
 */
export function axisUpTo(max: number, base: 10 | 1024): Axis {
  const top = max > 0 ? max : 1;
  let unit = 1;
  while (base === 1024 && top / unit >= 1024) unit *= 1024;
  const scaled = top / unit;
  const power = 10 ** Math.floor(Math.log10(scaled / 2));
  const factor = [1, 2, 5, 10].find((each) => scaled / (each * power) <= 4) ?? 10;
  const step = factor * power * unit;
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  return {
    max: count * step,
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
  };
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
