/**
 * The simplest trace: a reference a line, its page in the first column, as a number or any other
 * name; what follows a comma, a tab or a space is left alone. Empty lines and lines that begin with
 * `#` are skipped.
 */
import { ZswapError } from '../../std/error.ts';

/** The pages of a trace's text, in order. */
export function parsePageTrace(path: string, text: string): readonly string[] {
  const pages: string[] = [];
  for (const line of text.split('\n')) {
    const [page = ''] = line.trim().split(/[\s,]/, 1);
    if (page !== '' && !page.startsWith('#')) pages.push(page);
  }
  if (pages.length === 0) {
    throw new ZswapError('ZSWAP_PAGES', `'${path}' has no references: a page a line is expected`);
  }
  if (new Set(pages).size === pages.length) {
    const reason = 'no page is referenced twice, so it says nothing about caches';
    throw new ZswapError('ZSWAP_PAGES', `'${path}' is no use: ${reason}`);
  }
  return pages;
}
