/**
 * A region: a range of pages of anonymous memory with a page table, the kernel's VMA. Regions that
 * were copied from one another are a *family*: they share folios and slots copy-on-write, and a
 * page has the same number in all of them; so whoever looks for the mappings of a folio asks each
 * region of the family at that number (the kernel's anon_vma).
 */
import { assert } from '../std/assert.ts';
import type { Memcg } from '../memcg/memcg.ts';
import { PageTable } from './page-table.ts';
import { RegionReadahead } from './readahead.ts';

/** Regions with common ancestry. */
export class RegionFamily {
  readonly id: number;
  readonly regions: Region[] = [];
  /** Folios that name the family; it stays as long as there are some. */
  folios = 0;

  constructor(id: number) {
    this.id = id;
  }
}

export class Region {
  readonly name: string;
  readonly family: RegionFamily;
  /** Who pays for pages that are first touched here. */
  readonly memcg: Memcg;
  readonly pageCount: number;
  /** Largest order of the folios that faults make here. */
  readonly orderMax: number;
  readonly table: PageTable = new PageTable();
  readonly readahead: RegionReadahead = new RegionReadahead();
  /** False: it is being unmapped, and nothing new is mapped in it. */
  mapped = true;

  constructor(
    name: string,
    family: RegionFamily,
    memcg: Memcg,
    pageCount: number,
    orderMax: number,
  ) {
    assert(pageCount > 0 && pageCount < 2 ** 32);
    this.name = name;
    this.family = family;
    this.memcg = memcg;
    this.pageCount = pageCount;
    this.orderMax = orderMax;
    family.regions.push(this);
  }
}
