// Goal: the dashboard says what the daemon says, to whoever looks at it: with eyes on a wide
// screen or a phone, by day or night, with a screen reader, or with a keyboard; and it says when
// it is old. Method: a real daemon under load in a real browser, driven over the DevTools
// protocol; figures read off the page are compared with /api/stats once the load has stopped.
// ZSWAPD_SCREENSHOTS names a folder where what was seen is kept.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import {
  compressionRatio,
  exportFigures,
  fragmentation,
  refusedPages,
  storedBytes,
} from '../../src/metrics/figures.ts';
import type { StatsSnapshot } from '../../src/metrics/snapshot.ts';
import { bytesText, countText, percentText, ratioText } from '../../src/metrics/words.ts';
import { Chromium, type Page } from '../support/chromium.ts';
import { DiskClient } from '../support/disk-client.ts';
import { scratchFolder } from '../support/project.ts';
import { itNeeds } from '../support/require.ts';
import { runProgram, type Running } from '../support/run-program.ts';
import { generateNoise, samplePages } from '../support/sample-pages.ts';

const NEEDS = ['zswapd', 'chromium'] as const;
const RUN_BYTES = 64 * 1024;
const RUNS = 512;
const EXPORTS = ['web', 'database', 'batch'] as const;

interface Scene {
  readonly page: Page;
  readonly url: string;
  readonly daemon: Running;
  readonly folder: string;
}

function serve(folder: string, http: string): Running {
  const args = ['serve', '--unix', 'nbd.sock', `--http=${http}`, '--spill', 'spill', '--reset'];
  const exports = ['web:48M', 'database:48M,zswap.max=4M', 'batch:8M,zswap.writeback=0'];
  const all = [...args, '--pool-size=16M', ...exports.map((text) => `--export=${text}`)];
  return runProgram('src/cli/main.js', all, { cwd: folder });
}

/** A daemon and a browser that looks at it. */
async function open(t: TestContext): Promise<Scene> {
  const folder = scratchFolder((remove) => t.after(remove));
  const daemon = serve(folder, '127.0.0.1:0');
  t.after(async () => {
    daemon.process.kill('SIGKILL');
    await daemon.finished;
  });
  await daemon.firstLine;
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(await daemon.errContaining('http://'))?.[0] ?? '';
  const browser = await Chromium.start(join(folder, 'profile'));
  t.after(() => browser.close());
  const page = await browser.open(url, { width: 1280, height: 900, scheme: 'light' });
  return { page, url, daemon, folder };
}

/** Writes more than the pool and the limits hold, with pages that do not compress, and reads. */
async function load(folder: string): Promise<void> {
  const { bytes } = samplePages();
  const noise = generateNoise(RUN_BYTES / 4096);
  const places = bytes.length / RUN_BYTES - 1;
  await Promise.all(
    EXPORTS.map(async (name, index) => {
      const client = await DiskClient.open(join(folder, 'nbd.sock'), name);
      const runs = name === 'batch' ? RUNS / 8 : RUNS;
      for (let run = 0; run < runs; run++) {
        const from = Math.floor((run * 7 + index) % places) * RUN_BYTES;
        const data = run % 40 === 39 ? noise : bytes.subarray(from, from + RUN_BYTES);
        await client.write(run * RUN_BYTES, data);
        if (run % 2 === 0) await client.read((run >> 1) * RUN_BYTES, 4096 * (1 + (run % 8)));
      }
      await client.vanish();
    }),
  );
}

async function statsOf(url: string): Promise<StatsSnapshot> {
  return (await (await fetch(`${url}api/stats`)).json()) as StatsSnapshot;
}

/** The statistics once two looks in a row agree: what was begun in the background has ended. */
async function settledStats(url: string): Promise<StatsSnapshot> {
  const counts = ({ zswap, vmstat, size_classes: classes }: StatsSnapshot): string =>
    JSON.stringify([zswap, vmstat, classes]);
  for (let before = await statsOf(url); ;) {
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const now = await statsOf(url);
    if (counts(now) === counts(before)) return now;
    before = now;
  }
}

