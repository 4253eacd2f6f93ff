/**
 * How long Linux's own deflate makes a page: one block, whose codes {@link countCodes} has counted,
 * with the code lengths that zlib gives them, in whichever of the three forms is the shortest.
 *
 * Code lengths are those of Huffman's construction. Where two nodes weigh the same, the shallower
 * goes first; the order decides how long the description of the lengths is, so it is zlib's.
 *
 * @see RFC 1951, sections 3.2.6 and 3.2.7; lib/zlib_deflate/deftree.c
 */
import { present } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import {
  countCodes,
  DISTANCE_CODES,
  DISTANCE_EXTRA_BITS,
  distanceCounts,
  LENGTH_EXTRA_BITS,
  LITERAL_CODES,
  literalCounts,
} from './deflate-search.ts';

/** Codes that describe the lengths of the others: 16 to 18 are repetitions. */
const LENGTH_CODES = 19;
/** The order in which their own lengths stand. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const BITS_MAX = 15;
const LENGTH_BITS_MAX = 7;
const BLOCK_HEADER_BITS = 3;
/** Counts of the three kinds of codes, in front of their lengths. */
const COUNTS_BITS = 5 + 5 + 4;
/** Length and its complement, of a block that is stored as it is. */
const STORED_BYTES = 4;

const literalBits = new Uint8Array(LITERAL_CODES);
const distanceBits = new Uint8Array(DISTANCE_CODES);
const lengthBits = new Uint8Array(LENGTH_CODES);
const lengthCounts = new Uint16Array(LENGTH_CODES);

/** Bytes of the stream that the kernel's deflate makes of a page; may be 4096 and more. */
export function kernelDeflateLength(page: Uint8Array): number {
  countCodes(page);
  const extra = extraBits();
  const literalEnd = codeLengths(literalCounts, literalBits, BITS_MAX);
  const distanceEnd = codeLengths(distanceCounts, distanceBits, BITS_MAX);
  const dynamic =
    weigh(literalCounts, literalBits) +
    weigh(distanceCounts, distanceBits) +
    descriptionBits(literalEnd, distanceEnd) +
    extra;
  const fixed = fixedBits() + extra;
  const bytes = Math.ceil((BLOCK_HEADER_BITS + Math.min(dynamic, fixed)) / 8);
  return Math.min(bytes, PAGE_SIZE + STORED_BYTES + 1);
}

function weigh(counts: Uint16Array, bits: Uint8Array): number {
  let sum = 0;
  for (let code = 0; code < counts.length; code++) {
    sum += present(counts[code]) * present(bits[code]);
  }
  return sum;
}

/** Bits that follow the codes of lengths and distances. */
function extraBits(): number {
  let sum = 0;
  LENGTH_EXTRA_BITS.forEach((bits, code) => (sum += bits * present(literalCounts[257 + code])));
  return sum + weigh(distanceCounts, DISTANCE_EXTRA_BITS);
}

/** The codes of a block in the fixed form (RFC 1951, section 3.2.6). */
function fixedBits(): number {
  let sum = 0;
  literalCounts.forEach((count, code) => {
    const bits = code < 144 ? 8 : code < 256 ? 9 : code < 280 ? 7 : 8;
    sum += count * bits;
  });
  for (const count of distanceCounts) sum += 5 * count;
  return sum;
}

const NODES_MAX = 2 * LITERAL_CODES + 1;
const weights = new Uint16Array(NODES_MAX);
const depths = new Uint8Array(NODES_MAX);
const parents = new Uint16Array(NODES_MAX);
const heap = new Uint16Array(NODES_MAX);
let heapLength = 0;

/**
 * Gives each code that is used its length in bits.
 *
 * @returns the number after the last code that is used
 */
function codeLengths(counts: Uint16Array, bits: Uint8Array, bitsMax: number): number {
  const codes = counts.length;
  bits.fill(0);
  heapLength = 0;
  let end = 0;
  for (let code = 0; code < codes; code++) {
    if (counts[code] === 0) continue;
    heap[++heapLength] = code;
    weights[code] = present(counts[code]);
    depths[code] = 0;
    end = code + 1;
  }
  // A code of no bits is none, so there are two at least: the next, up to the third, or the first.
  while (heapLength < 2) {
    const code = end < 3 ? end++ : 0;
    heap[++heapLength] = code;
    weights[code] = 1;
    depths[code] = 0;
  }
  for (let at = heapLength >> 1; at >= 1; at--) sink(at);
  const order = joinNodes(codes);
  limitLengths(order, codes, bits, bitsMax);
  return end;
}

