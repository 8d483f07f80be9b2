import Table from 'cli-table3';
import { goodput, throughput, validPercent, type SideResult } from './side-result.ts';

export interface Comparison {
  /** The workload: profile, rate, seconds, seed, skew. */
  readonly workload: Readonly<Record<string, string | number>>;
  /** Label of the ledger; "model of Fabric (embedded)" for the model. */
  readonly ledger: string;
  readonly sides: readonly SideResult[];
}

const count = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 0 });
const rate = (value: number) => (value < 100 ? value.toFixed(1) : count(value));
const percent = (value: number | undefined) => (value === undefined ? '-' : `${value.toFixed(1)} %`);
const ms = (value: number | undefined) => (value === undefined ? '-' : value < 10 ? value.toFixed(1) : count(value));

const rows: readonly (readonly [string, (side: SideResult) => string])[] = [
  ['operations offered', (side) => `${count(side.offered)}  (${rate(side.offeredPerSecond)}/s)`],
  ['  applied', (side) => count(side.applied)],
  ['  rejected by the contract', (side) => count(side.rejected)],
  ['  lost to conflicts', (side) => count(side.lostToConflict)],
  ['  failed otherwise', (side) => count(side.failed)],
  ['throughput, operations/s', (side) => rate(throughput(side))],
  ['goodput, operations/s', (side) => rate(goodput(side))],
  ['Fabric transactions sent', (side) => count(side.fabric.submitted)],
  ['  VALID', (side) => percent(validPercent(side))],
  ['  MVCC_READ_CONFLICT', (side) => count(side.fabric.mvccReadConflict)],
  ['  PHANTOM_READ_CONFLICT', (side) => count(side.fabric.phantomReadConflict)],
  ['  other codes', (side) => count(side.fabric.otherInvalid)],
  ['operations per VALID transaction', (side) => perValid(side)],
  ['retries', (side) => count(side.retries)],
  ['latency ms p50 / p95', (side) => `${ms(side.latencyMs?.p50)} / ${ms(side.latencyMs?.p95)}`],
  ['latency ms p99 / p99.9', (side) => `${ms(side.latencyMs?.p99)} / ${ms(side.latencyMs?.p999)}`],
];

function perValid({ applied, rejected, fabric }: SideResult): string {
  return fabric.valid === 0 ? '-' : ((applied + rejected) / fabric.valid).toFixed(1);
}

/** The before/after table, one column per client, as plain text. */
export function comparisonTable({ workload, ledger, sides }: Comparison): string {
  const table = new Table({
    head: ['', ...sides.map(({ client }) => client)],
    colAligns: ['left', ...sides.map(() => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const [name, cell] of rows) table.push([name, ...sides.map(cell)]);
  const described = Object.entries(workload).map(([name, value]) => `${name} ${value}`);
  return [described.join(', '), `Ledger: ${ledger}`, table.toString(), ...sides.map(sentenceOf)].join('\n');
}

/** The column of a client as sentences. */
function sentenceOf(side: SideResult): string {
  const { client, offered, applied, rejected, lostToConflict, failed, fabric } = side;
  const ends = [
    `${count(lostToConflict)} were lost to conflicts`,
    ...(rejected > 0 ? [`${count(rejected)} were rejected by the contract`] : []),
    ...(failed > 0 ? [`${count(failed)} were refused or not answered`] : []),
  ];
  const conflicts = fabric.mvccReadConflict + fabric.phantomReadConflict;
  return [
    `${client}: ${count(applied)} of ${count(offered)} operations took effect, ${ends.join(', ')};`,
    `the ledger invalidated ${count(conflicts)} of ${count(fabric.submitted)} Fabric transactions because of conflicts;`,
    `99 % of operations ended within ${ms(side.latencyMs?.p99)} ms.`,
  ].join(' ');
}
