/** The contract of compressors, held against each of them. */
import { describe, it } from 'node:test';
import type { Codec } from '../../src/codec/codec.ts';
import { createDeflate } from '../../src/codec/deflate.ts';
import { createLz4 } from '../../src/codec/lz4.ts';
import { createLzoRle } from '../../src/codec/lzo-rle.ts';
import { createLzo } from '../../src/codec/lzo.ts';
import { createNull } from '../../src/codec/null.ts';
import { createZstd } from '../../src/codec/zstd.ts';
import { codecContract } from '../../src/testing/codec-contract.ts';
import { generatePages } from '../support/pages.ts';

const CODECS: readonly Codec[] = [
  createLz4(),
  createLzo(),
  createLzoRle(),
  createZstd(),
  createZstd(-7),
  createDeflate(),
];

describe('codec contract', () => {
  const pages = generatePages(12);
  for (const codec of CODECS) codecContract({ codec, test: it, pages });
  codecContract({ codec: createNull(), test: it, pages, compresses: false });
});
