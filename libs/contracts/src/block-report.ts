import {
  setsOf,
  validationCodes,
  type Block,
  type CommittedTransaction,
  type KeyRead,
  type NamespaceSet,
  type ValidationCode,
} from '@medrex/ledger';
import { z } from 'zod';
import { jsonCodec } from './json-codec.ts';
import { epochMs, wholeNumber } from './schemas.ts';

/** A key and the version that was read: [key, block number, transaction number], or [key] if it was absent. */
export type ReportedRead = readonly [key: string] | readonly [key: string, blockNum: number, txNum: number];

/** Accesses to the state of one chaincode: keys and versions only, never values. */
export interface ReportedSet {
  readonly chaincode: string;
  readonly reads: readonly ReportedRead[];
  /** Range queries as [start, end]; the keys that they returned are in `reads`. */
  readonly ranges: readonly (readonly [start: string, end: string])[];
  readonly writes: readonly string[];
}

/** The accesses of one transaction in a block, of any sender. */
export interface ReportedTransaction extends ReportedSet {
  readonly txId: string;
  readonly txNum: number;
  readonly code: ValidationCode;
  /** MSP id of the client that sent it. */
  readonly writer: string;
  readonly fn: string;
  /** Accesses to the state of chaincodes that it called, each separately. */
  readonly called?: readonly ReportedSet[];
  /** True if it has more keys than `reportedKeysMax`; the rest is left out. */
  readonly isCut?: boolean;
}

/** The value of one record of the `blocks` topic: a block, or a part of one that would not fit into a record. */
export interface BlockReport {
  readonly channel: string;
  readonly blockNum: number;
  /** When orderer-dag saw the block, epoch ms. */
  readonly committedAtMs: number;
  /** False when more records of the same block follow. */
  readonly isLast: boolean;
  readonly transactions: readonly ReportedTransaction[];
}

/** Maximum of reported keys of one kind per transaction; one with more has `isCut`. */
export const reportedKeysMax = 10_000;

/**
 * Maximum of keys in one record of the `blocks` topic, which keeps it far below the record limit (a key has about 80
 * bytes).
 */
const keysPerReport = 30_000;

const codes = Object.keys(validationCodes) as [ValidationCode, ...ValidationCode[]];

const reportedSet = z.object({
  chaincode: z.string(),
  reads: z.array(z.union([z.tuple([z.string()]), z.tuple([z.string(), wholeNumber, wholeNumber])])),
  ranges: z.array(z.tuple([z.string(), z.string()])),
  writes: z.array(z.string()),
}) satisfies z.ZodType<ReportedSet>;

const reportedTransaction = reportedSet.extend({
  txId: z.string(),
  txNum: wholeNumber,
  code: z.enum(codes),
  writer: z.string(),
  fn: z.string(),
  called: z.array(reportedSet).optional(),
  isCut: z.boolean().optional(),
}) satisfies z.ZodType<ReportedTransaction>;

export const blockReportSchema = z.object({
  channel: z.string().min(1),
  blockNum: wholeNumber,
  committedAtMs: epochMs,
  isLast: z.boolean(),
  transactions: z.array(reportedTransaction),
}) satisfies z.ZodType<BlockReport>;

/** Reads and writes the records of the `blocks` topic. */
export const blockReportCodec = jsonCodec<BlockReport>('blocks', 1, blockReportSchema);

/** The reports of a block: usually one, several for a block with very many keys, never none. */
export function reportBlock(block: Block, committedAtMs: number): BlockReport[] {
  const parts: ReportedTransaction[][] = [[]];
  let keys = 0;
  for (const transaction of block.transactions.map(reportTransaction)) {
    const own = [transaction, ...(transaction.called ?? [])].reduce((sum, set) => sum + keysIn(set), 0);
    if (keys + own > keysPerReport && keys > 0) {
      parts.push([]);
      keys = 0;
    }
    parts.at(-1)?.push(transaction);
    keys += own;
  }
  return parts.map((transactions, part) => ({
    channel: block.channel,
    blockNum: block.number,
    committedAtMs,
    isLast: part === parts.length - 1,
    transactions,
  }));
}

function reportTransaction(transaction: CommittedTransaction): ReportedTransaction {
  const { txId, txNum, code, creator, fn, chaincode } = transaction;
  const sets = setsOf(transaction).map(reportSet);
  const own = sets.find((set) => set.chaincode === chaincode) as ReportedSet;
  const called = sets.filter((set) => set !== own);
  const isCut = sets.some(({ reads, ranges, writes }) => [reads, ranges, writes].some(isTooLong));
  return {
    txId,
    txNum,
    code,
    writer: creator,
    fn,
    ...cutSet(own),
    ...(called.length > 0 && { called: called.map(cutSet) }),
    ...(isCut && { isCut }),
  };
}

function reportSet({ chaincode, readWriteSet }: NamespaceSet): ReportedSet {
  const ranged = readWriteSet.ranges.flatMap((range) => range.reads);
  return {
    chaincode,
    reads: [...readWriteSet.reads, ...ranged].map(reportRead),
    ranges: readWriteSet.ranges.map(({ start, end }) => [start, end] as const),
    writes: readWriteSet.writes.map((write): string => write.key),
  };
}

const isTooLong = (all: readonly unknown[]): boolean => all.length > reportedKeysMax;
const keysIn = ({ reads, ranges, writes }: ReportedSet): number => reads.length + ranges.length + writes.length;

function cutSet({ chaincode, reads, ranges, writes }: ReportedSet): ReportedSet {
  const cut = <T>(all: readonly T[]): readonly T[] => all.slice(0, reportedKeysMax);
  return { chaincode, reads: cut(reads), ranges: cut(ranges), writes: cut(writes) };
}

function reportRead({ key, version }: KeyRead): ReportedRead {
  return version === undefined ? [key] : [key, version.blockNum, version.txNum];
}

export const blockReportExample: BlockReport = {
  channel: 'ehr',
  blockNum: 812,
  committedAtMs: 1_790_000_000_250,
  isLast: true,
  transactions: [
    {
      txId: '0d5f9c1f7a3e4b62',
      txNum: 0,
      code: 'VALID',
      writer: 'HospitalMSP',
      chaincode: 'medrex',
      fn: 'executeBatch',
      reads: [['cli~bed~w3~12', 790, 2], ['sys~op~5f0c2d7a9b1e4c3688d2f4a6e0b7c915']],
      ranges: [],
      writes: ['cli~bed~w3~12', 'sys~op~5f0c2d7a9b1e4c3688d2f4a6e0b7c915'],
    },
  ],
};
