/** Keys as a terminal in raw mode sends them. */

/** What a key means to `zswapd top`. */
export type Key =
  | 'quit'
  | 'suspend'
  | 'next-column'
  | 'previous-column'
  | 'reverse'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last';

/** Sequences of VT100 and its descendants, in both cursor key modes; and plain letters. */
const SEQUENCES: ReadonlyMap<string, Key> = new Map([
  ['q', 'quit'],
  ['Q', 'quit'],
  ['\u0003', 'quit'],
  ['\u0004', 'quit'],
  ['\u001a', 'suspend'],
  ['s', 'next-column'],
  ['S', 'previous-column'],
  ['r', 'reverse'],
  ['\u001b[C', 'next-column'],
  ['\u001bOC', 'next-column'],
  ['\u001b[D', 'previous-column'],
  ['\u001bOD', 'previous-column'],
  ['\u001b[A', 'up'],
  ['\u001bOA', 'up'],
  ['k', 'up'],
  ['\u001b[B', 'down'],
  ['\u001bOB', 'down'],
  ['j', 'down'],
  ['\u001b[5~', 'page-up'],
  ['\u001b[6~', 'page-down'],
  [' ', 'page-down'],
  ['\u001b[H', 'first'],
  ['\u001b[1~', 'first'],
  ['g', 'first'],
  ['\u001b[F', 'last'],
  ['\u001b[4~', 'last'],
  ['G', 'last'],
]);

/** One sequence: an escape sequence with its final letter, or a single character. */
// oxlint-disable-next-line no-control-regex -- control characters are what keys are made of.
const SEQUENCE = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|[^]/gu;

/** The keys in what a terminal sent; what means nothing is left out. */
export function readKeys(text: string): Key[] {
  return (text.match(SEQUENCE) ?? []).flatMap((sequence) => SEQUENCES.get(sequence) ?? []);
}
