/** The contract of compressors, held against each of them. */
import { describe, it } from 'node:test';
import type { Codec } from '../../src/codec/codec.ts';
import { createLz4 } from '../../src/codec/lz4.ts';
import { createLzoRle } from '../../src/codec/lzo-rle.ts';
import { createLzo } from '../../src/codec/lzo.ts';
import { codecContract } from '../../src/testing/codec-contract.ts';
import { generatePages } from '../support/pages.ts';

const CODECS: readonly Codec[] = [createLz4(), createLzo(), createLzoRle()];

describe('codec contract', () => {
  const pages = generatePages(12);
  for (const codec of CODECS) codecContract({ codec, test: it, pages });
});
