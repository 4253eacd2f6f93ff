/** An estimate as JSON. The names of a compressor's figures are a contract; see the manual page. */
import { BUCKET_BYTES, type CompressorEstimate } from '../estimate.ts';
import { memoryGained } from '../gain.ts';
import { RUN_PAGES } from '../sample.ts';
import type { Interval } from '../statistics.ts';
import type { EstimateReport } from './report.ts';

/** The report as a value for `JSON.stringify`. */
export function estimateJson(report: EstimateReport): unknown {
  const { pages, sampledPages, seed, poolBytes, recommendation } = report;
  return {
    source: report.source,
    sample: {
      pages,
      sampled_pages: sampledPages,
      run_pages: RUN_PAGES,
      method: sampledPages === pages ? 'all' : seed === undefined ? 'even' : 'random',
      seed: seed ?? null,
      zero_share_95: interval(report.zeroShare),
    },
    pool_size: poolBytes,
    compressors: report.compressors.map((estimate) => compressorJson(estimate, poolBytes)),
    recommendation: {
      compressor: recommendation.compressor ?? null,
      reasons: recommendation.reasons,
      command: ['zswapd', ...recommendation.command].join(' '),
    },
    notes: report.notes,
  };
}

function compressorJson(estimate: CompressorEstimate, poolBytes: number): unknown {
  const { kernel } = estimate;
  return {
    compressor: estimate.compressor,
    pages: estimate.pages,
    zero_pages: estimate.zeroPages,
    same_filled_pages: estimate.sameFilledPages,
    incompressible_pages: estimate.incompressiblePages,
    compressed_bytes: estimate.compressedBytes,
    pool_total_size: estimate.poolBytes,
    compress_us: rounded(estimate.compressUs),
    decompress_us: rounded(estimate.decompressUs),
    sampled_pages: estimate.sampledPages,
    ratio: finite(estimate.ratio),
    ratio_95: interval(estimate.ratioInterval),
    incompressible_share_95: interval(estimate.incompressibleShare),
    histogram: { bucket_bytes: BUCKET_BYTES, pages: estimate.histogram },
    zbud_rejected_pages: estimate.zbudRejectedPages,
    pool_bytes_per_page: rounded(estimate.poolBytesPerPage),
    memory_gained: memoryGained(estimate, poolBytes),
    kernel:
      kernel === undefined
        ? null
        : {
            sampled_pages: kernel.sampledPages,
            zswap_pool_total_size: kernel.zswapPoolBytes,
            zswap_stored_incompressible_pages: kernel.zswapIncompressiblePages,
            zram_mem_used_total: kernel.zramMemUsed,
            zram_huge_pages: kernel.zramHugePages,
          },
  };
}

/** A figure with the digits that mean something. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** JSON has no infinity: a ratio over nothing is null. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? Math.round(value * 1e6) / 1e6 : null;
}

function interval([low, high]: Interval): readonly (number | null)[] {
  return [finite(low), finite(high)];
}
