import { describe, expect, it } from '@jest/globals';
import { authorKey, authorPolicyKey, operationRecordKey } from '@medrex/keys';
import { batchChaincode } from '../batch-chaincode.ts';
import type { Operation, OperationResult } from '../contract.ts';
import { parseStateValue } from '../state-value.ts';
import {
  anOperation,
  assetKey,
  assetOperation,
  assetTransfer,
  type CommittedState,
  contractThat,
  InMemoryStub,
  itemOf,
  runAlone,
  runBatch,
  TestAuthor,
} from '../testing/index.ts';
import {
  authorPolicyOf,
  authorsContract,
  decodeRegistry,
  registrationOf,
  revocationOf,
  type AuthorChange,
} from '../index.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });
const anne = new TestAuthor('dr-anne');

/** A ledger on which Fabric transactions run one after another. */
class Ledger {
  readonly state: CommittedState = new Map();
  #transactions = 0;

  run(operations: readonly Operation[], creator = 'Org1MSP', isAdministrator = false): Promise<OperationResult[]> {
    const stub = new InMemoryStub(this.state, `tx${(this.#transactions += 1)}`, creator, isAdministrator);
    return runBatch(chaincode, stub, operations.map(itemOf));
  }

  async change(asked: AuthorChange, { creator = 'Org1MSP', isAdministrator = true, time = '' } = {}) {
    const operation = anOperation({ ...asked, opId: `change ${this.#transactions}`, ...(time !== '' && { time }) });
    const [result] = await this.run([operation], creator, isAdministrator);
    return result as OperationResult;
  }

  async registry() {
    const { payload } = await chaincode.invoke(new InMemoryStub(this.state), 'readAuthors', []);
    return decodeRegistry(payload);
  }

  record(opId: string) {
    return parseStateValue(this.state.get(operationRecordKey(opId)));
  }
}

let numbers = 0;
const create = (over: Partial<Operation> = {}) => {
  const name = String((numbers += 1));
  return assetOperation({ do: 'create', asset: name, owner: 'ann', value: 7 }, { opId: name, ...over });
};
const ends = (results: readonly OperationResult[]) => results.map(({ code, author }) => [code, author]);

async function withAnne(policy?: 'off' | 'optional' | 'required'): Promise<Ledger> {
  const ledger = new Ledger();
  await ledger.change(registrationOf(anne.id, anne.publicKey));
  if (policy !== undefined) await ledger.change(authorPolicyOf('asset-transfer', policy));
  return ledger;
}

