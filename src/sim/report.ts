/** Shows a failure to people: a column for each actor, a line for each step. */
import type { Failure } from './engine/failure.ts';

/** The column of an actor: a device's completions stand in its user's. */
export function columnOf(actor: string): string {
  return actor.replace(/^(?:device of )+/, '');
}

/** The steps by the names of the places where they go on, one column for each actor. */
export function formatSteps({ steps }: Pick<Failure, 'steps'>): string {
  const columns = [...new Set(steps.map(({ actor }) => columnOf(actor)))];
  const widths = columns.map((column) => {
    const cells = steps.filter(({ actor }) => columnOf(actor) === column).map(({ at }) => at);
    return Math.max(column.length, ...cells.map((cell) => cell.length));
  });
  const line = (number: string, cells: readonly string[]): string =>
    [number.padStart(4), ...cells.map((cell, index) => cell.padEnd(widths[index] ?? 0))]
      .join('  ')
      .trimEnd();
  const rows = steps.map(({ actor, at }, index) =>
    line(
      String(index + 1),
      columns.map((column) => (column === columnOf(actor) ? at : '')),
    ),
  );
  return [line('step', columns), ...rows, ''].join('\n');
}
