// Goal: the dashboard for Grafana and the alerts ask for nothing that /metrics does not have.
// Method: names and labels are read out of their expressions; promtool tries the rules where it
// is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatPrometheus } from '../../../src/metrics/prometheus.ts';
import { projectFile, scratchFolder } from '../../support/project.ts';
import { FACTS_EXAMPLE, STATS_EXAMPLE } from '../../support/stats-example.ts';

const RULES = projectFile('contrib/prometheus/zswapd.rules.yml');
const RULE_TESTS = projectFile('contrib/prometheus/zswapd.test.yml');
const GRAFANA = projectFile('contrib/grafana/zswapd.json');

interface Target {
  readonly expr: string;
}

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly targets: readonly Target[];
}

/** Labels by sample name, as /metrics has them, and the values of each label. */
function exposed(): Map<string, Map<string, Set<string>>> {
  const names = new Map<string, Map<string, Set<string>>>();
  for (const line of formatPrometheus(STATS_EXAMPLE, FACTS_EXAMPLE).split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? /.exec(line);
    if (match === null) continue;
    const labels = names.get(match[1] ?? '') ?? new Map<string, Set<string>>();
    names.set(match[1] ?? '', labels);
    for (const [, label = '', value = ''] of (match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)) {
      labels.set(label, (labels.get(label) ?? new Set<string>()).add(value));
    }
  }
  return names;
}

const known = exposed();

/** Checks each `name{label="value"}` of an expression; job and instance are the scraper's. */
function checkSelectors(text: string): number {
  let count = 0;
  for (const [, name = '', selector = ''] of text.matchAll(/\b(zswapd_\w+)(?:\{([^}]*)\})?/g)) {
    count += 1;
    const labels = known.get(name);
    assert.ok(labels, `${name} is in /metrics`);
    for (const [, label = '', value = ''] of selector.matchAll(/(\w+)=~?"([^"]*)"/g)) {
      if (label === 'job' || label === 'instance') continue;
      assert.ok(labels.get(label)?.has(value), `${name}{${label}="${value}"} is in /metrics`);
    }
  }
  return count;
}

function panels(): readonly Panel[] {
  return (JSON.parse(readFileSync(GRAFANA, 'utf8')) as { panels: readonly Panel[] }).panels;
}

function promtool(
  ...args: string[]
): { readonly status: number; readonly text: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return error === undefined ? { status: status ?? -1, text: stdout + stderr } : undefined;
}

describe('the alerts', () => {
  it('ask for metrics that there are', () => {
    const text = readFileSync(RULES, 'utf8').replaceAll(/#.*/g, '');
    assert.ok(checkSelectors(text) > 10);
  });

  it('pass promtool, with their tests', (t) => {
    const checked = promtool('check', 'rules', RULES);
    if (checked === undefined) {
      t.skip('needs promtool');
      return;
    }
    assert.equal(checked.status, 0, checked.text);
    const tested = promtool('test', 'rules', RULE_TESTS);
    assert.equal(tested?.status, 0, tested?.text);
  });
});

describe('the Grafana dashboard', () => {
  it('asks for metrics that there are, in panels that say what they show', () => {
    assert.ok(panels().length > 10);
    for (const { title, description, targets } of panels()) {
      assert.ok(description.length > 10, title);
      for (const { expr } of targets) assert.ok(checkSelectors(expr) > 0, expr);
    }
    checkSelectors(readFileSync(GRAFANA, 'utf8').replaceAll('\\"', '"'));
  });

  it('has expressions that promtool can read', (t) => {
    const expressions = panels().flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const rules = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const folder = scratchFolder((remove) => t.after(remove));
    const file = join(folder, 'panels.yml');
    // JSON is YAML, too.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    const checked = promtool('check', 'rules', file);
    if (checked === undefined) t.skip('needs promtool');
    else assert.equal(checked.status, 0, checked.text);
  });
});
