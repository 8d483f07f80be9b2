import { describe, expect, it } from '@jest/globals';
import { defineMetrics, describeMetrics, type MetricDeclaration } from './metric-declaration.ts';
import { PrometheusMetrics } from './metrics.ts';

const declared = defineMetrics({
  outcomes: {
    name: 'medrex_test_outcomes_total',
    kind: 'counter',
    help: 'Outcomes.',
    labels: { class: ['cpoe', 'audit'], status: ['applied', 'dead'] },
  },
  waiting: { name: 'medrex_test_waiting', kind: 'gauge', help: 'Waiting.' },
  plan: {
    name: 'medrex_test_plan_seconds',
    kind: 'histogram',
    help: 'Plan.',
    labels: { stage: ['plan'] },
    buckets: [0.1, 1],
  },
});

function metrics(isStrict = true): { readonly metrics: PrometheusMetrics; readonly misuses: string[] } {
  const misuses: string[] = [];
  return { misuses, metrics: new PrometheusMetrics({ isStrict, onMisuse: (misuse) => misuses.push(misuse) }) };
}

const own = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('medrex_'))
    .sort();

describe('metrics', () => {
  it('has every declared series at zero from the start', async () => {
    const { metrics: registry } = metrics();
    registry.define(declared);
    expect(own(await registry.text())).toEqual([
      'medrex_test_outcomes_total{class="audit",status="applied"} 0',
      'medrex_test_outcomes_total{class="audit",status="dead"} 0',
      'medrex_test_outcomes_total{class="cpoe",status="applied"} 0',
      'medrex_test_outcomes_total{class="cpoe",status="dead"} 0',
      'medrex_test_plan_seconds_bucket{le="+Inf",stage="plan"} 0',
      'medrex_test_plan_seconds_bucket{le="0.1",stage="plan"} 0',
      'medrex_test_plan_seconds_bucket{le="1",stage="plan"} 0',
      'medrex_test_plan_seconds_count{stage="plan"} 0',
      'medrex_test_plan_seconds_sum{stage="plan"} 0',
      'medrex_test_waiting 0',
    ]);
  });

  it('adds, sets and observes', async () => {
    const { metrics: registry } = metrics();
    const { outcomes, waiting, plan } = registry.define(declared);
    outcomes.inc({ class: 'cpoe', status: 'applied' });
    outcomes.inc({ class: 'cpoe', status: 'applied' }, 4);
    waiting.set(7);
    plan.observe({ stage: 'plan' }, 0.5);
    const text = await registry.text();
    expect(text).toContain('medrex_test_outcomes_total{class="cpoe",status="applied"} 5');
    expect(text).toContain('medrex_test_waiting 7');
    expect(text).toContain('medrex_test_plan_seconds_bucket{le="0.1",stage="plan"} 0');
    expect(text).toContain('medrex_test_plan_seconds_bucket{le="1",stage="plan"} 1');
    expect(text).toContain('# HELP medrex_test_waiting Waiting.');
  });

  it('has the measures of the process itself', async () => {
    const text = await metrics().metrics.text();
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  });

  it('asks for gauges before each scrape', async () => {
    const { metrics: registry } = metrics();
    const { waiting } = registry.define(declared);
    let depth = 0;
    registry.beforeScrape(() => waiting.set((depth += 1)));
    await registry.text();
    expect(await registry.text()).toContain('medrex_test_waiting 2');
  });

  it('does not compile with an undeclared label value, and throws in tests', () => {
    const { outcomes } = metrics().metrics.define(declared);
    // @ts-expect-error not one of the declared classes
    expect(() => outcomes.inc({ class: 'Koepp', status: 'applied' })).toThrow(
      expect.objectContaining({ code: 'METRIC_MISUSED', message: expect.not.stringContaining('Koepp') }),
    );
    // @ts-expect-error a label is missing
    expect(() => outcomes.inc({ class: 'cpoe' })).toThrow(expect.objectContaining({ code: 'METRIC_MISUSED' }));
    expect(() => outcomes.inc({ class: 'cpoe', status: 'dead' }, Number.NaN)).toThrow(
      expect.objectContaining({ code: 'METRIC_MISUSED' }),
    );
  });

  it('counts an undeclared label value as other in production, and continues', async () => {
    const { metrics: registry, misuses } = metrics(false);
    const { outcomes, waiting, plan } = registry.define(declared);
    for (const stage of ['x', 'y']) plan.observe({ stage: stage as 'plan' }, 0.5);
    outcomes.inc({ class: 'Koepp' as 'cpoe', status: 'applied' }, 2);
    outcomes.inc({ class: 'Smith' as 'cpoe', status: 'applied' }, 3);
    outcomes.inc({ class: 'cpoe', status: 'applied' }, -1);
    waiting.set(Number.NaN);
    const text = await registry.text();
    expect(text).toContain('medrex_test_outcomes_total{class="other",status="applied"} 5');
    expect(text).toContain('medrex_test_outcomes_total{class="cpoe",status="applied"} 0');
    expect(text).toContain('medrex_test_waiting 0');
    expect(text).toContain('medrex_test_plan_seconds_count{stage="other"} 2');
    expect(misuses).toEqual(['label', 'label', 'label', 'label', 'value', 'value']);
  });
});

describe('defineMetrics', () => {
  const base: MetricDeclaration = { name: 'medrex_x_total', kind: 'counter', help: 'x' };
  const many = Array.from({ length: 40 }, (_, at) => `v${at}`);

  it.each<[string, Partial<MetricDeclaration>]>([
    ['a foreign prefix', { name: 'x_total' }],
    ['a counter without _total', { name: 'medrex_x' }],
    ['a gauge with _total', { kind: 'gauge' }],
    ['no help', { help: ' ' }],
    ['a reserved label', { labels: { le: ['1'] } }],
    ['a label without values', { labels: { class: [] } }],
    ['a value twice', { labels: { class: ['a', 'a'] } }],
    ['too many series', { labels: { a: many, b: many } }],
    ['falling buckets', { name: 'medrex_x_seconds', kind: 'histogram', buckets: [1, 0.5] }],
  ])('refuses %s', (_what, change) => {
    expect(() => defineMetrics({ x: { ...base, ...change } })).toThrow(
      expect.objectContaining({ code: 'METRIC_INVALID' }),
    );
  });

  it('refuses a name twice, in one declaration and over two', () => {
    expect(() => defineMetrics({ a: base, b: base })).toThrow(expect.objectContaining({ code: 'METRIC_INVALID' }));
    const registry = metrics().metrics;
    registry.define({ a: base });
    expect(() => registry.define({ a: base })).toThrow(expect.objectContaining({ code: 'METRIC_INVALID' }));
  });
});

describe('describeMetrics', () => {
  it('gives the rows of the reference by name', () => {
    expect(describeMetrics(declared)).toEqual([
      {
        name: 'medrex_test_outcomes_total',
        kind: 'counter',
        help: 'Outcomes.',
        labels: ['class: cpoe, audit', 'status: applied, dead'],
        series: 4,
      },
      { name: 'medrex_test_plan_seconds', kind: 'histogram', help: 'Plan.', labels: ['stage: plan'], series: 1 },
      { name: 'medrex_test_waiting', kind: 'gauge', help: 'Waiting.', labels: [], series: 1 },
    ]);
  });
});
