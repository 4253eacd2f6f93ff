/**
 * The bios that may be in flight at once. Their number bounds the memory that device input and
 * output takes; who finds none left waits in line.
 */
import { Mempool } from '../rt/mempool.ts';
import type { Rt } from '../rt/rt.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { BIO_PAGES, Bio } from './device/device.ts';

/** Bios in flight at most, unless said otherwise: 8 MiB of buffers. */
export const BIOS_IN_FLIGHT_MAX = 64;

export class BioPool extends Mempool<Bio> {
  constructor(rt: Rt, limit: number = BIOS_IN_FLIGHT_MAX) {
    super(rt, limit, () => new Bio());
  }

  get metadataBytes(): number {
    return this.made * BIO_PAGES * PAGE_SIZE;
  }
}
