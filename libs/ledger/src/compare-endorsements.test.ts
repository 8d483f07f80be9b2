import { describe, expect, it } from '@jest/globals';
import type { StateKey } from '@medrex/keys';
import { compareEndorsements, type EndorserAnswer } from './compare-endorsements.ts';
import type { ReadWriteSet } from './ledger.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const read = (key: string, blockNum?: number) => ({
  key: key as StateKey,
  version: blockNum === undefined ? undefined : { blockNum, txNum: 0 },
});
const write = (key: string, value?: string) => ({
  key: key as StateKey,
  value: value === undefined ? undefined : bytes(value),
});

function answer(sets: Partial<ReadWriteSet> & { version?: string; status?: number; payload?: string }): EndorserAnswer {
  const { reads = [], ranges = [], writes = [], called = [], version = '1', status = 200, payload = '' } = sets;
  const response = { status, message: '', payload: bytes(payload) };
  return {
    organisation: 'Org1MSP',
    chaincodeVersion: version,
    response,
    readWriteSet: { reads, ranges, writes, called },
  };
}

const range = (end: string, reads: ReturnType<typeof read>[]) => ({ start: 'a', end, isExhausted: true, reads });

const calledWith = (line: ReturnType<typeof read>) => ({
  chaincode: 'other',
  readWriteSet: { reads: [line], ranges: [], writes: [] },
});

describe('compareEndorsements', () => {
  it.each([
    {
      what: 'nothing to say about equal answers, in whatever order they read',
      one: answer({ reads: [read('a', 1), read('b')], writes: [write('a', 'x'), write('b')] }),
      other: answer({ reads: [read('b'), read('a', 1)], writes: [write('a', 'x'), write('b')] }),
      kind: undefined,
    },
    { what: 'refusals that agree', one: answer({ status: 409 }), other: answer({ status: 500 }), kind: undefined },
    {
      what: 'heights: another version read, whatever was written',
      one: answer({ reads: [read('a', 1)], writes: [write('a', 'x')] }),
      other: answer({ reads: [read('a', 2)], writes: [write('a', 'y')] }),
      kind: 'versions',
    },
    {
      what: 'heights: a key that is there for one only',
      one: answer({ reads: [read('a', 1)] }),
      other: answer({ reads: [read('a')] }),
      kind: 'versions',
    },
    {
      what: 'heights: a range with another line',
      one: answer({ ranges: [range('z', [read('b', 1)])] }),
      other: answer({ ranges: [range('z', [])] }),
      kind: 'versions',
    },
    {
      what: 'heights: a called chaincode that read another version',
      one: answer({ called: [calledWith(read('a', 1))], writes: [write('a', 'x')] }),
      other: answer({ called: [calledWith(read('a', 2))], writes: [write('a', 'y')] }),
      kind: 'versions',
    },
    {
      what: 'heights: a long range with another digest',
      one: answer({ ranges: [{ ...range('z', []), digest: '1:aa' }] }),
      other: answer({ ranges: [{ ...range('z', []), digest: '1:ab' }] }),
      kind: 'versions',
    },
    {
      what: 'heights: another chaincode version',
      one: answer({ writes: [write('a', 'x')] }),
      other: answer({ version: '2', writes: [write('a', 'y')] }),
      kind: 'versions',
    },
    { what: 'a refusal on one side', one: answer({ status: 500 }), other: answer({}), kind: 'refusal' },
    {
      what: 'nondeterminism: equal reads, another value',
      one: answer({ reads: [read('a', 1)], writes: [write('a', 'x')] }),
      other: answer({ reads: [read('a', 1)], writes: [write('a', 'y')] }),
      kind: 'nondeterminism',
    },
    {
      what: 'nondeterminism: a write on one side only',
      one: answer({ writes: [write('a', 'x')] }),
      other: answer({ writes: [write('a', 'x'), write('b', 'x')] }),
      kind: 'nondeterminism',
    },
    {
      what: 'nondeterminism: a delete in place of a write',
      one: answer({ writes: [write('a', '')] }),
      other: answer({ writes: [write('a')] }),
      kind: 'nondeterminism',
    },
    {
      what: 'nondeterminism: equal versions, another key read',
      one: answer({ reads: [read('a', 1), read('b')] }),
      other: answer({ reads: [read('a', 1), read('c')] }),
      kind: 'nondeterminism',
    },
    {
      what: 'nondeterminism: another range asked',
      one: answer({ ranges: [range('y', [])] }),
      other: answer({ ranges: [range('z', [])] }),
      kind: 'nondeterminism',
    },
    {
      what: 'nondeterminism: another payload',
      one: answer({ payload: 'a' }),
      other: answer({ payload: 'b' }),
      kind: 'nondeterminism',
    },
  ])('finds $what', ({ one, other, kind }) => {
    const third = { ...other, organisation: 'Org2MSP' };
    expect(compareEndorsements([one, one, third])?.kind).toBe(kind);
    expect(compareEndorsements([third, one])?.kind).toBe(kind);
    if (kind !== undefined) expect(compareEndorsements([one, third])?.organisations).toEqual(['Org1MSP', 'Org2MSP']);
  });
});
