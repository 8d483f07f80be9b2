import {
  validationCodes,
  type Block,
  type CommittedTransaction,
  type KeyRead,
  type ValidationCode,
} from '@medrex/ledger';
import { z } from 'zod';
import { jsonCodec } from './json-codec.ts';
import { epochMs, wholeNumber } from './schemas.ts';

/** A key and the version it was read at: [key, block number, transaction number], or [key] when it was absent. */
export type ReportedRead = readonly [key: string] | readonly [key: string, blockNum: number, txNum: number];

/** What one transaction of a block did to the state, whoever sent it. Keys and versions only, never a value. */
export interface ReportedTransaction {
  readonly txId: string;
  readonly txNum: number;
  readonly code: ValidationCode;
  /** MSP id of the client that sent it. */
  readonly writer: string;
  readonly chaincode: string;
  readonly fn: string;
  readonly reads: readonly ReportedRead[];
  /** Range queries, as [start, end]; what they returned stands in `reads`. */
  readonly ranges: readonly (readonly [start: string, end: string])[];
  readonly writes: readonly string[];
  /** Set when it has more keys than `reportedKeysMax`: the rest is left out. */
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

/** Keys of one kind that are reported of one transaction; one with more says so with `isCut`. */
export const reportedKeysMax = 10_000;

/** Keys that one record of the `blocks` topic carries at most, so that it stays far below the record limit (a key is some 80 bytes). */
const keysPerReport = 30_000;

const codes = Object.keys(validationCodes) as [ValidationCode, ...ValidationCode[]];

const reportedTransaction = z.object({
  txId: z.string(),
  txNum: wholeNumber,
  code: z.enum(codes),
  writer: z.string(),
  chaincode: z.string(),
  fn: z.string(),
  reads: z.array(z.union([z.tuple([z.string()]), z.tuple([z.string(), wholeNumber, wholeNumber])])),
  ranges: z.array(z.tuple([z.string(), z.string()])),
  writes: z.array(z.string()),
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

/** What the `blocks` topic says of a block: usually one report, several when the block has very many keys; never none. */
export function reportBlock(block: Block, committedAtMs: number): BlockReport[] {
  const parts: ReportedTransaction[][] = [[]];
  let keys = 0;
  for (const transaction of block.transactions.map(reportTransaction)) {
    const own = transaction.reads.length + transaction.ranges.length + transaction.writes.length;
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
  const { txId, txNum, code, creator, chaincode, fn, readWriteSet } = transaction;
  const ranged = readWriteSet.ranges.flatMap((range) => range.reads);
  const reads = [...readWriteSet.reads, ...ranged].map(reportRead);
  const ranges = readWriteSet.ranges.map(({ start, end }) => [start, end] as const);
  const writes = readWriteSet.writes.map((write): string => write.key);
  const cut = <T>(all: readonly T[]): readonly T[] => all.slice(0, reportedKeysMax);
  const isCut = [reads, ranges, writes].some((all) => all.length > reportedKeysMax);
  return {
    ...{ txId, txNum, code, writer: creator, chaincode, fn },
    ...{ reads: cut(reads), ranges: cut(ranges), writes: cut(writes) },
    ...(isCut && { isCut }),
  };
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
