import { describe, expect, it } from '@jest/globals';
import type { StateKey } from '@medrex/keys';
import type { ReadWriteSet, Version } from './ledger.ts';
import { lifecycleKey, lifecycleNamespace } from './lifecycle.ts';
import { validateBlock, type CommittedState, type OrderedTransaction } from './validate-block.ts';

const k = (text: string): StateKey => text as StateKey;
const at = (blockNum: number, txNum = 0): Version => ({ blockNum, txNum });

function committed(versions: Readonly<Record<string, Version>>, txIds: readonly string[] = []): CommittedState {
  return {
    version: (namespace, key) => versions[`${namespace} ${key}`],
    range: () => [],
    hasTransaction: (txId) => txIds.includes(txId),
  };
}

function tx(txId: string, sets: Partial<ReadWriteSet> & { chaincode?: string } = {}): OrderedTransaction {
  const { chaincode = 'cc', reads = [], ranges = [], writes = [] } = sets;
  return { txId, chaincode, readWriteSet: { reads, ranges, writes } };
}

const write = (key: string) => ({ key: k(key), value: new Uint8Array([1]) });

describe('validateBlock', () => {
  it('gives each write the version of its position, invalid transactions counted', () => {
    const stale = tx('t1', { reads: [{ key: k('a'), version: at(1) }], writes: [write('z')] });
    const { codes, updates } = validateBlock(
      7,
      [tx('t0', { writes: [write('x')] }), stale, tx('t2', { writes: [write('y')] })],
      committed({ 'cc a': at(2) }),
    );
    expect(codes).toEqual(['VALID', 'MVCC_READ_CONFLICT', 'VALID']);
    expect([...updates.of('cc')].map(([key, { version }]) => [key, version])).toEqual([
      ['x', at(7, 0)],
      ['y', at(7, 2)],
    ]);
  });

  it('conflicts with any earlier write of the block, though the committed version is the one read', () => {
    const reader = tx('t1', { reads: [{ key: k('a'), version: at(2) }] });
    const { codes } = validateBlock(3, [tx('t0', { writes: [write('a')] }), reader], committed({ 'cc a': at(2) }));
    expect(codes).toEqual(['VALID', 'MVCC_READ_CONFLICT']);
  });

  it('keeps the namespaces of two chaincodes apart', () => {
    const other = tx('t1', { chaincode: 'other', reads: [{ key: k('a'), version: undefined }] });
    const { codes } = validateBlock(3, [tx('t0', { writes: [write('a')] }), other], committed({ 'cc a': at(2) }));
    expect(codes).toEqual(['VALID', 'VALID']);
  });

  it('invalidates transactions simulated on an older definition, also within the block of the upgrade', () => {
    const definition = lifecycleKey('cc');
    const read = (version: Version) => tx(`read at ${version.blockNum}`, { reads: [{ key: definition, version }] });
    const upgrade = tx('up', {
      chaincode: lifecycleNamespace,
      writes: [{ key: definition, value: new Uint8Array([2]) }],
    });
    const state = committed({ [`${lifecycleNamespace} ${definition}`]: at(4) });
    const { codes } = validateBlock(5, [read(at(0)), read(at(4)), upgrade, { ...read(at(4)), txId: 'after' }], state);
    expect(codes).toEqual(['MVCC_READ_CONFLICT', 'VALID', 'VALID', 'MVCC_READ_CONFLICT']);
  });

  it('names a known id before it looks at policies and state', () => {
    const known = {
      ...tx('t0', { reads: [{ key: k('a'), version: at(9) }] }),
      verdict: 'ENDORSEMENT_POLICY_FAILURE' as const,
    };
    expect(validateBlock(3, [known], committed({}, ['t0'])).codes).toEqual(['DUPLICATE_TXID']);
  });

  it('names a malformed message before it looks for its id', () => {
    const malformed = { ...tx('t0'), verdict: 'BAD_PROPOSAL_TXID' as const };
    expect(validateBlock(3, [malformed], committed({}, ['t0'])).codes).toEqual(['BAD_PROPOSAL_TXID']);
  });

  it('reserves the id for the valid copy if a broken one precedes it', () => {
    const broken = { ...tx('t0'), verdict: 'BAD_CREATOR_SIGNATURE' as const };
    const { codes } = validateBlock(3, [broken, tx('t0'), tx('t0')], committed({}));
    expect(codes).toEqual(['BAD_CREATOR_SIGNATURE', 'VALID', 'DUPLICATE_TXID']);
  });

  it('gives the id to the first copy even when MVCC then fails it', () => {
    const stale = tx('t0', { reads: [{ key: k('a'), version: at(1) }] });
    expect(validateBlock(3, [stale, tx('t0')], committed({})).codes).toEqual(['MVCC_READ_CONFLICT', 'DUPLICATE_TXID']);
  });

  it('names the read conflict when a range fails as well', () => {
    const range = { start: 'a', end: 'z', isExhausted: true, reads: [{ key: k('b'), version: at(1) }] };
    const both = tx('t0', { reads: [{ key: k('a'), version: at(1) }], ranges: [range] });
    expect(validateBlock(3, [both], committed({})).codes).toEqual(['MVCC_READ_CONFLICT']);
  });
});
