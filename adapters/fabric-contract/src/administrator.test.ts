import './testing/quiet-shim.ts';
import { afterEach, describe, expect, it } from '@jest/globals';
import { decodeRegistry, decodeResults, encodeOperation, operationItem, registrationOf } from '@medrex/execute-batch';
import { anOperation, type CommittedState, InMemoryStub, TestAuthor } from '@medrex/execute-batch/testing';
import { serveContracts } from './serve-contracts.ts';
import { AssetTransfer } from './testing/asset-transfer-contract.ts';
import { adminCertificate, attributeCertificate, clientCertificate } from './testing/certificates.ts';
import { freeAddress } from './testing/free-address.ts';
import { RemoteChaincode } from './testing/remote-chaincode.ts';
import { withExecuteBatch } from './with-execute-batch.ts';

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

/** Registers an author with a certificate, and says what became of it. */
async function registerAs(certificate: string) {
  const address = await freeAddress();
  const server = await serveContracts([withExecuteBatch(AssetTransfer)], { address, chaincodeId: 'assets_1:abc' });
  const chaincode = new RemoteChaincode({ address, certificate });
  open.push(
    () => chaincode.close(),
    () => server.close(),
  );
  const state: CommittedState = new Map();
  const stub = new InMemoryStub(state);
  const registration = anOperation(registrationOf('dr-anne', new TestAuthor('dr-anne').publicKey));
  const { payload } = await chaincode.invoke(stub, 'executeBatch', [operationItem(encodeOperation(registration))]);
  stub.commit();
  const [result] = decodeResults(payload);
  const registry = await chaincode.invoke(new InMemoryStub(state, 'tx2'), 'readAuthors', []);
  return { code: result?.code, authors: decodeRegistry(registry.payload).authors.map(({ id }) => id) };
}

describe('an administrator', () => {
  it.each([
    ['of the unit admin', adminCertificate, { code: 'OK', authors: ['dr-anne'] }],
    ['by an attribute of its CA', attributeCertificate, { code: 'OK', authors: ['dr-anne'] }],
    ['which a client is not', clientCertificate, { code: 'NOT_ADMINISTRATOR', authors: [] }],
  ])('%s', async (_what, certificate, expected) => {
    expect(await registerAs(certificate)).toEqual(expected);
  });
});