describe('the registry', () => {
  it('publishes id, key, status and since when', async () => {
    const ledger = new Ledger();
    const registered = await ledger.change(registrationOf(anne.id, anne.publicKey), { time: '2024-05-01T10:00:00Z' });
    await ledger.change(authorPolicyOf('asset-transfer', 'required'), { time: '2024-05-02T10:00:00Z' });
    await ledger.change(revocationOf(anne.id), { time: '2024-05-03T10:00:00Z' });
    const key = anne.publicKey.replace(/-----.*-----|\n/g, '');
    const author = { id: 'dr-anne', publicKey: key, since: '2024-05-01T10:00:00Z', organisation: 'Org1MSP' };
    expect(registered).toMatchObject({ status: 'applied', detail: { ...author, status: 'active' } });
    expect(await ledger.registry()).toEqual({
      authors: [{ ...author, status: 'revoked', revokedSince: '2024-05-03T10:00:00Z' }],
      policies: [
        {
          contract: 'asset-transfer',
          policy: 'required',
          since: '2024-05-02T10:00:00Z',
          organisation: 'Org1MSP',
        },
      ],
    });
  });

  it('is changed by administrators alone', async () => {
    const ledger = await withAnne();
    const before = new Map(ledger.state);
    for (const asked of [
      registrationOf('other', anne.publicKey),
      revocationOf(anne.id),
      authorPolicyOf('asset-transfer', 'off'),
    ])
      expect(await ledger.change(asked, { isAdministrator: false })).toMatchObject({ code: 'NOT_ADMINISTRATOR' });
    for (const key of [authorKey('other'), authorKey(anne.id), authorPolicyKey('asset-transfer')])
      expect(ledger.state.get(key)).toBe(before.get(key));
  });

  it('accepts every change again, without effect', async () => {
    const ledger = await withAnne('required');
    const again = { time: '2030-01-01T00:00:00Z' };
    const before = await ledger.registry();
    expect(await ledger.change(registrationOf(anne.id, anne.publicKey), again)).toMatchObject({ status: 'applied' });
    expect(await ledger.change(authorPolicyOf('asset-transfer', 'required'), again)).toMatchObject({ code: 'OK' });
    expect(await ledger.registry()).toEqual(before);
    await ledger.change(revocationOf(anne.id));
    const revoked = await ledger.registry();
    expect(await ledger.change(revocationOf(anne.id), again)).toMatchObject({ status: 'applied' });
    expect(await ledger.registry()).toEqual(revoked);
  });

  it.each([
    [
      'another key under the id',
      registrationOf(anne.id, new TestAuthor('x', 'ed25519').publicKey),
      'AUTHOR_KEY_DIFFERS',
    ],
    ['to revoke whom it does not know', revocationOf('nobody'), 'AUTHOR_NOT_FOUND'],
    ['an id that is none', registrationOf('Jane Doe', anne.publicKey), 'AUTHOR_INVALID'],
    ['a key that is none', registrationOf('other', 'secret'), 'AUTHOR_INVALID'],
    ['a policy that is none', { ...authorPolicyOf('x', 'off'), facts: { do: 'policy', contract: 'x', policy: 'y' } }, 'AUTHOR_INVALID'], // prettier-ignore
    ['an action that is none', { ...revocationOf(anne.id), facts: { do: 'forget', id: anne.id } }, 'AUTHOR_INVALID'],
  ])('refuses %s', async (_what, asked, code) => {
    const ledger = await withAnne();
    expect(await ledger.change(asked)).toMatchObject({ status: 'rejected', code });
    expect(await ledger.registry()).toMatchObject({ authors: [{ id: anne.id, status: 'active' }], policies: [] });
  });

  it('refuses a private key, of which Node would use the public half and the operation would contain all', async () => {
    const pem = anne.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    expect(await new Ledger().change(registrationOf('other', pem))).toMatchObject({ code: 'AUTHOR_INVALID' });
  });

  it('never reactivates a revoked author', async () => {
    const ledger = await withAnne();
    await ledger.change(revocationOf(anne.id));
    const again = await ledger.change(registrationOf(anne.id, anne.publicKey));
    expect(again).toMatchObject({ status: 'rejected', code: 'AUTHOR_IS_REVOKED' });
  });

  it("leaves an organisation's authors to its own administrators", async () => {
    const ledger = await withAnne();
    const other = { creator: 'Org2MSP' };
    for (const asked of [revocationOf(anne.id), registrationOf(anne.id, anne.publicKey)])
      expect(await ledger.change(asked, other)).toMatchObject({ code: 'OTHER_ORGANISATION' });
  });

  it.each([authorKey('dr-anne'), authorPolicyKey('ad-hoc')])('is closed to other contracts: %s', async (key) => {
    const { result } = await runAlone(
      contractThat((state) => state.put(key, Buffer.from('{}'))),
      [{ key, mode: 'write' }],
    );
    expect(result).toMatchObject({ status: 'dead', code: 'CONTRACT_ERROR' });
  });
});