const text = async (page: Page, selector: string): Promise<string> =>
  String(await page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`));

/** Compares what the page shows with what the daemon says. */
async function compareFigures(page: Page, stats: StatsSnapshot): Promise<void> {
  const { zswap, parameters, spill } = stats;
  const held = zswap.pool_total_size;
  const figure = (name: string): Promise<string> => text(page, `[data-figure="${name}"]`);
  assert.equal(await figure('pool'), bytesText(held));
  assert.equal(await figure('ratio'), ratioText(compressionRatio(stats)));
  assert.equal(await figure('gained'), bytesText(storedBytes(stats) - held));
  assert.equal(await figure('written-back'), countText(zswap.written_back_pages));
  assert.equal(await figure('refused'), countText(refusedPages(stats)));
  const share = percentText(held, parameters.pool_size);
  assert.match(
    await text(page, '#pool-summary'),
    new RegExp(`${share.replace('.', '\\.')} of the`),
  );
  for (const row of exportFigures(undefined, stats)) {
    const cell = (key: string): Promise<string> =>
      text(page, `[data-export="${row.name}"] [data-figure="${key}"]`);
    assert.equal(await cell('storedBytes'), bytesText(row.storedBytes), row.name);
    assert.equal(await cell('compressedBytes'), bytesText(row.compressedBytes), row.name);
    assert.equal(await cell('ratio'), ratioText(row.ratio), row.name);
  }
  for (const [reason, count] of Object.entries(stats.rejects)) {
    if (count === 0) continue;
    const shown = await text(page, `[data-reject="${reason}"] .amount`);
    assert.ok(shown.startsWith(`${countText(count)} (`), `${reason}: ${shown}`);
  }
  const { zspageBytes, freeableBytes } = fragmentation(stats.size_classes);
  const fragments = await text(page, '#fragmentation-summary');
  assert.ok(fragments.includes(`of ${bytesText(zspageBytes)} (`), fragments);
  assert.ok(fragments.includes(`could free ${bytesText(freeableBytes)}.`), fragments);
  const sampled = `From ${countText(stats.lru.sampled_pages)} of ${countText(zswap.stored_pages)}`;
  assert.ok((await text(page, '#lru-summary')).includes(sampled));
  const device = await text(page, '#writeback .facts');
  assert.ok(spill !== undefined && device.includes(bytesText(spill.used_bytes)), device);
}

/** What the page's latency table counts, against the daemon's own counts. */
async function compareLatency(page: Page, stats: StatsSnapshot): Promise<void> {
  await page.evaluate(`document.querySelector('#latency details').open = true`);
  await page.until(`document.querySelectorAll('#latency tbody tr').length > 1`);
  const cells = `[...document.querySelectorAll('#latency tbody tr:first-child td')]`;
  const counts = (await page.evaluate(`${cells}.map((cell) => cell.textContent)`)) as string[];
  const { latency, nbd } = stats;
  const known = [latency.store, latency.load, nbd?.latency.write, nbd?.latency.read];
  // All of it has happened within the last minute, and since the page's first look.
  assert.deepEqual(
    counts,
    known.map((reading) => countText(reading?.count ?? 0)),
  );
}

const SCREENS = [
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
] as const;

/** Texts that stick out of the window, or lie on one another in a chart. */
const MISPLACED = `(() => {
  const found = [];
  const visible = [...document.querySelectorAll('main *')].filter((each) =>
    !each.closest('table:not(.exports)') && !each.closest('caption'));
  for (const each of visible) {
    const box = each.getBoundingClientRect();
    if (box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) {
      found.push('outside: ' + each.tagName + ' ' + each.textContent.slice(0, 40));
    }
  }
  for (const chart of document.querySelectorAll('svg')) {
    const edge = chart.getBoundingClientRect();
    const boxes = [...chart.querySelectorAll('text')].map((each) => [
      each.textContent, each.getBoundingClientRect()]);
    boxes.forEach(([label, a], index) => {
      if (a.left < edge.left - 1 || a.right > edge.right + 1) found.push('cut: ' + label);
      for (const [other, b] of boxes.slice(index + 1)) {
        const apart = a.right <= b.left || b.right <= a.left ||
          a.bottom <= b.top || b.bottom <= a.top;
        if (!apart) found.push('overlap: ' + label + ' and ' + other);
      }
    });
  }
  return found;
})()`;

/** Contrast of each text with what is behind it, where that is below what is readable. */
const FAINT = `(() => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const each of document.querySelectorAll('body *')) {
    const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own || each.getClientRects().length === 0 || each.closest('title')) continue;
    const style = getComputedStyle(each);
    const front = luminance(parse(each.namespaceURI.endsWith('svg') ? style.fill : style.color));
    const back = luminance(behind(each));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    const what = each.tagName + ' ' + each.textContent.slice(0, 30);
    if (ratio < 4.5) found.push(ratio.toFixed(2) + ' ' + what);
  }
  return [...new Set(found)];
})()`;

async function lookAtScreens(page: Page): Promise<void> {
  const folder = process.env['ZSWAPD_SCREENSHOTS'];
  for (const { width, scheme } of SCREENS) {
    await page.show({ width, height: 900, scheme });
    const wait = `new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 400)))`;
    await page.evaluate(wait);
    const name = `${width}-${scheme}`;
    assert.deepEqual(await page.evaluate(MISPLACED), [], name);
    assert.deepEqual(await page.evaluate(FAINT), [], name);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    if (folder === undefined) continue;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.png`), await page.screenshot());
  }
  await page.show({ width: 1280, height: 900, scheme: 'light' });
}

