import type { HistoryLine } from './figures.ts';
import { markdownTable } from './markdown.ts';

type Figures = HistoryLine['figures'];

const cpu = 'CPU per operation: ';

/** Whether a benchmark has many clients and workloads, and so too many figures for one row each. */
export const isMatrix = ({ figures }: HistoryLine): boolean => {
  const names = Object.keys(figures);
  return names.length > 60 && names.every((name) => name.includes(': '));
};

/** A row per case (workload and client) and a column per kind of figure, with a separate table of processor time. */
export function matrixTables(line: HistoryLine): string {
  const cases = [...new Set(Object.keys(line.figures).map((name) => split(name).of))];
  const kinds = [...new Set(Object.keys(line.figures).map((name) => split(name).kind))];
  const table = (chosen: readonly string[], shown: (kind: string) => string): string =>
    markdownTable(
      [line.bench, ...chosen.map((kind) => `${shown(kind)}, ${unitOf(line.figures, kind)}`)],
      cases.map((of) => [of, ...chosen.map((kind) => cell(line.figures, `${of}: ${kind}`))]),
    );
  const plain = kinds.filter((kind) => !kind.startsWith(cpu));
  const byProcess = kinds.filter((kind) => kind.startsWith(cpu));
  const caption = `${line.bench}: ${line.workload}; ${line.ledger}, ${line.commit.slice(0, 9)}, ${line.date.slice(0, 10)}.`;
  return [
    caption,
    table(plain, (kind) => kind),
    'Processor time for each operation offered, by process:',
    table(byProcess, (kind) => kind.slice(cpu.length)),
  ].join('\n\n');
}

/** Goodput and VALID share of each client on each workload, followed by the cases of a single client. */
export function matrixHeadlines(line: HistoryLine): string {
  const cases = [...new Set(Object.keys(line.figures).map((name) => split(name).of))];
  const pairs = cases.flatMap((of) => {
    const at = of.indexOf(': ');
    return at < 0 ? [] : [{ workload: of.slice(0, at), client: of.slice(at + 2) }];
  });
  const clients = [...new Set(pairs.map(({ client }) => client))];
  const workloads = [...new Set(pairs.map(({ workload }) => workload))];
  const rows = workloads.map((workload) => [
    workload,
    ...clients.map((client) => headline(line.figures, `${workload}: ${client}`)),
  ]);
  const alone = cases.filter((of) => !of.includes(': '));
  const kinds = ['goodput', 'VALID Fabric transactions', 'latency p50', 'latency p99', 'CPOE latency p99'];
  const caption = `Completed operations/s on ${line.ledger} with Kafka and PostgreSQL, and in parentheses the VALID share of the Fabric transactions; ${line.commit.slice(0, 9)}, ${line.date.slice(0, 10)}:`;
  return [
    caption,
    markdownTable(['workload', ...clients], rows),
    ...(alone.length === 0
      ? []
      : [
          markdownTable(
            ['workload, Medrex', ...kinds.map((kind) => `${kind}, ${unitOf(line.figures, kind)}`)],
            alone.map((of) => [of, ...kinds.map((kind) => cell(line.figures, `${of}: ${kind}`))]),
          ),
        ]),
  ].join('\n\n');
}

function headline(figures: Figures, of: string): string {
  if (figures[`${of}: goodput`] === undefined) return '-';
  return `${cell(figures, `${of}: goodput`)} (${cell(figures, `${of}: VALID Fabric transactions`)} %)`;
}

function split(name: string): { readonly of: string; readonly kind: string } {
  const at = name.includes(`: ${cpu}`) ? name.indexOf(`: ${cpu}`) : name.lastIndexOf(': ');
  return { of: name.slice(0, at), kind: name.slice(at + 2) };
}

function unitOf(figures: Figures, kind: string): string {
  return Object.entries(figures).find(([name]) => split(name).kind === kind)?.[1].unit ?? '';
}

/** Median with three digits, and the spread if there was more than one run. */
function cell(figures: Figures, name: string): string {
  const figure = figures[name];
  if (figure === undefined) return '-';
  const { median, min, max, runs } = figure;
  return runs > 1 && min !== max ? `${short(median)} (${short(min)} to ${short(max)})` : short(median);
}

function short(value: number): string {
  return value.toLocaleString('en-US', value < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 });
}
