import { describe, expect, it } from '@jest/globals';
import type { OperationResult } from '@medrex/execute-batch';
import {
  authorKey,
  authorPolicyKey,
  operationRecordKey,
  stateKey,
  type AccessMode,
  type DeclaredKey,
  type StateKey,
} from '@medrex/keys';
import type { ReadWriteSet } from '@medrex/ledger';
import { checkEndorsement } from './endorsement-check.ts';
import type { LiveOperation } from './live-operation.ts';

const key = (name: string): StateKey => stateKey('clinical', 'bed', name);
const declared = (mode: AccessMode, name: string): DeclaredKey => ({ key: key(name), mode });

function anOperation(opId: string, keys: readonly DeclaredKey[]): LiveOperation {
  const own = { key: operationRecordKey(opId), mode: 'readWrite' } as const;
  return {
    seq: Number(opId),
    opId,
    sourceHash: 'h',
    sealedName: 's',
    item: 0,
    class: 'clinical',
    keys: [...keys, own],
    bytes: new Uint8Array(),
    day: '2024-05-01',
    acceptedAtMs: 0,
    admittedAtMs: 0,
  };
}

const result = (opId: string, undeclared: readonly DeclaredKey[] = []): OperationResult => ({
  opId,
  sourceHash: 'h',
  status: 'applied',
  code: 'OK',
  txId: 't',
  undeclared,
});

const touched = ({
  reads = [],
  writes = [],
  ranges = [],
}: {
  reads?: StateKey[];
  writes?: StateKey[];
  ranges?: ReadWriteSet['ranges'];
}): ReadWriteSet => ({
  reads: reads.map((read) => ({ key: read, version: undefined })),
  ranges,
  writes: writes.map((write) => ({ key: write, value: new Uint8Array() })),
});

describe('checkEndorsement', () => {
  const operation = anOperation('1', [declared('read', 'a'), declared('write', 'b')]);

  it('covers declared keys, operation records, and reads of channel data', () => {
    const record = operationRecordKey('1');
    const ofChannel = ['_lifecycle/medrex' as StateKey, authorKey('dr-1'), authorPolicyKey('clinical')];
    const set = touched({ reads: [key('a'), record, ...ofChannel], writes: [key('b'), record] });
    expect(checkEndorsement([operation], [result('1')], set)).toEqual({ kind: 'covered', discoveries: [] });
  });

  it('returns the undeclared keys listed by a result', () => {
    const found = [declared('readWrite', 'c')];
    const set = touched({ reads: [key('c')], writes: [key('c')] });
    expect(checkEndorsement([operation], [result('1', found)], set)).toEqual({
      kind: 'covered',
      discoveries: [{ seq: 1, keys: found }],
    });
  });

  it.each([
    ['a read of a key declared for blind writes', { reads: [key('b')] }, [key('b')]],
    ['a write of a key declared for reading', { writes: [key('a')] }, [key('a')]],
    ['a key nobody declared', { reads: [key('z')] }, [key('z')]],
    ["another operation's record", { writes: [operationRecordKey('2')] }, [operationRecordKey('2')]],
    ['a write into the registry of authors', { writes: [authorKey('dr-1')] }, [authorKey('dr-1')]],
    ['a range', { ranges: [{ start: 'cli~', end: 'cli~~', isExhausted: true, reads: [] }] }, ['[cli~, cli~~)']],
  ])('does not cover %s', (_what, set, keys) => {
    expect(checkEndorsement([operation], [result('1')], touched(set))).toEqual({ kind: 'uncovered', keys });
  });

  it('requires one result per operation, in order', () => {
    const other = anOperation('2', []);
    expect(checkEndorsement([operation, other], [result('1')], touched({})).kind).toBe('unfinished');
    expect(checkEndorsement([operation, other], [result('2'), result('1')], touched({})).kind).toBe('unfinished');
    expect(checkEndorsement([operation, other], [result('1'), result('2')], touched({})).kind).toBe('covered');
  });
});
