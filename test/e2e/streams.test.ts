// Goal: what our kernels write, the formats' own libraries read, and the other way round.
// Method: a throwaway program over liblz4 and liblzo2 is compiled, and given all pages as streams
// of ours to decode, and as pages to encode for us.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { openCodec } from '../../src/codec/registry.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { generatePages, sharedPages } from '../support/pages.ts';
import { projectFile, scratchFolder } from '../support/project.ts';
import { itNeeds } from '../support/require.ts';
import { compressed, decompressed } from '../support/streams.ts';

const NEEDS = ['cc', 'liblz4-dev', 'liblzo2-dev'];

function withLength(stream: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(stream.length);
  return Buffer.concat([length, stream]);
}

describe('streams of the libraries', () => {
  const pages = [...generatePages(30).map(({ bytes }) => bytes), ...(sharedPages() ?? [])];
  const program = join(scratchFolder(after), 'streams');

  const runLibrary = (library: string, direction: string, input: Uint8Array): Buffer => {
    const maxBuffer = 2 * pages.length * PAGE_SIZE;
    const ran = spawnSync(program, [library, direction], { input, maxBuffer });
    assert.equal(ran.status, 0, `${library} ${direction}: ${ran.error?.message}`);
    return ran.stdout;
  };

  before(() => {
    const source = projectFile('test/e2e/streams.c');
    const made = spawnSync('cc', ['-O1', '-o', program, source, '-llz4', '-llzo2']);
    if (made.error === undefined) assert.equal(made.status, 0, made.stderr.toString());
  });

  for (const name of ['lz4', 'lzo']) {
    itNeeds(NEEDS, `${name}: the library reads ours`, async () => {
      const lane = (await openCodec(name)).createLane();
      const streams: Buffer[] = [];
      const expected: Uint8Array[] = [];
      for (const page of pages) {
        const stream = compressed(lane, page);
        if (stream === undefined) continue;
        streams.push(withLength(stream));
        expected.push(page);
      }
      assert.ok(streams.length > pages.length / 2);
      const read = runLibrary(name, 'decode', Buffer.concat(streams));
      assert.ok(read.equals(Buffer.concat(expected)));
    });

    itNeeds(NEEDS, `${name}: we read the library's`, async () => {
      const lane = (await openCodec(name)).createLane();
      const written = runLibrary(name, 'encode', Buffer.concat(pages));
      let at = 0;
      for (const page of pages) {
        const length = written.readUInt32LE(at);
        const stream = written.subarray(at + 4, at + 4 + length);
        at += 4 + length;
        // Longer than any that we keep: the page is incompressible, and stays as it is.
        if (length >= PAGE_SIZE) continue;
        assert.ok(Buffer.from(decompressed(lane, stream) ?? []).equals(page));
      }
      assert.equal(at, written.length);
    });
  }
});
