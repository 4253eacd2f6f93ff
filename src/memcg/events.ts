/**
 * The events of moving pages, by the kernel's names in `/proc/vmstat` and `memory.stat`, in pages.
 * One record counts for the whole engine and one for each group; they are added to directly.
 */
export interface SwapEvents {
  /** Pages loaded from zswap. */
  zswpin: number;
  /** Pages stored into zswap. */
  zswpout: number;
  /** Pages written back from zswap to the device. */
  zswpwb: number;
  /** Pages read from the device. */
  pswpin: number;
  /** Pages written to the device, writeback included. */
  pswpout: number;
  /** Zero-filled pages read. */
  swpin_zero: number;
  /** Zero-filled pages written. */
  swpout_zero: number;
}

/** Names of {@link SwapEvents} in the order they are shown. */
export const SWAP_EVENTS: readonly (keyof SwapEvents)[] = [
  'zswpin',
  'zswpout',
  'zswpwb',
  'pswpin',
  'pswpout',
  'swpin_zero',
  'swpout_zero',
];

export function createSwapEvents(): SwapEvents {
  return {
    zswpin: 0,
    zswpout: 0,
    zswpwb: 0,
    pswpin: 0,
    pswpout: 0,
    swpin_zero: 0,
    swpout_zero: 0,
  };
}
