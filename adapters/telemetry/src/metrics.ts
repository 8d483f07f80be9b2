import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { telemetryError } from './errors.ts';
import {
  defineMetrics,
  durationBuckets,
  labelCombinations,
  type MetricDeclaration,
  type MetricDeclarations,
} from './metric-declaration.ts';
import { asRegistered, SummedHistogram } from './summed-histogram.ts';

type LabelsOf<D extends MetricDeclaration> =
  D['labels'] extends Readonly<Record<string, readonly string[]>>
    ? { readonly [L in keyof D['labels']]: D['labels'][L][number] }
    : undefined;

/** Arguments of a metric with labels begin with their values. */
type Labelled<L, Rest extends readonly unknown[]> = L extends undefined ? Rest : [labels: L, ...rest: Rest];

export interface CounterHandle<L = undefined> {
  /** Adds `amount`, one when absent. */
  inc(...args: Labelled<L, [amount?: number]>): void;
}

export interface GaugeHandle<L = undefined> {
  set(...args: Labelled<L, [value: number]>): void;
}

export interface HistogramHandle<L = undefined> {
  observe(...args: Labelled<L, [value: number]>): void;
  /** The function that observes one series, for hot paths: look it up once. */
  series(...args: Labelled<L, []>): (value: number) => void;
}

export type MetricHandle<D extends MetricDeclaration> = D['kind'] extends 'counter'
  ? CounterHandle<LabelsOf<D>>
  : D['kind'] extends 'gauge'
    ? GaugeHandle<LabelsOf<D>>
    : HistogramHandle<LabelsOf<D>>;

/** What `metrics.define` gives for a declaration: one typed handle per name. */
export type MetricHandles<D extends MetricDeclarations> = { readonly [Name in keyof D]: MetricHandle<D[Name]> };

export interface Metrics {
  /** Registers the metrics of the process: once, in its `metrics.ts`. @throws CodedError METRIC_INVALID. */
  define<const D extends MetricDeclarations>(declarations: D): MetricHandles<D>;
  /** Registers a function to call before each scrape, to set gauges. */
  beforeScrape(update: () => void): void;
  /** Prometheus text format, with `contentType`. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  /** Throws for a misuse instead of counting it: for tests. */
  readonly isStrict: boolean;
  readonly onMisuse: (misuse: 'label' | 'value') => void;
}

type LabelValues = Readonly<Record<string, string>>;

/** One series: what a handle adds to, or sets. */
type Series = (value: number) => void;

export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #updates: (() => void)[] = [];
  /** Functions that add the sums since the last scrape to the counters. */
  readonly #sums: (() => void)[] = [];
  readonly #options: MetricsOptions;

  constructor(options: MetricsOptions) {
    this.#options = options;
    // Its own 10 ms would put a timer before nearly every wait of the event loop.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 100 });
  }

  define<const D extends MetricDeclarations>(declarations: D): MetricHandles<D> {
    const handles = Object.entries(defineMetrics(declarations)).map(([name, declaration]) => [
      name,
      this.#handle(declaration),
    ]);
    return Object.fromEntries(handles) as MetricHandles<D>;
  }

  beforeScrape(update: () => void): void {
    this.#updates.push(update);
  }

  text(): Promise<string> {
    for (const update of this.#updates) update();
    for (const bringIn of this.#sums) bringIn();
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One handle serves every kind: its method passes the value to the series that its labels name. */
  #handle(declaration: MetricDeclaration): Record<string, (...args: readonly unknown[]) => unknown> {
    const { name, labels } = declaration;
    if (this.#registry.getSingleMetric(name)) throw telemetryError('metricInvalid', `metric ${name} is declared twice`);
    const open = this.#open(declaration);
    const labelNames = Object.keys(labels ?? {});
    const series = new Map<string, Series>();
    const seriesOf = (values: LabelValues): Series => {
      const key = seriesKey(labelNames, values);
      let found = series.get(key);
      if (!found) series.set(key, (found = open(values)));
      return found;
    };
    labelCombinations(labels ?? {}).forEach(seriesOf);
    const call = (...args: readonly unknown[]): void => {
      const [values, value = 1] = (labels === undefined ? [{}, ...args] : args) as [LabelValues, number?];
      const isFalling = declaration.kind === 'counter' && value < 0;
      if (!Number.isFinite(value) || isFalling) return this.#misused(declaration, 'value');
      (series.get(seriesKey(labelNames, values)) ?? seriesOf(this.#declaredOrOther(declaration, values)))(value);
    };
    const one = (values: unknown = {}): Series =>
      series.get(seriesKey(labelNames, values as LabelValues)) ??
      seriesOf(this.#declaredOrOther(declaration, values as LabelValues));
    return { inc: call, set: call, observe: call, series: one };
  }

  /** A label value outside of its closed set is counted as `other`. */
  #declaredOrOther(declaration: MetricDeclaration, values: LabelValues): LabelValues {
    this.#misused(declaration, 'label');
    const named = Object.entries(declaration.labels ?? {}).map(([label, declared]) => {
      const value = values[label];
      return [label, value !== undefined && declared.includes(value) ? value : 'other'] as const;
    });
    return Object.fromEntries(named);
  }

  #misused({ name }: MetricDeclaration, misuse: 'label' | 'value'): void {
    if (this.#options.isStrict)
      throw telemetryError('metricMisused', `metric ${name} was given a ${misuse} that its declaration does not allow`);
    this.#options.onMisuse(misuse);
  }

  /** Sums in a number what is added to a counter, and adds it before a scrape, as counters are incremented far more often than read. */
  #summed(inc: Series): Series {
    let sum = 0;
    inc(0);
    this.#sums.push(() => {
      inc(sum);
      sum = 0;
    });
    return (amount) => {
      sum += amount;
    };
  }

  /** Registers the metric; the function it returns makes a series, at zero. */
  #open({
    name,
    kind,
    help,
    labels = {},
    buckets = durationBuckets,
  }: MetricDeclaration): (values: LabelValues) => Series {
    const common = { name, help, labelNames: Object.keys(labels), registers: [this.#registry] };
    if (kind === 'counter') {
      const counter = new Counter(common);
      return (values) => this.#summed((amount) => counter.inc(values, amount));
    }
    if (kind === 'gauge') {
      const gauge = new Gauge(common);
      return (values) => started((value) => gauge.set(values, value));
    }
    const histogram = new SummedHistogram({ name, help, bounds: buckets });
    this.#registry.registerMetric(asRegistered(histogram));
    return (values) => histogram.open(values);
  }
}

/** Sets a series to zero, as it exists from its first value on. */
function started(write: Series): Series {
  write(0);
  return write;
}

function seriesKey(names: readonly string[], values: LabelValues): string {
  const [first] = names;
  return names.length === 1 && first !== undefined
    ? String(values[first])
    : names.map((name) => values[name]).join('\u0000');
}
