import { telemetryError } from './errors.ts';

export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** One metric of a process. Label values are closed sets, so every series is there, at zero, from the start. */
export interface MetricDeclaration {
  /** `medrex_<process>_<what>_<unit>`; counters end in `_total`. */
  readonly name: string;
  readonly kind: MetricKind;
  /** A sentence that describes the metric. */
  readonly help: string;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds of a histogram, ascending; `durationBuckets` when absent. */
  readonly buckets?: readonly number[];
}

/** The metrics of a process by their names in code. */
export type MetricDeclarations = Readonly<Record<string, MetricDeclaration>>;

/** Seconds, from half a millisecond to half a minute. */
export const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

/** Maximum of series per metric, so that a scrape of a process stays below a megabyte. */
export const seriesMax = 1_000;

/** Checks a process's metrics and keeps their exact types; handed to `metrics.define`, and to `describeMetrics` for the reference. @throws CodedError METRIC_INVALID. */
export function defineMetrics<const D extends MetricDeclarations>(declarations: D): D {
  const names = new Set<string>();
  for (const declaration of Object.values(declarations)) {
    const problem = names.has(declaration.name) ? 'is declared twice' : problemOf(declaration);
    if (problem !== undefined) throw telemetryError('metricInvalid', `metric ${declaration.name} ${problem}`);
    names.add(declaration.name);
  }
  return declarations;
}

function problemOf({ name, kind, help, labels = {}, buckets }: MetricDeclaration): string | undefined {
  if (!/^medrex_[a-z][a-z0-9_]*$/.test(name)) return 'is not named medrex_...';
  if ((kind === 'counter') !== name.endsWith('_total')) return 'must end in _total exactly when it is a counter';
  if (help.trim() === '') return 'has no help';
  if (Object.keys(labels).some((label) => !/^[a-z][a-z_]*$/.test(label) || label === 'le'))
    return 'has a label that Prometheus does not take';
  if (Object.values(labels).some((values) => values.length === 0 || new Set(values).size < values.length))
    return 'has a label without values or with a value twice';
  if (labelCombinations(labels).length > seriesMax) return `has more than ${seriesMax} series`;
  if (buckets?.some((bound, at) => at > 0 && bound <= (buckets[at - 1] ?? bound)))
    return 'has buckets that do not rise';
  return undefined;
}

/** Every combination of label values. One, empty, for a metric without labels. */
export function labelCombinations(
  labels: Readonly<Record<string, readonly string[]>>,
): readonly Readonly<Record<string, string>>[] {
  let combinations: readonly Readonly<Record<string, string>>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    combinations = values.flatMap((value) => combinations.map((combination) => ({ ...combination, [label]: value })));
  }
  return combinations;
}

/** One row of the generated reference. */
export interface MetricDescription {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  /** `class: cpoe, clinical, ...`, one text per label. */
  readonly labels: readonly string[];
  readonly series: number;
}

/** The rows of the generated reference, by name. */
export function describeMetrics(declarations: MetricDeclarations): readonly MetricDescription[] {
  const rows = Object.values(declarations).map(({ name, kind, help, labels = {} }) => ({
    name,
    kind,
    help,
    labels: Object.entries(labels).map(([label, values]) => `${label}: ${values.join(', ')}`),
    series: labelCombinations(labels).length,
  }));
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}
