/**
 * The status page: one self-contained document that reads `/api/stats` every two seconds. It has
 * no outside resources, and its content policy allows none; texts from the daemon are set as text
 * only.
 */
import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 2rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #8884; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
#figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; }
#figures div { border: 1px solid #8884; border-radius: .4rem; padding: .6rem .8rem; }
#figures b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
#state { color: #888; }
`;

const SCRIPT = `
'use strict';
const MIB = 1048576;
const mib = (bytes) => (bytes / MIB).toFixed(1) + ' MiB';
const count = (value) => value.toLocaleString('en');
const percent = (part, whole) => (whole > 0 ? (100 * part / whole).toFixed(1) + ' %' : '-');
const byId = (id) => document.getElementById(id);
function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
function figure(label, value) {
  const box = document.createElement('div');
  box.append(element('b', value), label);
  return box;
}
function row(tag, cells) {
  const made = document.createElement('tr');
  cells.forEach((cell, index) => made.append(element(tag, cell, index > 0 ? 'number' : '')));
  return made;
}
function show(stats) {
  const zswap = stats.zswap;
  const stored = zswap.stored_pages * 4096;
  const refused = Object.values(stats.rejects).reduce((sum, value) => sum + value, 0);
  byId('figures').replaceChildren(
    figure('in the pool', mib(zswap.pool_total_size)),
    figure('of its limit', percent(zswap.pool_total_size, stats.parameters.pool_size)),
    figure('stored', mib(stored)),
    figure('ratio', zswap.pool_total_size > 0 ? (stored / zswap.pool_total_size).toFixed(2) : '-'),
    figure('written back', count(zswap.written_back_pages)),
    figure('refused', count(refused)),
    figure('spill in use', stats.spill ? mib(stats.spill.used_bytes) : 'none'),
    figure('resident', mib(stats.process.rss)),
  );
  const events = ['zswpout', 'zswpin', 'zswpwb', 'pswpin', 'pswpout'];
  const head = ['export', 'zswap.current', 'zswap.max', 'zswapped', ...events];
  const exports = Object.entries(stats.memcg).map(([name, of]) => row('td', [
    name,
    mib(of['memory.zswap.current']),
    of['memory.zswap.max'] === 'max' ? 'max' : mib(of['memory.zswap.max']),
    mib(of.zswapped),
    ...events.map((event) => count(of[event])),
  ]));
  byId('exports').replaceChildren(row('th', head), ...exports);
  const parameters = Object.entries(stats.parameters);
  const rows = parameters.map(([name, value]) => row('td', [name, String(value)]));
  byId('parameters').replaceChildren(...rows);
}
async function refresh() {
  try {
    const response = await fetch('/api/stats', { cache: 'no-store' });
    if (!response.ok) throw new Error('status ' + response.status);
    show(await response.json());
    byId('state').textContent = 'as of ' + new Date().toLocaleTimeString();
  } catch (error) {
    byId('state').textContent = 'no answer: ' + error.message;
  }
  setTimeout(refresh, 2000);
}
refresh();
`;

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** The policy that goes with {@link STATUS_PAGE}: its own style and script, and nothing else. */
export const STATUS_PAGE_POLICY: string = [
  "default-src 'none'",
  `style-src ${hashSource(STYLE)}`,
  `script-src ${hashSource(SCRIPT)}`,
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** The document at `/`. */
export const STATUS_PAGE: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>zswapd</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>zswapd</h1>
<p id="state">loading</p>
<div id="figures"></div>
<h2>Exports</h2>
<table id="exports"></table>
<h2>Parameters</h2>
<table id="parameters"></table>
<p>
  <a href="/metrics">/metrics</a>
  <a href="/api/stats">/api/stats</a>
  <a href="/readyz">/readyz</a>
</p>
<script>${SCRIPT}</script>
</html>
`;
