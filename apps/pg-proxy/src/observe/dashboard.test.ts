import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ProxyRig } from '../testing/proxy-rig.ts';

const read = (name: string): string => readFileSync(new URL(`../../../../${name}`, import.meta.url), 'utf8');

/** Labels by metric, as the generated reference has them. */
const documented = new Map(
  [...read('docs/reference/metrics.md').matchAll(/^\| `(\w+)` \| \w+ \| ([^|]*) \|/gm)].map(
    ([, name = '', labels = '']) => [name, [...labels.matchAll(/(\w+): /g)].map(([, label = '']) => label)],
  ),
);
/** Every scrape has it, and a bucket of a histogram its end. */
const ofPrometheus = ['instance', 'job', 'le'];

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const { panels } = JSON.parse(read('deploy/grafana/pg-proxy.json')) as { panels: readonly Panel[] };
const ofPanels = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);
const ofRules = [
  ...read('deploy/prometheus/pg-proxy.rules.yaml').matchAll(
    /alert: (\w+)(?:(?!alert:)[^])*?expr: ([^]*?)\n +(?:for|labels): /g,
  ),
];
const asked: readonly (readonly [string, string])[] = [
  ...ofPanels.map(({ title, expr }) => [`panel ${title}: ${expr}`, expr] as const),
  ...ofRules.map(([, alert = '', expr = '']) => [`alert ${alert}`, expr] as const),
];
const namesIn = (expr: string): string[] =>
  [...expr.matchAll(/\b(?:medrex|nodejs|process)_\w+/g)].map(([name]) => name.replace(/_(?:bucket|count|sum)$/, ''));

describe('the dashboard, and the alert rules', () => {
  let rig: ProxyRig;
  let served: string;
  beforeAll(async () => {
    rig = await ProxyRig.start();
    served = await (await fetch(rig.running.urls.metrics)).text();
  });
  afterAll(() => rig.close());

  it('are all tested here', () => {
    expect(ofPanels.length).toBeGreaterThan(30);
    expect(ofRules).toHaveLength([...read('deploy/prometheus/pg-proxy.rules.yaml').matchAll(/alert: /g)].length);
  });

  it.each(asked)('%s: asks for metrics and labels that there are', (_where, expr) => {
    const names = namesIn(expr);
    expect(names.length).toBeGreaterThan(0);
    // What Node.js says of itself is in no reference of ours.
    const unknown = names.filter((name) => !documented.has(name) && !name.startsWith('nodejs_'));
    const absent = names.filter((name) => !name.includes('_audit_') && !served.includes(`# TYPE ${name} `));
    expect([unknown, absent]).toEqual([[], []]);
    const has = (name: string, label: string): boolean =>
      ofPrometheus.includes(label) || documented.get(name)?.includes(label) === true;
    const selected = [...expr.matchAll(/\b(\w+)\{([^}]*)\}/g)].flatMap(([, metric = '', matchers = '']) =>
      [...matchers.matchAll(/(\w+)(?:=|!)/g)].map(([, label = '']) => [namesIn(metric)[0] ?? metric, label] as const),
    );
    expect(selected.filter(([name, label]) => !has(name, label))).toEqual([]);
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
    expect(grouped.filter((label) => !names.some((name) => has(name, label)))).toEqual([]);
  });

  it('name series by labels that remain after aggregation', () => {
    for (const { expr, legendFormat } of ofPanels)
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        expect(`${expr} by (${label})`).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b[^)]*\\)[^]*by \\(`));
  });

  it('have no overlapping panels', () => {
    for (const [at, { gridPos: one }] of panels.entries())
      for (const { gridPos: other } of panels.slice(at + 1))
        expect(
          one.x + one.w <= other.x ||
            other.x + other.w <= one.x ||
            one.y + one.h <= other.y ||
            other.y + other.h <= one.y,
        ).toBe(true);
  });
});
