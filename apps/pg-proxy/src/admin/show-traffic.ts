import type { Wanted } from '@medrex/sql';
import type { Traffic } from '../session/backend/traffic.ts';
import type { Sight } from './show.ts';
import { tableOf, whole, type Table } from './table.ts';

const microseconds = (ms: number): number => Math.round(ms * 1_000);

/** A counter of a database: its name in SHOW STATS, STATS_TOTALS and STATS_AVERAGES, and its average over the last minute. */
interface Counted {
  readonly name: string;
  readonly averageName?: string;
  /** In SHOW STATS, if different. */
  readonly short?: { readonly total: string; readonly average: string };
  /** In SHOW TOTALS, if different. */
  readonly ofAll?: string;
  readonly total: (traffic: Traffic) => number;
  /** What the average is taken over; undefined: seconds. */
  readonly per?: (traffic: Traffic) => number;
}

const counted: readonly Counted[] = [
  { name: 'server_assignment_count', total: ({ assignments }) => assignments },
  { name: 'xact_count', total: ({ transactions }) => transactions },
  { name: 'query_count', total: ({ queries }) => queries },
  {
    name: 'bytes_received',
    ofAll: 'client_bytes',
    short: { total: 'total_received', average: 'avg_recv' },
    total: ({ received }) => received,
  },
  {
    name: 'bytes_sent',
    ofAll: 'server_bytes',
    short: { total: 'total_sent', average: 'avg_sent' },
    total: ({ sent }) => sent,
  },
  {
    name: 'xact_time',
    total: ({ transactionMs }) => microseconds(transactionMs),
    per: ({ transactions }) => transactions,
  },
  { name: 'query_time', total: ({ queryMs }) => microseconds(queryMs), per: ({ queries }) => queries },
  { name: 'wait_time', total: ({ waitedMs }) => microseconds(waitedMs), per: ({ assignments }) => assignments },
  {
    name: 'client_parse_count',
    ofAll: 'ps_client_parse_count',
    averageName: 'avg_client_parse_count',
    total: ({ parses }) => parses,
  },
  {
    name: 'server_parse_count',
    ofAll: 'ps_server_parse_count',
    averageName: 'avg_server_parse_count',
    total: ({ serverParses }) => serverParses,
  },
  { name: 'bind_count', ofAll: 'ps_bind_count', averageName: 'avg_bind_count', total: ({ binds }) => binds },
];
/** Further counters, in the tables only. */
const beside: readonly Counted[] = [
  { name: 'client_login_count', averageName: 'avg_client_login_count', total: ({ logins }) => logins },
];

interface Counts {
  readonly database: string;
  readonly traffic: Traffic;
  readonly lately: { readonly traffic: Traffic; readonly seconds: number };
}

function countsOf({ host }: Sight): readonly Counts[] {
  const all = [...host.traffic.all].sort(([one], [other]) => (one < other ? -1 : 1));
  return all.map(([database, traffic]) => ({ database, traffic, lately: host.traffic.lately(database) }));
}

function averageOf({ total, per }: Counted, { traffic, seconds }: Counts['lately']): number {
  const over = per === undefined ? seconds : per(traffic);
  return over === 0 ? 0 : Math.round(total(traffic) / over);
}

const totals = (named: (one: Counted) => string, of = counted) =>
  Object.fromEntries(of.map((one) => [named(one), whole(({ traffic }: Counts) => one.total(traffic))]));
const averages = (named: (one: Counted) => string, of = counted) =>
  Object.fromEntries(of.map((one) => [named(one), whole(({ lately }: Counts) => averageOf(one, lately))]));

export function stats(sight: Sight, wanted?: Wanted): Table {
  const [total, average] = [nameOfTotal, nameOfAverage];
  return tableOf(countsOf(sight), {
    database: ({ database }) => database,
    ...totals(total),
    ...averages(average),
    ...(wanted !== undefined && { ...totals(total, beside), ...averages(average, beside) }),
  });
}

const nameOfTotal = ({ name, short }: Counted): string => short?.total ?? `total_${name}`;
const nameOfAverage = ({ name, short }: Counted): string => short?.average ?? `avg_${name}`;

export function statsTotals(sight: Sight, wanted?: Wanted): Table {
  const name = (one: Counted): string => one.name;
  return tableOf(countsOf(sight), {
    database: ({ database }) => database,
    ...totals(name),
    ...(wanted !== undefined && totals(name, beside)),
  });
}

export function statsAverages(sight: Sight, wanted?: Wanted): Table {
  const named = ({ name, averageName }: Counted): string => averageName ?? name;
  return tableOf(countsOf(sight), {
    database: ({ database }) => database,
    ...averages(named),
    ...(wanted !== undefined && averages(named, beside)),
  });
}

/** All databases together. */
export function allTotals(sight: Sight): Table {
  const all = countsOf(sight);
  const sum = (of: (counts: Counts) => Traffic, total: Counted['total']): number =>
    all.reduce((together, counts) => together + total(of(counts)), 0);
  const seconds = all[0]?.lately.seconds ?? 0;
  const rows = [
    ...counted.map(({ name, ofAll = name, total }) => ({
      name: `total_${ofAll}`,
      value: sum(({ traffic }) => traffic, total),
    })),
    ...counted.map(({ name, ofAll = name, total, per }) => {
      const over = per === undefined ? seconds : sum(({ lately }) => lately.traffic, per);
      const lately = sum(({ lately: of }) => of.traffic, total);
      return { name: `avg_${ofAll}`, value: over === 0 ? 0 : Math.round(lately / over) };
    }),
  ];
  return tableOf(rows, { name: ({ name }) => name, value: whole(({ value }) => value) });
}