describe('a signed operation', () => {
  it.each([
    ['ECDSA, r and s', anne, 'ieee-p1363'],
    ['ECDSA, DER', anne, 'der'],
    ['Ed25519', new TestAuthor('dr-ed', 'ed25519'), 'ieee-p1363'],
  ] as const)('is applied in its author’s name: %s', async (_what, author, encoding) => {
    const ledger = new Ledger();
    await ledger.change(registrationOf(author.id, author.publicKey));
    const plain = create();
    const message = 'cd'.repeat(32);
    const fields = { author: author.id, contract: plain.contract, message, time: plain.time };
    const signature = author.signature(fields, encoding);
    const [result] = await ledger.run([{ ...plain, author: { id: author.id, message, signature } }]);
    expect(result).toMatchObject({ status: 'applied', author: author.id });
    expect(ledger.record(plain.opId)).toMatchObject({ a: `signed by ${author.id}` });
  });

  it('keeps its author in the answer to a repeat, and in a rejection', async () => {
    const ledger = await withAnne();
    const first = anne.signed(create());
    const second = anne.signed({ ...first, opId: 'second' });
    const results = await ledger.run([first, second]);
    expect(ends(results)).toEqual([
      ['OK', anne.id],
      ['ASSET_EXISTS', anne.id],
    ]);
    expect(await ledger.run([first, second])).toEqual(results.map((result) => ({ ...result, isRepeat: true })));
  });

  it('is rejected with a reason, and writes nothing, when its author is unknown', async () => {
    const ledger = new Ledger();
    const signed = anne.signed(create());
    const [result] = await ledger.run([signed]);
    expect(result).toMatchObject({ status: 'rejected', code: 'AUTHOR_UNKNOWN', undeclared: [] });
    expect(ledger.state.has(assetKey(signed.opId))).toBe(false);
    expect(ledger.record(signed.opId)).toMatchObject({ a: 'attested by ingest', c: 'AUTHOR_UNKNOWN', s: 'rejected' });
  });

  it('is valid by its place between registration and revocation, in one Fabric transaction or several', async () => {
    const [before, between, behind] = [create(), create(), create()].map((one) => anne.signed(one));
    const register = anOperation({ ...registrationOf(anne.id, anne.publicKey), opId: 'register' });
    const revoke = anOperation({ ...revocationOf(anne.id), opId: 'revoke' });
    const order = [before, register, between, revoke, behind] as readonly Operation[];
    const together = await new Ledger().run(order, 'Org1MSP', true);
    const ledger = new Ledger();
    const apart: OperationResult[] = [];
    for (const one of order) apart.push(...(await ledger.run([one], 'Org1MSP', true)));
    const expected = [
      ['AUTHOR_UNKNOWN', undefined],
      ['OK', undefined],
      ['OK', anne.id],
      ['OK', undefined],
      ['AUTHOR_REVOKED', undefined],
    ];
    expect([ends(together), ends(apart)]).toEqual([expected, expected]);
  });

  it('reads the policy once and each author once, however many operations there are', async () => {
    const ledger = await withAnne();
    const stub = new InMemoryStub(ledger.state);
    await runBatch(chaincode, stub, [create(), anne.signed(create()), anne.signed(create())].map(itemOf));
    const registry = stub.reads.filter((key) => key.startsWith('sys~author'));
    expect(registry).toEqual([authorPolicyKey('asset-transfer'), authorKey(anne.id)]);
  });
});

describe('the policy of a contract', () => {
  const wrong = () => ({ ...anne.signed(create()), time: '2024-05-01T10:00:01.000Z' });

  it.each([
    [undefined, ['OK', undefined], ['OK', anne.id], ['SIGNATURE_INVALID', undefined]],
    ['off', ['OK', undefined], ['OK', undefined], ['OK', undefined]],
    ['optional', ['OK', undefined], ['OK', anne.id], ['SIGNATURE_INVALID', undefined]],
    ['required', ['SIGNATURE_REQUIRED', undefined], ['OK', anne.id], ['SIGNATURE_INVALID', undefined]],
  ] as const)('%s: unsigned, signed, wrongly signed', async (policy, ...expected) => {
    const ledger = await withAnne(policy);
    expect(ends(await ledger.run([create(), anne.signed(create()), wrong()]))).toEqual(expected);
  });

  it('applies to that contract only, and never to housekeeping and the registry', async () => {
    const ledger = await withAnne('required');
    for (const contract of ['housekeeping', authorsContract, 'other'])
      await ledger.change(authorPolicyOf(contract, 'required'));
    const prune = anOperation({ contract: 'housekeeping', facts: { do: 'prune', before: '2020-01-01' }, opId: 'p' });
    expect(ends(await ledger.run([prune]))).toEqual([['OK', undefined]]);
    expect(await ledger.change(revocationOf(anne.id))).toMatchObject({ status: 'applied' });
    await ledger.change(authorPolicyOf('asset-transfer', 'off'));
    expect(ends(await ledger.run([create()]))).toEqual([['OK', undefined]]);
  });

  it('that is unreadable requires signatures', async () => {
    const ledger = new Ledger();
    ledger.state.set(authorPolicyKey('asset-transfer'), Buffer.from('nonsense'));
    expect(ends(await ledger.run([create()]))).toEqual([['SIGNATURE_REQUIRED', undefined]]);
  });

  it('applies from its place within one Fabric transaction', async () => {
    const ledger = await withAnne();
    const policy = anOperation({ ...authorPolicyOf('asset-transfer', 'required'), opId: 'policy' });
    const results = await ledger.run([create(), policy, create()], 'Org1MSP', true);
    expect(ends(results).map(([code]) => code)).toEqual(['OK', 'OK', 'SIGNATURE_REQUIRED']);
  });
});
