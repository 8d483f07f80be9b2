import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { FabricLedger } from '@medrex/fabric';
import type { Block, CommittedTransaction } from '@medrex/ledger';
import { assetsOnDevnet, assetsOnFabric, type AssetNetwork } from '../harness/asset-network.ts';
import { eventually } from '../harness/eventually.ts';
import { allBlocks } from '../harness/left-behind.ts';
import { Stack } from '../harness/stack.ts';

const assets = Array.from({ length: 10 }, (_, at) => `asset${at}`);
const rounds = 30;
const intake = `${new URL('../../dist/harness/asset-calls-intake.js', import.meta.url).href}#assetCallsIntake`;

describeReal('FABRIC', "the samples' asset contract on real peers", (profile) =>
  onTenHotKeys(() => assetsOnFabric(profile)),
);
describe("the samples' asset contract on the development network", () => onTenHotKeys(assetsOnDevnet));

/** Every asset in every round once in each way, so that all of them are hot at the same time. */
function onTenHotKeys(open: () => Promise<AssetNetwork>): void {
  const folder = mkdtempSync(join(tmpdir(), 'medrex-hot-keys-'));
  const templates = join(folder, 'templates.json');
  let network: AssetNetwork;
  let stack: Stack;
  let ledger: FabricLedger;
  beforeAll(async () => {
    network = await open();
    ledger = await FabricLedger.open({ profile: network.profile, channel: 'ehr' });
    writeFileSync(
      templates,
      JSON.stringify({ [network.plain]: { TransferAsset: [{ key: '{0}', mode: 'readWrite' }] } }),
    );
    stack = await new Stack({
      ...{ MEDREX_LEDGER: 'fabric', MEDREX_FABRIC_PROFILE: network.profile },
      ...{ MEDREX_CHAINCODE: network.fused, MEDREX_INTAKE_CONTRACTS: intake, MEDREX_CALL_TEMPLATES: templates },
    }).start();
  }, 120_000);
  afterAll(async () => {
    await stack.remove();
    await ledger.close();
    await network.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const created = (id: string) => ['CreateAsset', [id, 'red', '5', 'ann', '0']] as const;
  const transactionsOf = async (chaincode: string): Promise<readonly CommittedTransaction[]> =>
    (await allBlocks(ledger)).flatMap(({ transactions }: Block) =>
      transactions.filter((one) => one.chaincode === chaincode),
    );
  const ended = (opId: string) =>
    eventually('an end', async () => {
      const status = await stack.client.status(opId);
      return status !== undefined && status.state !== 'pending' && status;
    });

  async function call(id: string, fn: string, args: readonly string[], more: object = {}): Promise<string> {
    const body = { source: 'urn:app', id, chaincode: network.plain, function: fn, args, ...more };
    const said = await eventually('a receipt', async () => {
      const answer = await stack.client.post('/v1/channels/ehr/transactions', body);
      return answer.status === 202 && answer.body;
    });
    return String(said['transactionId']);
  }

  it('has no conflict in per-transaction mode, its keys named, templated and learned', async () => {
    for (const id of assets)
      expect(await ended(await call(`new-${id}`, ...created(id)))).toMatchObject({ state: 'applied' });
    const opIds: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const id of assets) {
        const kind = (round + assets.indexOf(id)) % 3;
        const keys = kind === 0 ? { keys: [{ key: id, mode: 'readWrite' }] } : {};
        const [fn, arg] = kind === 2 ? ['TransferAsset', `owner${round}`] : ['AddValue', '1'];
        opIds.push(await call(`c-${round}-${id}`, fn, [id, arg], keys));
      }
    }
    for (const opId of opIds) expect(await ended(opId)).toMatchObject({ state: 'applied', mode: 'per-transaction' });
    const transactions = await transactionsOf(network.plain);
    expect(codesOf(transactions)).toEqual({ VALID: assets.length * (rounds + 1) });
    expect(valuesIn(transactions)).toEqual(assets.map((id) => [id, (rounds * 2) / 3]));
  }, 240_000);

  it('has no conflict with executeBatch, and few Fabric transactions', async () => {
    const sender = stack.sender('urn:wards');
    const message = (id: string, [fn, args]: readonly [string, readonly string[]]) => ({
      id,
      body: { function: fn, args },
    });
    await sender.deliver(assets.map((id) => message(`new-${id}`, created(id))));
    for (let round = 0; round < rounds; round += 1) {
      await sender.deliver(assets.map((id) => message(`m-${round}-${id}`, ['AddValue', [id, '1']])));
    }
    for (const { opId } of sender.accepted) expect(await ended(opId)).toMatchObject({ state: 'applied' });
    const transactions = await transactionsOf(network.fused);
    expect(Object.keys(codesOf(transactions))).toEqual(['VALID']);
    expect(valuesIn(transactions)).toEqual(assets.map((id) => [id, rounds]));
    expect(transactions.length).toBeLessThan(sender.accepted.length);
  }, 240_000);
}

function codesOf(transactions: readonly CommittedTransaction[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { code } of transactions) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** What the assets are worth by the last valid write of each. */
function valuesIn(transactions: readonly CommittedTransaction[]): readonly (readonly [string, number])[] {
  const values = new Map<string, number>();
  for (const { code, readWriteSet } of transactions) {
    if (code !== 'VALID') continue;
    for (const { key, value } of readWriteSet.writes) {
      if (!assets.includes(key)) continue;
      const asset = JSON.parse(Buffer.from(value ?? []).toString()) as { readonly AppraisedValue: number };
      values.set(key, asset.AppraisedValue);
    }
  }
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1));
}
