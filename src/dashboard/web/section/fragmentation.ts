/**
 * zsmalloc's zspages: how many bytes each range of sizes holds, and how full they are. The twelve
 * fullness groups are drawn as five, from nearly empty to full.
 */
import { fragmentation } from '../../../metrics/figures.ts';
import type { SizeClassRow } from '../../../metrics/snapshot.ts';
import { bytesText, countText, percentText } from '../../../metrics/words.ts';
import { PAGE_SIZE } from '../../../std/units.ts';
import { drawColumns, type Column } from '../chart/columns.ts';
import { legend, Picture, Summary } from '../chart/svg.ts';
import { FoldedTable, table } from '../dom.ts';
import type { History } from '../history.ts';

/** Bytes of sizes that share a column. */
const BIN_BYTES = 128;
const BINS: number = PAGE_SIZE / BIN_BYTES;

/** Drawn from the bottom up: class of the style sheet, name, and the last group that belongs. */
const LEVELS = [
  ['full-4', 'full', 11],
  ['full-3', '70 to 99 %', 10],
  ['full-2', '40 to 70 %', 7],
  ['full-1', '20 to 40 %', 4],
  ['full-0', 'below 20 %', 2],
] as const;

/** Bytes of a class's zspages by level. */
function levelBytes({ zspages, pages_per_zspage: pages }: SizeClassRow): number[] {
  return LEVELS.map(([, , last], level) => {
    const first = (LEVELS[level + 1]?.[2] ?? -1) + 1;
    const count = zspages.slice(first, last + 1).reduce((sum, value) => sum + value, 0);
    return count * pages * PAGE_SIZE;
  });
}

function binName(bin: number): string {
  return `${bin * BIN_BYTES + 1} to ${(bin + 1) * BIN_BYTES} bytes`;
}

function columns(rows: readonly SizeClassRow[]): Column[] {
  const bins = Array.from({ length: BINS }, () => LEVELS.map(() => 0));
  for (const row of rows) {
    const bin = bins[Math.min(BINS - 1, Math.ceil(row.size / BIN_BYTES) - 1)];
    levelBytes(row).forEach((bytes, level) => {
      if (bin !== undefined) bin[level] = (bin[level] ?? 0) + bytes;
    });
  }
  return bins.map((parts, bin) => {
    const total = parts.reduce((sum, part) => sum + part, 0);
    return { name: `${binName(bin)}: ${bytesText(total)}`, parts };
  });
}

export class FragmentationSection {
  readonly #summary: Summary = new Summary('fragmentation-summary');
  readonly #picture: Picture;
  readonly #folded: FoldedTable = new FoldedTable('Size classes as a table');

  constructor(container: HTMLElement) {
    const name = 'Bytes of zspages by size of their slots, and how full they are';
    this.#picture = new Picture(name, this.#summary.id, 200);
    container.append(
      this.#summary.element,
      this.#picture.element,
      legend(LEVELS.map(([className, text]) => [className, text] as const)),
      this.#folded.element,
    );
  }

  update({ now }: History): void {
    if (now === undefined) return;
    const rows = now.size_classes;
    this.#summary.set(sentence(rows, now.parameters.zpool));
    this.#picture.update((frame) =>
      drawColumns(
        {
          columns: columns(rows),
          classNames: LEVELS.map(([className]) => className),
          labels: [0, 1024, 2048, 3072, 4096].map((size) => [size / BIN_BYTES, `${size} B`]),
          base: 1024,
          format: bytesText,
        },
        frame,
      ),
    );
    this.#folded.update(() => classTable(rows));
  }
}

function sentence(rows: readonly SizeClassRow[], zpool: string): string {
  const { zspageBytes, slotBytes, freeableBytes } = fragmentation(rows);
  if (zspageBytes === 0) {
    return zpool === 'zsmalloc' ? 'No zspages yet.' : `${zpool} has no size classes.`;
  }
  const free = zspageBytes - slotBytes;
  return (
    `${bytesText(free)} of ${bytesText(zspageBytes)} (${percentText(free, zspageBytes)}) hold ` +
    `nothing; compaction could free ${bytesText(freeableBytes)}. Columns: slot sizes.`
  );
}

function classTable(rows: readonly SizeClassRow[]): HTMLTableElement {
  return table(
    'Size classes, as the kernel shows them in debugfs',
    ['Slot', 'Slots', 'In use', 'Pages', 'Freeable', ...LEVELS.map(([, text]) => text)],
    rows.map((row) => [
      `${row.size} B`,
      countText(row.obj_allocated),
      countText(row.obj_used),
      countText(row.pages_used),
      countText(row.freeable),
      ...levelBytes(row).map(bytesText),
    ]),
  );
}
