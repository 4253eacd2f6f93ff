/** The words that traces have for reading, writing and dropping. */
import { OP_READ, OP_TRIM, OP_WRITE, type TraceOp } from '../record.ts';

/**
 * By lower-case word: block and cache traces' verbs, the numbers 0 and 1, and SCSI's operation
 * codes in hexadecimal for READ and WRITE of 6, 10, 12 and 16 bytes, and UNMAP (SBC-4).
 */
const WORDS: ReadonlyMap<string, TraceOp> = new Map<string, TraceOp>([
  ...[
    'r',
    'read',
    'rd',
    'get',
    'gets',
    'get_lease',
    'l',
    'load',
    '0',
    'rs',
    'ra',
    'rm',
    'head',
  ].map((word): [string, TraceOp] => [word, OP_READ]),
  ...['08', '28', 'a8', '88', '0x08', '0x28', '0xa8', '0x88', 'i', 'in', 'swapin'].map(
    (word): [string, TraceOp] => [word, OP_READ],
  ),
  ...['w', 'write', 'wr', 'set', 'put', 'add', 'replace', 'cas', 'append', 'prepend'].map(
    (word): [string, TraceOp] => [word, OP_WRITE],
  ),
  ...[
    'incr',
    'decr',
    'update',
    's',
    'store',
    'm',
    'modify',
    '1',
    'ws',
    'wm',
    'wf',
    'set_lease',
  ].map((word): [string, TraceOp] => [word, OP_WRITE]),
  ...['0a', '2a', 'aa', '8a', '0x0a', '0x2a', '0xaa', '0x8a', 'o', 'out', 'swapout', 'zero'].map(
    (word): [string, TraceOp] => [word, OP_WRITE],
  ),
  ...['t', 'trim', 'd', 'discard', 'delete', 'del', 'remove', 'unmap', '42', '0x42', 'free'].map(
    (word): [string, TraceOp] => [word, OP_TRIM],
  ),
]);

/** What {@link parseOp} knows, for messages. */
export const OP_FORM = 'an operation such as r, read, get, w, write, set, trim or delete';

/** The operation that a word names; undefined for none. */
export function parseOp(word: string): TraceOp | undefined {
  return WORDS.get(word.toLowerCase());
}
