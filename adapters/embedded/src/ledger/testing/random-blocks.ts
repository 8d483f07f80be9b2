import { validateBlock, type Block, type CommittedBlock, type KeyWrite } from '@medrex/ledger';
import fc from 'fast-check';

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
const value = fc.uint8Array({ minLength: 1, maxLength: 40 });
const write = fc.record({ key: fc.constantFrom(...keys), value: fc.option(value, { nil: undefined }) });

/** Writes of the transactions of some blocks; some transactions are invalid. */
export const someBlocks = fc.array(
  fc.array(fc.record({ writes: fc.array(write, { maxLength: 4 }), isBroken: fc.boolean() }), { maxLength: 3 }),
  { minLength: 1, maxLength: 15 },
);
type SomeBlocks = typeof someBlocks extends fc.Arbitrary<infer T> ? T : never;

export const stateKeys: readonly string[] = keys;

/** Those blocks as a peer would append them from a number on: blind writes, so all but the invalid ones are VALID. */
export function committedBlocks(blocks: SomeBlocks, from = 0): CommittedBlock[] {
  return blocks.map((transactions, at) => {
    const number = from + at;
    const ordered = transactions.map(({ writes, isBroken }, txNum) => ({
      txId: `t${number}-${txNum}`,
      chaincode: 'cc',
      readWriteSet: { reads: [], ranges: [], writes: writes as KeyWrite[] },
      verdict: isBroken ? ('BAD_RWSET' as const) : ('VALID' as const),
    }));
    const { codes, updates } = validateBlock(number, ordered, nothingCommitted);
    const block: Block = {
      channel: 'ehr',
      number,
      transactions: ordered.map(({ txId, chaincode, readWriteSet }, txNum) => ({
        txId,
        txNum,
        code: codes[txNum] ?? 'NOT_VALIDATED',
        creator: 'Org1MSP',
        chaincode,
        fn: 'put',
        readWriteSet,
        payload: Buffer.from(txId),
      })),
    };
    return { block, updates };
  });
}

const nothingCommitted = { version: () => undefined, range: () => [], hasTransaction: () => false };