/** Roles that say nothing without a name. */
const NAMED = new Set(['button', 'link', 'image', 'img', 'meter', 'region', 'table', 'navigation']);

async function checkAccessibility(page: Page): Promise<void> {
  const nodes = await page.accessibleNodes();
  const nameless = nodes.filter(({ role, name }) => NAMED.has(role) && name.trim() === '');
  assert.deepEqual(nameless, []);
  const pictures = nodes.filter(({ role }) => role === 'image' || role === 'img');
  assert.ok(pictures.length >= 9, `${pictures.length} pictures`);
  for (const { name, description } of pictures) assert.ok(description.length > 10, name);
  assert.equal(nodes.filter(({ role, name }) => role === 'heading' && name === 'zswapd').length, 1);
  for (const role of ['main', 'status', 'banner', 'contentinfo']) {
    assert.ok(
      nodes.some((node) => node.role === role),
      role,
    );
  }
}

/** Everything that can be done is done with the Tab and Enter keys, and it is to be seen where. */
async function useKeyboard(page: Page): Promise<void> {
  const focused = (): Promise<unknown> =>
    page.evaluate(`[document.activeElement.tagName, document.activeElement.textContent.trim(),
      getComputedStyle(document.activeElement).outlineStyle].join('|')`);
  const seen: string[] = [];
  for (let i = 0; i < 40; i++) {
    await page.press('Tab', 9);
    const now = String(await focused());
    if (seen.includes(now)) break;
    seen.push(now);
    if (now.startsWith('BUTTON|Ratio')) {
      await page.press('Enter', 13);
      const sorted = `document.querySelector('th[aria-sort]').textContent`;
      assert.equal(await page.evaluate(sorted), 'Ratio');
    }
  }
  for (const expected of ['A|Skip to the figures', 'BUTTON|Pause', 'BUTTON|Ratio', 'SUMMARY|']) {
    assert.ok(
      seen.some((each) => each.startsWith(expected)),
      `${expected} in ${seen.join(', ')}`,
    );
  }
  const unseen = seen.filter((each) => /^(?:A|BUTTON|SUMMARY)\|.*\|none$/.test(each));
  assert.deepEqual(unseen, [], 'what has the focus is outlined');
}

describe('the dashboard in a browser', () => {
  itNeeds(NEEDS, 'shows the figures of the daemon, to everyone', async (t) => {
    const { page, url, daemon, folder } = await open(t);
    await page.until(`document.querySelector('#state').dataset.state === 'live'`);
    await load(folder);
    const stats = await settledStats(url);
    assert.ok(stats.zswap.written_back_pages > 0 && refusedPages(stats) > 0);
    assert.ok(stats.zswap.stored_pages > 1000);
    const shown = `document.querySelector('[data-figure="pool"]').textContent`;
    await page.until(`${shown} === ${JSON.stringify(bytesText(stats.zswap.pool_total_size))}`);
    await compareFigures(page, stats);
    await compareLatency(page, stats);
    const about = await text(page, '#about');
    assert.ok(about.includes(stats.parameters.compressor), about);
    await checkAccessibility(page);
    await lookAtScreens(page);
    await useKeyboard(page);
    assert.deepEqual(page.complaints, []);

    // The page is left open: the daemon ends all the same.
    daemon.process.kill('SIGTERM');
    assert.equal((await daemon.finished).status, 0);
    await page.until(`document.querySelector('#state').dataset.state === 'stale'`);
    assert.match(await text(page, '#state'), /^Stale: no answer since /);
    const again = serve(folder, new URL(url).host);
    t.after(async () => {
      again.process.kill('SIGKILL');
      await again.finished;
    });
    await again.firstLine;
    await page.until(`document.querySelector('#state').dataset.state === 'live'`);
    await page.until(`${shown} === '0 B'`);
  });

  itNeeds(NEEDS, 'stops asking when it is paused, and goes on', async (t) => {
    const { page } = await open(t);
    await page.until(`document.querySelector('#state').dataset.state === 'live'`);
    await page.evaluate(`document.querySelector('#pause').click()`);
    assert.match(await text(page, '#state'), /^Paused at /);
    const pressed = `document.querySelector('#pause').getAttribute('aria-pressed')`;
    assert.equal(await page.evaluate(pressed), 'true');
    const about = await text(page, '#about');
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 2500))');
    assert.equal(await text(page, '#about'), about);
    assert.match(await text(page, '#state'), /^Paused at /);
    await page.evaluate(`document.querySelector('#pause').click()`);
    await page.until(`document.querySelector('#state').dataset.state === 'live'`);
    assert.notEqual(await text(page, '#about'), about);
    assert.deepEqual(page.complaints, []);
  });
});
