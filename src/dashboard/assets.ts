/**
 * The files of the dashboard's page, read once: a fixed list, so no path of a request ever reaches
 * the file system. Modules keep the places that they have in the program's folder, because the page
 * shares some with it and they import each other by relative paths.
 */
import { readFileSync } from 'node:fs';

/** Where the files below are found, for a browser. */
const ASSETS_PATH = '/assets/';

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** The page's parts, from the program's folder. */
const FILES = [
  'dashboard/web/dashboard.css',
  'dashboard/web/icon.svg',
  'dashboard/web/main.js',
  'dashboard/web/feed-client.js',
  'dashboard/web/history.js',
  'dashboard/web/dom.js',
  'dashboard/web/exports-table.js',
  'dashboard/web/overview.js',
  'dashboard/web/chart/axis.js',
  'dashboard/web/chart/columns.js',
  'dashboard/web/chart/svg.js',
  'dashboard/web/chart/time.js',
  'dashboard/web/section/device.js',
  'dashboard/web/section/fragmentation.js',
  'dashboard/web/section/latency.js',
  'dashboard/web/section/lru.js',
  'dashboard/web/section/over-time.js',
  'dashboard/web/section/parameters.js',
  'dashboard/web/section/rejects.js',
  'metrics/figures.js',
  'metrics/words.js',
  'std/log-histogram.js',
  'std/units.js',
] as const;

/**
 * What the page may do: run and show its own files, and ask this server. No inline script or style,
 * no text that becomes markup, no frame around it, no form.
 */
const PAGE_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** A file as it is sent. */
export interface Asset {
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function load(file: string): Asset {
  const type = TYPES[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  return { type, body: readFileSync(new URL(`../${file}`, import.meta.url), 'utf8') };
}

/** The page at `/` and its parts, by path. */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const page = { ...load('dashboard/web/index.html'), headers: policy() };
  return new Map([
    ['/', page],
    ...FILES.map((file): [string, Asset] => [`${ASSETS_PATH}${file}`, load(file)]),
  ]);
}

function policy(): Readonly<Record<string, string>> {
  return { 'content-security-policy': PAGE_POLICY };
}