/** Joins the two lightest nodes until one is left; returns all nodes, the root first. */
function joinNodes(codes: number): readonly number[] {
  const order: number[] = [];
  let node = codes;
  do {
    const light = present(heap[1]);
    heap[1] = present(heap[heapLength--]);
    sink(1);
    const next = present(heap[1]);
    order.push(light, next);
    weights[node] = present(weights[light]) + present(weights[next]);
    depths[node] = Math.max(present(depths[light]), present(depths[next])) + 1;
    parents[light] = parents[next] = node;
    heap[1] = node++;
    sink(1);
  } while (heapLength >= 2);
  order.push(present(heap[1]));
  return order.toReversed();
}

function isLighter(a: number, b: number): boolean {
  const off = present(weights[a]) - present(weights[b]);
  return off < 0 || (off === 0 && present(depths[a]) <= present(depths[b]));
}

function sink(from: number): void {
  const node = present(heap[from]);
  let at = from;
  for (let child = 2 * at; child <= heapLength; child *= 2) {
    if (child < heapLength && isLighter(present(heap[child + 1]), present(heap[child]))) child++;
    if (isLighter(node, present(heap[child]))) break;
    heap[at] = present(heap[child]);
    at = child;
  }
  heap[at] = node;
}

const nodeBits = new Uint8Array(NODES_MAX);

/** Depths in the tree, cut at `bitsMax`; other codes become longer to make up for it. */
function limitLengths(
  order: readonly number[],
  codes: number,
  bits: Uint8Array,
  bitsMax: number,
): void {
  const ofLength = new Uint16Array(bitsMax + 1);
  let overflow = 0;
  nodeBits[present(order[0])] = 0;
  for (const node of order.slice(1)) {
    let length = present(nodeBits[present(parents[node])]) + 1;
    if (length > bitsMax) {
      length = bitsMax;
      overflow++;
    }
    nodeBits[node] = length;
    if (node >= codes) continue;
    bits[node] = length;
    ofLength[length] = present(ofLength[length]) + 1;
  }
  if (overflow === 0) return;
  for (; overflow > 0; overflow -= 2) {
    let length = bitsMax - 1;
    while (ofLength[length] === 0) length--;
    ofLength[length] = present(ofLength[length]) - 1;
    ofLength[length + 1] = present(ofLength[length + 1]) + 2;
    ofLength[bitsMax] = present(ofLength[bitsMax]) - 1;
  }
  const leaves = order.filter((node) => node < codes).toReversed();
  let at = 0;
  for (let length = bitsMax; length > 0; length--) {
    for (let n = present(ofLength[length]); n > 0; n--) bits[present(leaves[at++])] = length;
  }
}

/** Bits that describe the code lengths, runs of which are written short. */
function descriptionBits(literalEnd: number, distanceEnd: number): number {
  lengthCounts.fill(0);
  let extra = countRuns(literalBits.subarray(0, literalEnd));
  extra += countRuns(distanceBits.subarray(0, distanceEnd));
  codeLengths(lengthCounts, lengthBits, LENGTH_BITS_MAX);
  let last = LENGTH_CODES - 1;
  while (last >= 3 && lengthBits[present(LENGTH_ORDER[last])] === 0) last--;
  return COUNTS_BITS + 3 * (last + 1) + weigh(lengthCounts, lengthBits) + extra;
}

/** Counts the codes for a row of lengths; returns the bits that say how long their runs are. */
function countRuns(row: Uint8Array): number {
  let extra = 0;
  const use = (code: number, bits: number, times = 1): void => {
    lengthCounts[code] = present(lengthCounts[code]) + times;
    extra += bits;
  };
  let before = -1;
  for (let at = 0; at < row.length;) {
    const length = present(row[at]);
    // Up to 138 zeros are one run; another length is written once, then repeated up to 6 times.
    const most = length === 0 ? 138 : length === before ? 6 : 7;
    const least = length === 0 || length === before ? 3 : 4;
    let run = 1;
    while (run < most && row[at + run] === length) run++;
    if (run < least) use(length, 0, run);
    else if (length === 0) use(run <= 10 ? 17 : 18, run <= 10 ? 3 : 7);
    else {
      if (length !== before) use(length, 0);
      use(16, 2);
    }
    before = length === 0 && run >= least ? -1 : length;
    at += run;
  }
  return extra;
}
