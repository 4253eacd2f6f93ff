/** Event counters of the whole engine, by the kernel's names in `/proc/vmstat`, in pages. */
export interface Vmstat {
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
  /** Zero-filled pages read, and written. */
  swpin_zero: number;
  swpout_zero: number;
}

export function createVmstat(): Vmstat {
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
