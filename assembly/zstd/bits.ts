// Streams that are read backwards (RFC 8878, section 4.1): from the last bit that is set, which
// only marks the end, down to the first. A position counts bits from the front of memory.

/** The position above the last bit of the stream `[start, end)`, or 0 if it has no end. */
@inline
export function streamTop(start: usize, end: usize): usize {
  if (end <= start) return 0;
  const last = <u32>load<u8>(end - 1);
  return last === 0 ? 0 : (end << 3) - <usize>(clz(last) - 23);
}

/** The `count` bits, at most 16, below bit position `top`. */
@inline
export function takeBits(top: usize, count: u32): u32 {
  const at = top - count;
  return (load<u32>(at >> 3) >> <u32>(at & 7)) & ((<u32>1 << count) - 1);
}
