import type { Contract } from '@hyperledger/fabric-gateway';
import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DevelopmentNetwork } from './development-network.ts';
import { policyMessage } from './policy/policy-message.ts';
import { parsePolicy } from './policy/policy-text.ts';
import { GatewayClient } from './testing/gateway-client.ts';
import { serveAssets, type ServedContract } from './testing/serve-contract.ts';

const { TxValidationCode } = peer;

describe('a development network of two organisations whose policy names both', () => {
  let served: ServedContract;
  let network: DevelopmentNetwork;
  let client: GatewayClient;
  let contract: Contract;
  const directory = mkdtempSync(join(tmpdir(), 'medrex-devnet-test-'));

  beforeAll(async () => {
    served = await serveAssets();
    await open();
  });

  afterAll(async () => {
    await close();
    await served.stop();
    rmSync(directory, { recursive: true });
  });

  async function open(): Promise<void> {
    const policy = parsePolicy("AND('Org1MSP.peer','Org2MSP.peer')");
    network = await DevelopmentNetwork.start({
      directory,
      organisations: 2,
      chaincodes: [{ name: 'basic', address: served.address, policy }],
    });
    client = new GatewayClient(network.profile);
    contract = client.network.getContract('basic');
  }

  async function close(): Promise<void> {
    client.close();
    await network.close();
  }

  const codeOf = async (args: readonly string[], endorsingOrganizations?: string[]): Promise<number> => {
    const [fn = '', ...rest] = args;
    const options = endorsingOrganizations === undefined ? {} : { endorsingOrganizations };
    const transaction = await contract.newProposal(fn, { arguments: rest, ...options }).endorse();
    return (await (await transaction.submit()).getStatus()).code;
  };

  it('collects both endorsements through the gateway', async () => {
    expect(await codeOf(['CreateAsset', 'shared', 'red', '1', 'ann'])).toBe(TxValidationCode.VALID);
  });

  it('invalidates a transaction endorsed by one organisation with ENDORSEMENT_POLICY_FAILURE', async () => {
    expect(await codeOf(['PutBlind', 'alone', 'x'], ['Org1MSP'])).toBe(TxValidationCode.ENDORSEMENT_POLICY_FAILURE);
  });

  it('accepts the endorsement of one organisation when the key-level policy requires no more', async () => {
    const policy = Buffer.from(policyMessage(parsePolicy("OR('Org1MSP.peer')")).serializeBinary()).toString('base64');
    expect(await codeOf(['ProtectAsset', 'shared', policy])).toBe(TxValidationCode.VALID);
    expect(await codeOf(['PutBlind', 'shared', 'mine'], ['Org1MSP'])).toBe(TxValidationCode.VALID);
    expect(await codeOf(['PutBlind', 'shared', 'theirs'], ['Org2MSP'])).toBe(
      TxValidationCode.ENDORSEMENT_POLICY_FAILURE,
    );
  });

  it('cannot endorse while one peer lags, and can when it has caught up', async () => {
    await codeOf(['CreateAsset', 'late', 'red', '1', 'ann']);
    network.peer('Org2MSP').hold();
    await codeOf(['TransferAsset', 'late', 'bea']);
    const endorsed = contract.newProposal('TransferAsset', { arguments: ['late', 'cem'] }).endorse();
    await expect(endorsed).rejects.toMatchObject({
      details: [{ mspId: 'Org2MSP', message: 'ProposalResponsePayloads do not match' }],
    });
    network.peer('Org2MSP').resume();
    expect(await codeOf(['TransferAsset', 'late', 'cem'])).toBe(TxValidationCode.VALID);
  });

  it('keeps its identities and blocks over a restart', async () => {
    const [height, credentials] = [network.height, client.credentials];
    await close();
    await open();
    expect(network.height).toBe(height);
    expect(client.credentials).toEqual(credentials);
    expect(Buffer.from(await contract.evaluateTransaction('ReadAsset', 'late')).toString()).toContain('"Owner":"cem"');
    expect(await codeOf(['TransferAsset', 'late', 'dan'])).toBe(TxValidationCode.VALID);
    const history = Buffer.from(await contract.evaluateTransaction('HistoryOf', 'late')).toString();
    expect(JSON.parse(history)).toEqual(['dan', 'cem', 'bea', 'ann']);
  });

  it('refuses a second network on its folder or ports', async () => {
    await expect(DevelopmentNetwork.start({ directory, organisations: 2 })).rejects.toMatchObject({
      code: 'DEVNET_LOCKED',
    });
    const port = Number(network.nodes[0]?.address.split(':')[1]);
    await expect(DevelopmentNetwork.start({ port })).rejects.toMatchObject({ code: 'DEVNET_PORT_TAKEN' });
  });

  it('reconnects to a restarted chaincode', async () => {
    await served.stop();
    await expect(contract.evaluateTransaction('ReadAsset', 'late')).rejects.toThrow(/ABORTED/);
    served = await serveAssets(served.address);
    expect(Buffer.from(await contract.evaluateTransaction('ReadAsset', 'late')).toString()).toContain('"Owner":"dan"');
  });

  it('times out a chaincode that does not answer', async () => {
    const impatient = await DevelopmentNetwork.start({
      chaincodes: [{ name: 'basic', address: served.address }],
      executeTimeoutMs: 1,
    });
    const other = new GatewayClient(impatient.profile);
    const call = other.network.getContract('basic').evaluateTransaction('Hang');
    await expect(call).rejects.toMatchObject({
      details: [
        { message: expect.stringContaining('timeout expired while executing transaction') as unknown as string },
      ],
    });
    other.close();
    await impatient.close();
  });
});
