/**
 * A whole trace as columns: what was referenced, how, by whom, when. Policies go over it as often
 * as there are sizes to try, and Belády's needs its end before its beginning, so it is held in
 * memory: about 9 bytes a reference, 17 with times.
 */
import { PAGE_SIZE } from '../std/units.ts';
import type { RecordSink, TraceFacts, TraceUnit } from './format.ts';
import { ObjectTable } from './object-table.ts';
import { OP_READ, OP_TRIM, OP_WRITE, type TenantTable, type TraceRecord } from './record.ts';

/** References in a block of columns. */
export const BLOCK_REFERENCES: number = 1 << 18;

/** A run of references. All columns have {@link BLOCK_REFERENCES} elements, `count` are in use. */
export interface ReferenceBlock {
  count: number;
  readonly objects: Uint32Array;
  readonly ops: Uint8Array;
  readonly tenants: Uint16Array;
  /** Bytes that the page was compressed to, or -1. */
  readonly sizes: Int16Array;
  /** Seconds since the trace began; undefined where it has no times. */
  readonly times: Float64Array | undefined;
}

/** A trace that has been read. */
export interface ReferenceTrace {
  readonly blocks: readonly ReferenceBlock[];
  readonly referenceCount: number;
  readonly objectCount: number;
  /** By number; 0 is nobody's. */
  readonly tenants: readonly string[];
  /** By tenant: objects that it referenced first. */
  readonly tenantObjects: readonly number[];
  /** The tenant that referenced an object first. */
  readonly objectTenants: Uint16Array;
  readonly reads: number;
  readonly writes: number;
  readonly trims: number;
  /** Seconds between the first and the last reference; 0 where the trace has no times. */
  readonly seconds: number;
  /** Some references know what their page was compressed to. */
  readonly hasSizes: boolean;
  readonly facts: TraceFacts | undefined;
}

/** Most pages of one record: more is a broken file. */
const RECORD_PAGES_MAX = 1 << 24;
/** A run of zeros longer than this is taken for a discard: nobody reads it as data. */
const ZERO_PAGES_MAX = 1024;

export interface BuilderOptions {
  readonly unit: TraceUnit;
  readonly ownIds: boolean;
  readonly tenants: TenantTable;
  /** References at most. */
  readonly limit: number;
}

/** Takes records and makes columns of them. */
export class ReferenceBuilder implements RecordSink {
  readonly #options: BuilderOptions;
  readonly #objects = new ObjectTable();
  readonly #blocks: ReferenceBlock[] = [];
  readonly #counts = [0, 0, 0];
  #tenantOf = new Uint16Array(1 << 12);
  #block: ReferenceBlock | undefined;
  #count = 0;
  #origin = Number.NaN;
  #lastTime = 0;
  #hasSizes = false;
  #facts: TraceFacts | undefined;

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  /** There are as many references as were asked for. */
  get isFull(): boolean {
    return this.#count >= this.#options.limit;
  }

  get referenceCount(): number {
    return this.#count;
  }

  describe(facts: TraceFacts): void {
    this.#facts = facts;
  }

  /** @throws RangeError for a record that cannot be */
  add(record: TraceRecord): void {
    const { unit, ownIds } = this.#options;
    const space = ownIds ? record.tenant : 0;
    if (unit === 'object') {
      this.#addObject(record, record.idHigh, record.idLow, space);
      return;
    }
    if (record.bytes === 0) return;
    const first = Math.floor(record.offset / PAGE_SIZE);
    const end = Math.floor((record.offset + record.bytes - 1) / PAGE_SIZE) + 1;
    if (end - first > RECORD_PAGES_MAX) {
      throw new RangeError(`expected a request of at most ${RECORD_PAGES_MAX} pages`);
    }
    const isLongZero = record.compressedBytes === 0 && end - first > ZERO_PAGES_MAX;
    if (record.op === OP_TRIM || isLongZero) this.#trim(record, first, end, space);
    else {
      for (let page = first; page < end; page += 1) {
        this.#addObject(record, Math.floor(page / 0x1_0000_0000), page >>> 0, space);
      }
    }
  }

