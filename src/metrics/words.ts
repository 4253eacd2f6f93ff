/**
 * Figures as people read them, the same in the terminal and on the dashboard: three digits that
 * count, a unit, and a dash where there is nothing to say.
 */
import { PAGE_SIZE } from '../std/units.ts';

/** What stands where there is no figure. */
export const NO_FIGURE = '–';

function threeDigits(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** `0 B`, `4.00 KiB`, `12.3 MiB`, `1023 GiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  // What rounds to 1024 is one of the next unit.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${threeDigits(value)} ${units[unit] ?? ''}`;
}

/** Whole numbers with thin groups of three: `1 234 567`. */
export function countText(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(?:\d{3})+$)/g, '\u202f');
}

/** A share as percent, `37.5 %`; of nothing there is none. */
export function percentText(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : NO_FIGURE;
}

/** A compression ratio, `3.02`. */
export function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? NO_FIGURE : ratio.toFixed(2);
}

/** Pages a second as bytes a second, `12.3 MiB/s`. */
export function pageRateText(pagesPerSecond: number | undefined): string {
  if (pagesPerSecond === undefined) return NO_FIGURE;
  return `${bytesText(pagesPerSecond * PAGE_SIZE)}/s`;
}

/** Events a second: `0/s`, `0.5/s`, `1 200/s`. */
export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return NO_FIGURE;
  const text = perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : countText(perSecond);
  return `${text}/s`;
}

const SPANS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** A span of at least a second in its two largest units, `2 h 14 min`; a shorter one by prefix. */
export function durationText(seconds: number | undefined): string {
  if (seconds === undefined) return NO_FIGURE;
  if (seconds === Infinity) return 'more';
  if (seconds < 1) return shortText(seconds);
  const whole = Math.floor(seconds);
  const at = SPANS.findIndex(([length]) => whole >= length);
  const parts = SPANS.slice(at, at + 2).map(([length, unit], index) => {
    const above = SPANS[at + index - 1]?.[0] ?? Infinity;
    return [Math.floor((whole % above) / length), unit] as const;
  });
  const [first, second] = parts;
  const rest = second === undefined || second[0] === 0 ? '' : ` ${second[0]} ${second[1]}`;
  return `${first?.[0] ?? whole} ${first?.[1] ?? 's'}${rest}`;
}

function shortText(seconds: number): string {
  if (seconds === 0) return '0 s';
  const microseconds = seconds * 1e6;
  return microseconds < 999.5
    ? `${threeDigits(microseconds)} µs`
    : `${threeDigits(seconds * 1000)} ms`;
}
