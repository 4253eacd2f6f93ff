/**
 * What every trace format is read into: one record at a time, in one reused object, handed to a
 * sink that keeps of it what it needs. So reading makes no garbage for each reference.
 */

/** A reference's kind: 0 reads, 1 writes, 2 says that the contents are not needed any more. */
export type TraceOp = typeof OP_READ | typeof OP_WRITE | typeof OP_TRIM;

export const OP_READ = 0;
export const OP_WRITE = 1;
export const OP_TRIM = 2;

/** Number of the tenant of records whose format has none. */
export const NO_TENANT = 0;

/** One record. Fields that a format does not have keep what {@link clearRecord} gives them. */
export interface TraceRecord {
  /** Seconds, from any origin; NaN where the format has no time. */
  time: number;
  op: TraceOp;
  /** What is referenced, as an unsigned 64-bit number. */
  idHigh: number;
  idLow: number;
  /** First byte of the range that is referenced; negative where the format names objects. */
  offset: number;
  /** Bytes of the object or the range; negative where the format has no sizes. */
  bytes: number;
  /** From {@link TenantTable}. */
  tenant: number;
  /** Bytes that a written page was compressed to, 0 for zeros; negative where it is not known. */
  compressedBytes: number;
}

export function createRecord(): TraceRecord {
  return {
    time: Number.NaN,
    op: OP_READ,
    idHigh: 0,
    idLow: 0,
    offset: -1,
    bytes: -1,
    tenant: NO_TENANT,
    compressedBytes: -1,
  };
}

/** Makes a byte range the record's subject; its id is then the number of its first sector. */
export function setRange(record: TraceRecord, offset: number, bytes: number): void {
  record.offset = offset;
  record.bytes = bytes;
  setId(record, Math.floor(offset / SECTOR_BYTES));
}

/** Makes a whole number below 2^53 the record's id. */
export function setId(record: TraceRecord, id: number): void {
  record.idHigh = Math.floor(id / 0x1_0000_0000);
  record.idLow = id >>> 0;
}

/** Bytes of a sector in every block trace. */
export const SECTOR_BYTES = 512;

/** The names of tenants, numbered as they appear. Number 0 is nobody's. */
export class TenantTable {
  readonly names: string[] = ['-'];
  readonly #numbers = new Map<string, number>();

  /** @throws RangeError if there are more than a column can hold */
  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.names.length === TENANTS_MAX) {
      throw new RangeError(`more than ${TENANTS_MAX - 1} tenants`);
    }
    const number = this.names.push(name) - 1;
    this.#numbers.set(name, number);
    return number;
  }
}

const TENANTS_MAX = 65_536;
