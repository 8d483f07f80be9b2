import '@medrex/fabric-contract/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeResults } from '@medrex/execute-batch';
import {
  anOperation,
  assetOperation,
  assetTransfer,
  type CommittedState,
  InMemoryStub,
  TestAuthor,
} from '@medrex/execute-batch/testing';
import { type ContractServer, serveContracts } from '@medrex/fabric-contract';
import { freeAddress, RemoteChaincode } from '@medrex/fabric-contract/testing';
import { loadContracts } from './load-contracts.ts';
import { medrexContract } from './medrex-contract.ts';

let server: ContractServer;
let chaincode: RemoteChaincode;
let state: CommittedState;

beforeEach(async () => {
  state = new Map();
  const address = await freeAddress();
  const mayTouch = (creator: string, space: string): boolean => creator !== 'Org2MSP' || space !== 'financial';
  const contract = medrexContract({ contracts: [assetTransfer], mayTouch });
  server = await serveContracts([contract], { address, chaincodeId: 'medrex_1:abc' });
  chaincode = new RemoteChaincode({ address, batchMax: 1_000 });
});
afterEach(() => {
  chaincode.close();
  server.close();
});

let run = 0;
async function call(fn: string, args: readonly string[], creator = 'Org1MSP') {
  const stub = new InMemoryStub(state, `tx${(run += 1)}`, creator);
  const { status, message, payload } = await chaincode.invoke(
    stub,
    fn,
    args.map((arg) => Buffer.from(arg)),
  );
  if (status === 200) stub.commit();
  return { status, message, payload };
}

function json(action: Parameters<typeof assetOperation>[0], opId: string): string {
  const { bodies, ...rest } = assetOperation(action, { opId });
  return JSON.stringify({ ...rest, bodies: bodies.map((body) => Buffer.from(body).toString()) });
}

describe('the chaincode', () => {
  it('runs an operation given as JSON, and only once', async () => {
    const operation = json({ do: 'create', asset: 'a1', owner: 'ann', value: 3 }, 'op1');
    const [first] = decodeResults((await call('applyOperation', [operation])).payload);
    expect(first).toMatchObject({ status: 'applied', detail: { asset: 'a1' } });
    const [again] = decodeResults((await call('applyOperation', [operation])).payload);
    expect(again).toMatchObject({ status: 'applied', isRepeat: true, txId: first!.txId });
  });

  it('checks the author of an operation given as JSON', async () => {
    const operation = new TestAuthor('dr-1').signed(
      assetOperation({ do: 'create', asset: 'a1', owner: 'ann', value: 3 }, { opId: 'op1' }),
    );
    const given = JSON.stringify({ ...operation, bodies: [] });
    const [result] = decodeResults((await call('applyOperation', [given])).payload);
    expect(result).toMatchObject({ status: 'rejected', code: 'AUTHOR_UNKNOWN' });
  });

  it('refuses JSON that is not an operation', async () => {
    const author = { id: 'Jane Doe', message: '', signature: '' };
    const wrong = JSON.stringify({ ...anOperation(), bodies: [], author });
    for (const text of ['{"opId":"x"}', wrong])
      expect(await call('applyOperation', [text])).toMatchObject({ status: 500 });
    expect([...state]).toEqual([]);
  });

  it('returns the range below a prefix page by page', async () => {
    for (const asset of ['a1', 'a2', 'a3', 'a4', 'a5'])
      await call('applyOperation', [json({ do: 'create', asset, owner: 'ann', value: 1 }, `op-${asset}`)]);
    const pages: string[][] = [];
    let bookmark = '';
    do {
      const { payload } = await call('range', ['fin~asset', '2', bookmark]);
      const page = JSON.parse(Buffer.from(payload).toString()) as {
        readonly entries: readonly { readonly key: string }[];
        readonly bookmark: string;
      };
      pages.push(page.entries.map(({ key }) => key));
      bookmark = page.bookmark;
    } while (bookmark !== '');
    expect(pages).toEqual([['fin~asset~a1', 'fin~asset~a2'], ['fin~asset~a3', 'fin~asset~a4'], ['fin~asset~a5']]);
  });

  it.each([
    ['whole-state', 'fin', '2', /RANGE_REFUSED/],
    ['oversized', 'fin~asset', '5000', /RANGE_REFUSED/],
  ])('refuses a %s page', async (_what, prefix, size, message) => {
    expect(await call('range', [prefix, size, ''])).toMatchObject({
      status: 500,
      message: expect.stringMatching(message),
    });
  });

  it('enforces which key spaces an organisation may touch, in queries and in operations', async () => {
    const denied = { status: 500, message: expect.stringMatching(/^ACCESS_DENIED/) };
    expect(await call('range', ['fin~asset', '2', ''], 'Org2MSP')).toMatchObject(denied);
    expect(await call('get', ['fin~asset~a1'], 'Org2MSP')).toMatchObject(denied);
    const operation = json({ do: 'create', asset: 'a1', owner: 'ann', value: 3 }, 'op2');
    const [result] = decodeResults((await call('applyOperation', [operation], 'Org2MSP')).payload);
    expect(result).toMatchObject({ status: 'rejected', code: 'ACCESS_DENIED' });
  });
});

describe('its contracts', () => {
  it('are loaded by module and export, and anything else is refused', async () => {
    expect((await loadContracts(['@medrex/clinical#clinicalContract'])).map(({ name }) => name)).toEqual(['clinical']);
    const refused = { code: 'CHAINCODE_CONTRACT_MODULE' };
    await expect(loadContracts(['@medrex/clinical#linesOf'])).rejects.toMatchObject(refused);
    await expect(loadContracts(['no-such-module#x'])).rejects.toMatchObject(refused);
  });
});
