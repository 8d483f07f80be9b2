import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { aPatient, Clinic } from '@medrex/clinical/testing';
import { describeReal } from '@medrex/contracts/testing';
import {
  authorPolicyOf,
  decodeRecord,
  decodeRegistry,
  registrationOf,
  revocationOf,
  type AuthorChange,
  type Operation,
} from '@medrex/execute-batch';
import { anOperation, itemOf, TestAuthor } from '@medrex/execute-batch/testing';
import { administratorOf } from '@medrex/fabric/testing';
import { authorKey } from '@medrex/keys';
import { LedgerClient } from './testing/ledger-client.ts';

describeReal('FABRIC', 'authors on real peers', suite);
describeReal('DEVNET', 'authors on the development network', suite);

function suite(profile: string): void {
  let client: LedgerClient;
  let administrator: LedgerClient;
  beforeAll(async () => {
    client = await LedgerClient.open(profile);
    administrator = await LedgerClient.open(profile, administratorOf(profile, 'Org1'));
  });
  afterAll(async () => {
    await client.close();
    await administrator.close();
  });

  const run = randomBytes(6).toString('hex');
  let numbers = 0;
  const opId = () => randomBytes(16).toString('hex');

  const itemOfChange = (change: AuthorChange) => itemOf(anOperation({ ...change, opId: opId() }));
  const change = async (by: LedgerClient, asked: AuthorChange) => {
    const [result] = await by.batch([itemOfChange(asked)]);
    return result?.code;
  };
  /** A new patient with a random pseudonym. */
  const create = async (): Promise<Operation> => {
    const value = `${run}-${(numbers += 1)}`;
    const { operations } = await new Clinic().translate(aPatient({ identifier: [{ system: 'urn:mrn', value }] }));
    return { ...(operations[0] as Operation), opId: opId() };
  };
  const ends = async (operations: readonly Operation[]) =>
    (await client.batch(operations.map(itemOf))).map(({ code, author }) => [code, author]);

  it('can only be registered by an administrator of their organisation', async () => {
    const author = new TestAuthor(`dr-${run}-a`);
    const registration = registrationOf(author.id, author.publicKey);
    expect(await change(client, registration)).toBe('NOT_ADMINISTRATOR');
    expect(await change(administrator, registration)).toBe('OK');
    expect(await change(client, revocationOf(author.id))).toBe('NOT_ADMINISTRATOR');
    const { payload } = await client.evaluate('readAuthors', []);
    const found = decodeRegistry(payload).authors.find(({ id }) => id === author.id);
    expect(found).toMatchObject({ status: 'active', organisation: 'Org1MSP' });
  });

  it.each(['ec', 'ed25519'] as const)('have their %s signatures checked on the ledger', async (type) => {
    const author = new TestAuthor(`dr-${run}-${type}`, type);
    const before = author.signed(await create());
    expect(await ends([before])).toEqual([['AUTHOR_UNKNOWN', undefined]]);
    await change(administrator, registrationOf(author.id, author.publicKey));
    const signed = author.signed(await create());
    const moved = { ...author.signed(await create()), time: '2026-01-05T09:00:01Z' };
    expect(await ends([signed, moved, await create()])).toEqual([
      ['OK', author.id],
      ['SIGNATURE_INVALID', undefined],
      ['OK', undefined],
    ]);
    const { payload } = await client.evaluate('readRecord', [Buffer.from(signed.opId)]);
    expect(decodeRecord(payload)).toMatchObject({ status: 'applied', author: author.id });
    await change(administrator, revocationOf(author.id));
    expect(await ends([author.signed(await create())])).toEqual([['AUTHOR_REVOKED', undefined]]);
  });

  it('invalidate an endorsed transaction when they are revoked before its block', async () => {
    const author = new TestAuthor(`dr-${run}-late`);
    await change(administrator, registrationOf(author.id, author.publicKey));
    const signed = author.signed(await create());
    const endorsed = await client.endorse('executeBatch', [itemOf(signed)]);
    expect(endorsed.readWriteSet.reads.map(({ key }) => key)).toContain(authorKey(author.id));
    await change(administrator, revocationOf(author.id));
    expect((await client.commit(endorsed)).code).toBe('MVCC_READ_CONFLICT');
    expect(await ends([signed])).toEqual([['AUTHOR_REVOKED', undefined]]);
  });

  it('are required where the policy of a contract says so', async () => {
    const author = new TestAuthor(`dr-${run}-p`);
    await change(administrator, registrationOf(author.id, author.publicKey));
    expect(await change(client, authorPolicyOf('clinical', 'required'))).toBe('NOT_ADMINISTRATOR');
    await change(administrator, authorPolicyOf('clinical', 'required'));
    try {
      expect(await ends([await create(), author.signed(await create())])).toEqual([
        ['SIGNATURE_REQUIRED', undefined],
        ['OK', author.id],
      ]);
    } finally {
      await change(administrator, authorPolicyOf('clinical', 'optional'));
    }
    expect(await ends([await create()])).toEqual([['OK', undefined]]);
  });
}
