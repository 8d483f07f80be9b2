import type { ColumnBounds } from '@medrex/sql';
import type { Traffic } from '../session/backend/traffic.ts';
import type { ShowContext } from './show.ts';
import { tableOf, int8, type Table } from './table.ts';

const microseconds = (ms: number): number => Math.round(ms * 1_000);

/** A counter of a database: its name in SHOW STATS, STATS_TOTALS and STATS_AVERAGES, and its average over the last minute. */
interface Counter {
  readonly name: string;
  readonly averageName?: string;
  /** In SHOW STATS, if different. */
  readonly statsNames?: { readonly total: string; readonly average: string };
  /** In SHOW TOTALS, if different. */
  readonly nameInTotals?: string;
  readonly total: (traffic: Traffic) => number;
  /** What the average is taken over; undefined: seconds. */
  readonly divisor?: (traffic: Traffic) => number;
}

const counters: readonly Counter[] = [
  { name: 'server_assignment_count', total: ({ assignments }) => assignments },
  { name: 'xact_count', total: ({ transactions }) => transactions },
  { name: 'query_count', total: ({ queries }) => queries },
  {
    name: 'bytes_received',
    nameInTotals: 'client_bytes',
    statsNames: { total: 'total_received', average: 'avg_recv' },
    total: ({ received }) => received,
  },
  {
    name: 'bytes_sent',
    nameInTotals: 'server_bytes',
    statsNames: { total: 'total_sent', average: 'avg_sent' },
    total: ({ sent }) => sent,
  },
  {
    name: 'xact_time',
    total: ({ transactionMs }) => microseconds(transactionMs),
    divisor: ({ transactions }) => transactions,
  },
  { name: 'query_time', total: ({ queryMs }) => microseconds(queryMs), divisor: ({ queries }) => queries },
  { name: 'wait_time', total: ({ waitedMs }) => microseconds(waitedMs), divisor: ({ assignments }) => assignments },
  {
    name: 'client_parse_count',
    nameInTotals: 'ps_client_parse_count',
    averageName: 'avg_client_parse_count',
    total: ({ parses }) => parses,
  },
  {
    name: 'server_parse_count',
    nameInTotals: 'ps_server_parse_count',
    averageName: 'avg_server_parse_count',
    total: ({ serverParses }) => serverParses,
  },
  { name: 'bind_count', nameInTotals: 'ps_bind_count', averageName: 'avg_bind_count', total: ({ binds }) => binds },
];
/** Further counters, in the tables only. */
const tableOnlyCounters: readonly Counter[] = [
  { name: 'client_login_count', averageName: 'avg_client_login_count', total: ({ logins }) => logins },
];

interface DatabaseTraffic {
  readonly database: string;
  readonly traffic: Traffic;
  readonly recent: { readonly traffic: Traffic; readonly seconds: number };
}

function countsOf({ host }: ShowContext): readonly DatabaseTraffic[] {
  const all = [...host.traffic.all].sort(([one], [other]) => (one < other ? -1 : 1));
  return all.map(([database, traffic]) => ({ database, traffic, recent: host.traffic.lastMinute(database) }));
}

function averageOf({ total, divisor }: Counter, { traffic, seconds }: DatabaseTraffic['recent']): number {
  const over = divisor === undefined ? seconds : divisor(traffic);
  return over === 0 ? 0 : Math.round(total(traffic) / over);
}

const totals = (named: (one: Counter) => string, of = counters) =>
  Object.fromEntries(of.map((one) => [named(one), int8(({ traffic }: DatabaseTraffic) => one.total(traffic))]));
const averages = (named: (one: Counter) => string, of = counters) =>
  Object.fromEntries(of.map((one) => [named(one), int8(({ recent }: DatabaseTraffic) => averageOf(one, recent))]));

export function stats(context: ShowContext, wanted?: ColumnBounds): Table {
  const [total, average] = [nameOfTotal, nameOfAverage];
  return tableOf(countsOf(context), {
    database: ({ database }) => database,
    ...totals(total),
    ...averages(average),
    ...(wanted !== undefined && { ...totals(total, tableOnlyCounters), ...averages(average, tableOnlyCounters) }),
  });
}

const nameOfTotal = ({ name, statsNames }: Counter): string => statsNames?.total ?? `total_${name}`;
const nameOfAverage = ({ name, statsNames }: Counter): string => statsNames?.average ?? `avg_${name}`;

export function statsTotals(context: ShowContext, wanted?: ColumnBounds): Table {
  const name = (one: Counter): string => one.name;
  return tableOf(countsOf(context), {
    database: ({ database }) => database,
    ...totals(name),
    ...(wanted !== undefined && totals(name, tableOnlyCounters)),
  });
}

export function statsAverages(context: ShowContext, wanted?: ColumnBounds): Table {
  const named = ({ name, averageName }: Counter): string => averageName ?? name;
  return tableOf(countsOf(context), {
    database: ({ database }) => database,
    ...averages(named),
    ...(wanted !== undefined && averages(named, tableOnlyCounters)),
  });
}

/** All databases together. */
export function allTotals(context: ShowContext): Table {
  const all = countsOf(context);
  const sum = (of: (counts: DatabaseTraffic) => Traffic, total: Counter['total']): number =>
    all.reduce((together, counts) => together + total(of(counts)), 0);
  const seconds = all[0]?.recent.seconds ?? 0;
  const rows = [
    ...counters.map(({ name, nameInTotals = name, total }) => ({
      name: `total_${nameInTotals}`,
      value: sum(({ traffic }) => traffic, total),
    })),
    ...counters.map(({ name, nameInTotals = name, total, divisor }) => {
      const over = divisor === undefined ? seconds : sum(({ recent }) => recent.traffic, divisor);
      const lately = sum(({ recent: of }) => of.traffic, total);
      return { name: `avg_${nameInTotals}`, value: over === 0 ? 0 : Math.round(lately / over) };
    }),
  ];
  return tableOf(rows, { name: ({ name }) => name, value: int8(({ value }) => value) });
}
