import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { drawSample } from '../../../../src/estimate/sample.ts';
import { type FileFormat, openPaths } from '../../../../src/estimate/source/open.ts';
import { PageRanges } from '../../../../src/estimate/source/page-ranges.ts';
import { ZswapError } from '../../../../src/std/error.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { makeCore } from '../../../support/elf-core.ts';
import { scratchFolder } from '../../../support/project.ts';

const folder = scratchFolder(after);

/** Pages that are each filled with a number, so that their order shows. */
function numberedPages(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * PAGE_SIZE);
  numbers.forEach((number, at) => bytes.fill(number, at * PAGE_SIZE, (at + 1) * PAGE_SIZE));
  return bytes;
}

function put(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The first byte of each page, in order, and the notes. */
function read(
  paths: readonly string[],
  format: FileFormat = 'auto',
): [number[], readonly string[]] {
  const source = openPaths(paths, format);
  const sample = drawSample(source, { pages: source.pages });
  source.close();
  const firsts = Array.from(
    { length: sample.pages },
    (_, page) => sample.bytes[page * PAGE_SIZE] ?? -1,
  );
  return [firsts.toSorted((a, b) => a - b), source.notes];
}

function refuses(paths: readonly string[], message: RegExp, format: FileFormat = 'auto'): void {
  assert.throws(
    () => openPaths(paths, format),
    (error) => {
      assert.ok(error instanceof ZswapError, String(error));
      assert.equal(error.code, 'ZSWAP_PAGES');
      assert.match(error.message, message);
      return true;
    },
  );
}

describe('a file of pages', () => {
  it('gives its pages, and says what it leaves out at the end', () => {
    const path = put('odd', new Uint8Array([...numberedPages(1, 2), 9, 9, 9]));
    assert.deepEqual(read([path]), [
      [1, 2],
      [`the last 3 bytes of '${path}' are no whole page and were left out`],
    ]);
  });

  it('comes after the one named before it', () => {
    const paths = [put('a', numberedPages(1, 2, 3)), put('b', numberedPages(4, 5))];
    const source = openPaths(paths, 'auto');
    const target = new Uint8Array(2 * PAGE_SIZE);
    const present = new Uint8Array(2);
    source.read(2, 2, target, present);
    source.close();
    assert.deepEqual([target[0], target[PAGE_SIZE], ...present], [3, 4, 1, 1]);
    assert.deepEqual([source.pages, source.name], [5, `${paths[0]} and 1 more`]);
  });

  it('may be a program, which is a file like any other', () => {
    const path = put('program', makeCore([numberedPages(1)], { type: 3 }));
    assert.equal(read([path])[0].length, 2);
  });

  it('is refused if there is nothing in it', () => {
    refuses([put('empty', '')], /^'.*empty' is empty$/);
    refuses([put('small', 'x')], /^'.*small' has 1 bytes, which is less than a page \(4096\)$/);
    refuses([join(folder, 'none')], /^cannot read '.*none': there is no such file$/);
    refuses(['/dev/null'], /^'\/dev\/null' is neither a file nor a folder of files$/);
  });
});

describe('a core dump', () => {
  it('gives the pages of its segments', () => {
    const path = put('core', makeCore([numberedPages(1, 2), numberedPages(3)]));
    assert.deepEqual(read([path])[0], [1, 2, 3]);
    assert.deepEqual(read([path], 'core')[0], [1, 2, 3]);
    assert.equal(read([path], 'pages')[0].length, 4);
  });

  it('may have more segments than its header can count', () => {
    const path = put(
      'many',
      makeCore([numberedPages(1), numberedPages(2)], { extendedCount: true }),
    );
    assert.deepEqual(read([path])[0], [1, 2]);
  });

  it('is refused if it is cut off, wherever', () => {
    const whole = makeCore([numberedPages(1, 2)]);
    const cut = (bytes: number): string => put(`cut-${bytes}`, whole.subarray(0, bytes));
    refuses([cut(40)], /is no whole core dump: it ends within its header$/);
    refuses([cut(100)], /is no whole core dump: it ends within its program headers$/);
    refuses([cut(PAGE_SIZE)], /is cut off: at least 8192 bytes of memory are missing$/);
    refuses([cut(whole.length - 1)], /is cut off: at least 1 bytes of memory are missing$/);
  });

  it('is refused if there is no memory in it, or its headers make no sense', () => {
    refuses([put('bare', makeCore([]))], /is no whole core dump: there is no memory in it$/);
    const wrong = makeCore([numberedPages(1)]);
    wrong[54] = 1;
    refuses([put('wrong', wrong)], /is no whole core dump: its program headers make no sense$/);
    const lost = makeCore([numberedPages(1)], { extendedCount: true });
    new DataView(lost.buffer).setBigUint64(40, 2n ** 60n, true);
    refuses([put('lost', lost)], /its program headers make no sense$/);
  });

  it('is refused if it is of another kind of machine', () => {
    for (const [at, value] of [
      [4, 1],
      [5, 2],
    ] as const) {
      const foreign = makeCore([numberedPages(1)]);
      foreign[at] = value;
      if (value === 2) foreign.set([0, 4], 16);
      refuses([put(`foreign-${at}`, foreign)], /is not of a 64-bit little-endian machine/);
    }
  });

  it('is what was asked for, or an error', () => {
    refuses([put('text', numberedPages(65))], /is not an ELF file, so no core dump$/, 'core');
    const program = put('elf', makeCore([numberedPages(1)], { type: 2 }));
    refuses([program], /is a program or library, not a core dump$/, 'core');
  });

  it('is refused in the kdump format, with the way to get another', () => {
    for (const magic of ['KDUMP   ', 'makedumpfile\0\0\0\0', 'DISKDUMP']) {
      const path = put('kdump', magic.padEnd(2 * PAGE_SIZE, '\0'));
      refuses([path], /kdump-compressed format.*dump-guest-memory FILE without -z, -l, -s and -R/);
    }
  });
});

describe('a folder', () => {
  it('gives the regular files below it that have a page, by name', () => {
    const top = join(folder, 'tree');
    mkdirSync(join(top, 'b/c'), { recursive: true });
    writeFileSync(join(top, 'a'), numberedPages(1));
    writeFileSync(join(top, 'b/c/core'), makeCore([numberedPages(2, 3)]));
    writeFileSync(join(top, 'b/small'), 'small');
    symlinkSync('/dev/zero', join(top, 'b/link'));
    assert.deepEqual(read([top])[0], [1, 2, 3]);
  });

  it('is refused if it has none', () => {
    const bare = join(folder, 'bare-folder');
    mkdirSync(bare);
    refuses([bare], /has no file of a page \(4096 bytes\) or more$/);
  });
});

describe('ranges of pages', () => {
  it('are joined where they follow on, and found by number', () => {
    const ranges = new PageRanges();
    ranges.add(0, 2);
    ranges.add(2 * PAGE_SIZE, 1);
    ranges.add(10 * PAGE_SIZE, 2);
    ranges.add(12 * PAGE_SIZE, 1, true);
    const pieces: number[][] = [];
    ranges.visit(1, 5, ({ address, pages, isShared }, at) => {
      pieces.push([address / PAGE_SIZE, pages, at, Number(isShared)]);
    });
    assert.deepEqual(pieces, [
      [1, 2, 0, 0],
      [10, 2, 2, 0],
      [12, 1, 4, 1],
    ]);
  });
});
