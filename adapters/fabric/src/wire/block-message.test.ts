import { describe, expect, it } from '@jest/globals';
import { common } from '@hyperledger/fabric-protos';
import { lifecycleKey } from '@medrex/ledger';
import { recordings } from '../testing/golden.ts';
import { blockOf } from './block-message.ts';

describe.each(recordings())('a block recorded on Fabric $fabric', ({ block, tag }) => {
  const of = (name: string) => blockOf('ehr', block(name)).transactions;
  const definition = { key: lifecycleKey('kv'), version: { blockNum: 2, txNum: 0 } };

  it('contains the writers, their writes, and the answers of the chaincode', () => {
    const [transaction, ...others] = of('put');
    expect(others).toEqual([]);
    expect(transaction).toMatchObject({ txNum: 0, code: 'VALID', creator: 'Org1MSP', chaincode: 'kv', fn: 'put' });
    expect(transaction?.txId).toMatch(/^[0-9a-f]{64}$/);
    expect(transaction?.readWriteSet).toEqual({
      reads: [definition],
      ranges: [],
      writes: [{ key: `${tag}a`, value: new Uint8Array(Buffer.from('1')) }],
    });
    expect(Buffer.from(transaction?.payload ?? []).toString()).toBe('"put"');
  });

  it('has the code of each transaction', () => {
    expect(of('conflict').map(({ txNum, code }) => [txNum, code])).toEqual([
      [0, 'VALID'],
      [1, 'MVCC_READ_CONFLICT'],
    ]);
  });

  it('distinguishes a delete from a write', () => {
    expect(of('delete')[0]?.readWriteSet.writes).toEqual([{ key: `${tag}a`, value: undefined }]);
  });

  it('contains the lines of a short range, and the digest of a long one', () => {
    const [short] = of('shortRange')[0]?.readWriteSet.ranges ?? [];
    expect(short).toMatchObject({ start: `${tag}r000`, end: `${tag}r003`, isExhausted: true });
    expect(short?.reads.map(({ key }) => key)).toEqual(['r000', 'r001', 'r002'].map((key) => tag + key));
    const [long] = of('longRange')[0]?.readWriteSet.ranges ?? [];
    expect(long).toMatchObject({ start: `${tag}r`, end: `${tag}s`, isExhausted: true, reads: [] });
    expect(long?.digest).toMatch(/^\d+:[0-9a-f]{64}/);
  });

  it('has the definition of a chaincode under the key that every transaction reads', () => {
    const [transaction] = of('definition');
    expect(transaction).toMatchObject({ chaincode: '_lifecycle', fn: 'CommitChaincodeDefinition', code: 'VALID' });
    expect(transaction?.readWriteSet.writes.map(({ key }) => key)).toContain(lifecycleKey('kv'));
    expect(transaction?.readWriteSet.writes.every(({ key }) => key.startsWith('_'))).toBe(true);
  });

  it('shows a configuration as a transaction without keys', () => {
    const [transaction] = of('config');
    expect(transaction).toMatchObject({ code: 'VALID', chaincode: '', fn: '' });
    expect(transaction?.readWriteSet).toEqual({ reads: [], ranges: [], writes: [] });
  });
});

describe('a block with unreadable envelopes', () => {
  const [golden] = recordings();
  const written = golden?.block('put').getData()?.getDataList_asU8()[0] ?? new Uint8Array(0);

  it('keeps their positions and codes', () => {
    const cut = written.slice(0, written.length - 1_000);
    const block = blockWith([new Uint8Array([0xff, 0xff]), new Uint8Array(0), cut, written], [4, 1, 22, 0]);
    const { transactions } = blockOf('ehr', block);
    expect(transactions.map(({ txNum, code }) => [txNum, code])).toEqual([
      [0, 'BAD_CREATOR_SIGNATURE'],
      [1, 'NIL_ENVELOPE'],
      [2, 'BAD_RWSET'],
      [3, 'VALID'],
    ]);
    expect(transactions.map(({ chaincode }) => chaincode)).toEqual(['', '', '', 'kv']);
  });

  it('treats a transaction without a code as not validated', () => {
    expect(blockOf('ehr', blockWith([written], [])).transactions[0]?.code).toBe('NOT_VALIDATED');
  });

  it('does not treat an unknown code as valid', () => {
    expect(blockOf('ehr', blockWith([written], [77])).transactions[0]?.code).toBe('INVALID_OTHER_REASON');
  });
});

function blockWith(envelopes: Uint8Array[], codes: number[]): common.Block {
  const data = new common.BlockData();
  data.setDataList(envelopes);
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList([new Uint8Array(0), new Uint8Array(0), new Uint8Array(codes)]);
  const block = new common.Block();
  block.setHeader(new common.BlockHeader());
  block.setData(data);
  block.setMetadata(metadata);
  return block;
}
