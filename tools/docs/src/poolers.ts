import type { HistoryLine } from './figures.ts';
import { markdownTable } from './markdown.ts';

/** Whether a line is of the benchmark that compares pg-proxy with other poolers. */
export const isOfPoolers = ({ bench }: HistoryLine): boolean => bench === 'pg-proxy';

const own = ', pg-proxy';
const otherSide = /, (PgBouncer [\d.]+)$/;

/** A row per way of querying: the throughput of each side, and the ratio of pg-proxy to the other pooler. */
export function poolersTable({ figures, workload, commit, date }: HistoryLine): string {
  const names = Object.keys(figures);
  const ways = names.filter((name) => name.endsWith(own)).map((name) => name.slice(0, -own.length));
  const other = names.map((name) => otherSide.exec(name)?.[1]).find((side) => side !== undefined) ?? 'PgBouncer';
  const median = (name: string): string => {
    const figure = figures[name];
    return figure === undefined ? '-' : figure.median.toLocaleString('en-US', { maximumFractionDigits: 0 });
  };
  const ratio = (name: string): string => {
    const figure = figures[name];
    if (figure === undefined) return '-';
    const [middle, least, most] = [figure.median, figure.min, figure.max].map((value) => value.toFixed(2));
    return `${middle} (${least} to ${most})`;
  };
  const rows = ways.map((way) => [
    way,
    ...['direct', 'pg-proxy', other].map((side) => median(`${way}, ${side}`)),
    ratio(`${way}, pg-proxy over ${other}`),
    ratio(`${way}, p99 of pg-proxy over ${other}`),
    ...['pg-proxy', other].map((side) => median(`${way}, CPU of ${side} per transaction`)),
  ]);
  const head = [
    'workload',
    'direct',
    'pg-proxy',
    other,
    'throughput ratio',
    'p99 ratio',
    'CPU of pg-proxy, us',
    `CPU of ${other}, us`,
  ];
  const said = `pg-proxy compared with ${other}, transactions/s (${workload}). Ratios are pg-proxy / ${other}; ${commit.slice(0, 9)}, ${date.slice(0, 10)}:`;
  return `${said}\n\n${markdownTable(head, rows)}`;
}
