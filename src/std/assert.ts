/**
 * Assertions that stay on in production. A failing one is a broken invariant of this program, never
 * a caller's or the environment's mistake, so nobody catches it.
 */

/** Thrown by a failed assertion: the program's own state is wrong. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Checks an invariant. Keep the condition cheap: integers only on the data plane. */
export function assert(condition: boolean, message?: string): asserts condition {
  if (!condition) broken(message);
}

/**
 * Throws for {@link assert} and {@link present}. Apart, it leaves them so small that the compiler
 * puts them into every caller, at no cost to its budget for what else it could put there.
 */
function broken(message = 'invariant broken'): never {
  throw new InvariantError(message);
}

/** Marks a branch that the types say cannot be taken. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`);
}

/** Unwraps a value that must be there, for example a column element whose index was checked. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) broken('value is missing');
  return value;
}
