/** placeholder */
import type { ReplayResult } from './results.ts';
export function formatHtml(result: ReplayResult, version: string): string {
  return `${result.trace.path} ${version}`;
}
