/**
 * What a mutant is: the protocol with one rule taken out, by name. It is a patch of compiled
 * modules that `scripts/build-mutants.mjs` applies to a copy of them beside the clean ones; what
 * users run is not touched. The explorer must find each: its silence about the clean modules means
 * something only as long as it does.
 *
 * A mutant is wrong only where things overlap: it looks before it waits and not after, gives up
 * early what it should keep, or keeps in one place what belongs to each. So it passes every test
 * that does one thing after the other (`test/sequential/mutants.test.ts`).
 */

/** One replacement; `find` must occur exactly once. */
export interface Patch {
  /** Compiled module, relative to the folder of the compiled sources. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** The rule that is taken out, as a sentence about what the mutant does. */
  readonly summary: string;
  /** The scenario that finds it. */
  readonly scenario: string;
  readonly patches: readonly Patch[];
}

/** Lines of compiled code, by their depth of indentation. */
export function lines(depth: number, ...texts: readonly string[]): string {
  return texts.map((text) => `${'    '.repeat(depth)}${text}\n`).join('');
}

/** A patch that puts lines before one that stays; all have the same depth. */
export function before(file: string, depth: number, line: string, ...more: string[]): Patch {
  const find = lines(depth, line);
  return { file, find, replace: lines(depth, ...more) + find };
}

/** A patch that puts lines after one that stays. */
export function after(file: string, depth: number, line: string, ...more: string[]): Patch {
  const find = lines(depth, line);
  return { file, find, replace: find + lines(depth, ...more) };
}

/** A patch that leaves lines out. */
export function without(file: string, depth: number, ...texts: string[]): Patch {
  return { file, find: lines(depth, ...texts), replace: '' };
}
