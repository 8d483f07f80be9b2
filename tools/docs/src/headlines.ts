import { allFigures, type HistoryLine } from './figures.ts';
import { markdownTable } from './markdown.ts';
import { isMatrix, matrixHeadlines } from './matrix.ts';
import { isOfPoolers, poolersTable } from './poolers.ts';

/** The figures of benchmarks without several clients that the README shows; docs/performance.md has all. */
const headlines: Readonly<Record<string, readonly string[]>> = {
  'dependency-graph': ['live queues, uniform over 1,000,000 keys', 'typed graph, uniform over 1,000,000 keys'],
  capacity: ['rate kept up', 'latency p50 at it', 'CPU per operation at it'],
  sustained: ['goodput'],
};

const isComparison = ({ figures }: HistoryLine): boolean =>
  Object.keys(figures).some((name) => name.startsWith('Medrex: '));

/** The figures of the README: comparisons with a column per client (median, and range if the samples differ), then the figures chosen above. */
export function headlineTables(lines: readonly HistoryLine[]): string {
  const compared = lines.filter(isComparison);
  const chosen = lines.flatMap((line) => {
    const names = headlines[line.bench] ?? [];
    const figures = Object.entries(line.figures).filter(([name]) => names.includes(name));
    return figures.length === 0 ? [] : [{ ...line, figures: Object.fromEntries(figures) }];
  });
  const tables = [
    ...lines.filter(isMatrix).map(matrixHeadlines),
    ...(compared.length === 0 ? [] : [comparisons(compared)]),
    ...(chosen.length === 0 ? [] : [allFigures(chosen)]),
    ...lines.filter(isOfPoolers).map(poolersTable),
  ];
  return tables.join('\n\n');
}

function comparisons(lines: readonly HistoryLine[]): string {
  // In the order of the line with the most clients: plain, retrying, Medrex.
  const clientsOf = ({ figures }: HistoryLine) => [...new Set(Object.keys(figures).map(clientOf))];
  const clients = lines.map(clientsOf).toSorted((one, other) => other.length - one.length)[0] ?? [];
  const rows = lines.flatMap((line) => {
    const names = [...new Set(Object.keys(line.figures).map(figureOf))];
    return names.map((name) => [
      line.bench,
      name,
      ...clients.map((client) => cell(line, `${client}: ${name}`)),
      `${line.commit.slice(0, 9)}, ${line.date.slice(0, 10)}`,
    ]);
  });
  return markdownTable(['benchmark', 'figure', ...clients, 'commit, date'], rows);
}

const clientOf = (name: string): string => name.slice(0, name.indexOf(': '));
const figureOf = (name: string): string => name.slice(name.indexOf(': ') + 2);

/** Median and spread; a dash for a client without the figure. */
function cell({ figures }: HistoryLine, name: string): string {
  const figure = figures[name];
  if (figure === undefined) return '-';
  const { median, min, max, unit } = figure;
  const range = min === max ? '' : ` (${short(min)} to ${short(max)})`;
  return `${short(median)} ${unit}${range}`;
}

/** Formats a number with three digits. */
function short(value: number): string {
  return value.toLocaleString('en-US', value < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 });
}
