/** Making elements. Texts are set as text and nothing ever becomes markup. */

/** What an element may be given: attributes by name, absent ones left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
}

/** An HTML element with its attributes and children. */
export function html<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** The element of the page that has this id; the page has it. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** Sets a text only where it differs, so that nothing is read out or selected anew for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A table whose first cell of each row names it.
 *
 * @param caption - what it shows, for who cannot see where it stands
 */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLTableElement {
  const cell = (text: string, index: number): HTMLElement =>
    index === 0 ? html('th', { scope: 'row' }, text) : html('td', {}, text);
  return html(
    'table',
    {},
    html('caption', {}, caption),
    html('thead', {}, html('tr', {}, ...head.map((text) => html('th', { scope: 'col' }, text)))),
    html('tbody', {}, ...rows.map((row) => html('tr', {}, ...row.map(cell)))),
  );
}

/** A table that is made only while somebody has opened it. */
export class FoldedTable {
  readonly element: HTMLDetailsElement;
  readonly #holder: HTMLElement;
  #make: () => HTMLTableElement = () => table('', [], []);

  constructor(summary: string) {
    // It scrolls sideways on a phone, and by keyboard.
    const attributes = { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': summary };
    this.#holder = html('div', attributes);
    this.element = html('details', {}, html('summary', {}, summary), this.#holder);
    this.element.addEventListener('toggle', () => this.#draw());
  }

  update(make: () => HTMLTableElement): void {
    this.#make = make;
    this.#draw();
  }

  #draw(): void {
    if (this.element.open) this.#holder.replaceChildren(this.#make());
  }
}
