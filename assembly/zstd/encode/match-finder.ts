// Splits a page into sequences: literals, then a match with what came before. One table of
// positions by a hash of five bytes, the latest position only; the last distance is tried at each
// place, the one before it after each match.

import {
  PAGE,
  PAGE_BYTES,
  candidateAt,
  copyLiterals,
  matchEnd,
  nextBias,
  remember,
  slotOf,
} from '../../memory';
import { LITERALS, SEQUENCES } from '../layout';

const PAGE_END: usize = PAGE + PAGE_BYTES;
// The last place that eight bytes can be read from, and one more for a look ahead.
const SEARCH_END: usize = PAGE_END - 9;

// Positions are tried one further apart for each so many literals.
const SKIP_BITS: usize = 7;

/** Sequences at SEQUENCES, 8 bytes each: literals, match length - 3, offset value of 32 bits. */
export let sequenceCount: u32 = 0;
/** Literals at LITERALS, those after the last sequence included. */
export let literalTotal: usize = 0;

let sequencesEnd: usize = 0;
let literalsEnd: usize = 0;

@inline
function putSequence(anchor: usize, ip: usize, length: usize, value: usize): void {
  const count = ip - anchor;
  copyLiterals(literalsEnd, anchor, count);
  literalsEnd += count;
  store<u64>(sequencesEnd, <u64>(count | ((length - 3) << 16)) | (<u64>value << 32));
  sequencesEnd += 8;
}

/** Finds the sequences of PAGE. */
export function findMatches(): void {
  const origin = PAGE - nextBias();
  sequencesEnd = SEQUENCES;
  literalsEnd = LITERALS;
  let anchor = PAGE;
  let ip = PAGE + 1;
  let last: usize = 1;
  let before: usize = 4;
  remember(slotOf(load<u64>(PAGE)), origin, PAGE);
  while (ip <= SEARCH_END) {
    const slot = slotOf(load<u64>(ip));
    let from = candidateAt(slot, origin);
    remember(slot, origin, ip);
    // What the format has for the distance: 1 for the last one, else the distance and 3.
    let value: usize;
    let start = ip + 1;
    if (load<u32>(start) === load<u32>(start - last)) {
      from = start - last;
      value = 1;
    } else if (load<u32>(from) === load<u32>(ip)) {
      start = ip;
      while (start > anchor && from > PAGE && load<u8>(start - 1) === load<u8>(from - 1)) {
        start--;
        from--;
      }
      before = last;
      last = start - from;
      value = last + 3;
    } else {
      ip += 1 + ((ip - anchor) >> SKIP_BITS);
      continue;
    }
    let end = matchEnd(start + 4, from + 4, PAGE_END);
    putSequence(anchor, start, end - start, value);
    anchor = end;
    if (end > SEARCH_END) break;
    remember(slotOf(load<u64>(end - 2)), origin, end - 2);
    while (load<u32>(end) === load<u32>(end - before)) {
      const distance = before;
      before = last;
      last = distance;
      end = matchEnd(end + 4, end + 4 - distance, PAGE_END);
      putSequence(anchor, anchor, end - anchor, 1);
      anchor = end;
      if (end > SEARCH_END) break;
    }
    ip = end;
  }
  sequenceCount = <u32>(sequencesEnd - SEQUENCES) >> 3;
  memory.copy(literalsEnd, anchor, PAGE_END - anchor);
  literalTotal = literalsEnd + (PAGE_END - anchor) - LITERALS;
}
