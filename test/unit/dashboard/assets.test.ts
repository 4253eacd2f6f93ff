// Goal: what the page asks for is served, and nothing is served that it does not ask for. Method:
// the page's references and its modules' imports are followed as a browser does.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadAssets } from '../../../src/dashboard/assets.ts';

const assets = loadAssets();

function bodyOf(path: string): string {
  const asset = assets.get(path);
  assert.ok(asset, `${path} is served`);
  return asset.body;
}

/** Addresses that a file refers to, from where it lies. */
function references(path: string): string[] {
  const body = bodyOf(path);
  const found = path.endsWith('.js')
    ? [...body.matchAll(/^(?:import|export)\b[^;']*?from '([^']+)'/gm)]
    : [...body.matchAll(/(?:src|href)="([^"]+)"/g)];
  return found
    .map(([, target = '']) => target)
    .filter((target) => !/^\/(?:metrics|readyz|api\/stats)$|^#/.test(target))
    .map((target) => new URL(target, `http://host${path}`).pathname);
}

describe('the files of the page', () => {
  it('are those that the page and its modules refer to', () => {
    const seen = new Set<string>();
    const left = ['/'];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      left.push(...references(path));
    }
    assert.deepEqual([...seen].toSorted(), [...assets.keys()].toSorted());
  });

  it('have the types that a browser insists on', () => {
    for (const [path, { type }] of assets) {
      if (path.endsWith('.js')) assert.match(type, /^text\/javascript/);
      assert.notEqual(type, 'application/octet-stream', path);
    }
  });

  it('write no markup, no inline style and no handler into the page', () => {
    for (const [path, { body }] of assets) {
      if (!path.endsWith('.js')) continue;
      assert.doesNotMatch(body, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
      assert.doesNotMatch(body, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/, path);
      assert.doesNotMatch(body, /['"]style['"]\s*[,:]|\bstyle: /, path);
    }
  });
});