  /** Ends building. */
  finish(): ReferenceTrace {
    const { tenants } = this.#options;
    const tenantObjects = tenants.names.map(() => 0);
    const objectCount = this.#objects.count;
    for (let object = 0; object < objectCount; object += 1) {
      const tenant = this.#tenantOf[object] ?? 0;
      tenantObjects[tenant] = (tenantObjects[tenant] ?? 0) + 1;
    }
    return {
      blocks: this.#blocks,
      referenceCount: this.#count,
      objectCount,
      tenants: tenants.names,
      tenantObjects,
      objectTenants: this.#tenantOf.slice(0, objectCount),
      reads: this.#counts[OP_READ] ?? 0,
      writes: this.#counts[OP_WRITE] ?? 0,
      trims: this.#counts[OP_TRIM] ?? 0,
      seconds: this.#lastTime,
      hasSizes: this.#hasSizes,
      facts: this.#facts,
    };
  }

  /** Pages that nobody has ever referenced have nothing to drop. */
  #trim(record: TraceRecord, first: number, end: number, space: number): void {
    const objects = this.#objects;
    if (end - first > objects.count) {
      for (let object = 0; object < objects.count; object += 1) {
        const page = objects.id(object);
        const isIn = page >= first && page < end && objects.space(object) === space;
        if (isIn) this.#push(record, object, OP_TRIM);
      }
      return;
    }
    for (let page = first; page < end; page += 1) {
      const object = objects.find(Math.floor(page / 0x1_0000_0000), page >>> 0, space);
      if (object >= 0) this.#push(record, object, OP_TRIM);
    }
  }

  #addObject(record: TraceRecord, high: number, low: number, space: number): void {
    if (this.isFull) return;
    const before = this.#objects.count;
    const object = this.#objects.intern(high, low, space);
    if (object === before) this.#noteTenant(object, record.tenant);
    this.#push(record, object, record.op);
  }

  #noteTenant(object: number, tenant: number): void {
    if (object === this.#tenantOf.length) {
      const wider = new Uint16Array(2 * object);
      wider.set(this.#tenantOf);
      this.#tenantOf = wider;
    }
    this.#tenantOf[object] = tenant;
  }

  #push(record: TraceRecord, object: number, op: number): void {
    if (this.isFull) return;
    const block = this.#open(record);
    const at = block.count;
    block.objects[at] = object;
    block.ops[at] = op;
    block.tenants[at] = record.tenant;
    block.sizes[at] = record.compressedBytes;
    if (record.compressedBytes >= 0) this.#hasSizes = true;
    if (block.times !== undefined) {
      // Traces of several processors are not quite in order; time here never goes back.
      const time = record.time - this.#origin;
      this.#lastTime = Math.max(this.#lastTime, time);
      block.times[at] = this.#lastTime;
    }
    block.count = at + 1;
    this.#count += 1;
    this.#counts[op] = (this.#counts[op] ?? 0) + 1;
  }

  /** The block that the next reference goes to. */
  #open(record: TraceRecord): ReferenceBlock {
    if (this.#block !== undefined && this.#block.count < BLOCK_REFERENCES) return this.#block;
    if (this.#count === 0) this.#origin = record.time;
    const hasTimes = !Number.isNaN(this.#origin);
    this.#block = {
      count: 0,
      objects: new Uint32Array(BLOCK_REFERENCES),
      ops: new Uint8Array(BLOCK_REFERENCES),
      tenants: new Uint16Array(BLOCK_REFERENCES),
      sizes: new Int16Array(BLOCK_REFERENCES),
      times: hasTimes ? new Float64Array(BLOCK_REFERENCES) : undefined,
    };
    this.#blocks.push(this.#block);
    return this.#block;
  }
}
