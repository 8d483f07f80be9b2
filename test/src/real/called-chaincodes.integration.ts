import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { blockReportCodec, topics, type ReportedTransaction } from '@medrex/contracts';
import { describeReal } from '@medrex/contracts/testing';
import { assetsOnDevnet, assetsOnFabric, type AssetNetwork } from '../harness/asset-network.ts';
import { CallingStack, codesOf, stateIn, valuesIn } from '../harness/calling-stack.ts';
import { ForeignClient } from '../harness/foreign-client.ts';
import { readTopic } from '../harness/left-behind.ts';

const assets = Array.from({ length: 10 }, (_, at) => `asset${at}`);
const rounds = 15;
/** Number of foreign writes: few, as an endless foreign writer would starve the calls on a slow machine. */
const foreignWrites = 10;
const pauseMs = 200;
const kinds = ['plain', 'fused', 'desk'] as const;

describeReal('FABRIC', 'a contract that calls another, on real peers', (profile) =>
  onTenHotKeys(() => assetsOnFabric(profile, kinds)),
);
describe('a contract that calls another, on the development network', () => onTenHotKeys(() => assetsOnDevnet(kinds)));

/** The desk has keys of its own that equal the asset keys of the chaincode that it calls. */
function onTenHotKeys(open: () => Promise<AssetNetwork>): void {
  let plain: string;
  let desk: string;
  let calling: CallingStack;
  beforeAll(async () => {
    const network = await open();
    ({ plain, desk } = network.names);
    calling = await CallingStack.start({ network });
  }, 240_000);
  afterAll(() => calling.close(), 60_000);

  const direct = (fn: string, args: readonly string[]) => calling.call({ chaincode: plain, function: fn, args });
  const atDesk = (fn: string, args: readonly string[], keys?: readonly object[]) =>
    calling.call({ chaincode: desk, function: fn, args: [plain, ...args], ...(keys && { keys }) });
  const applied = async (opIds: readonly string[]): Promise<void> => {
    for (const opId of opIds) {
      const { state, code } = await calling.ended(opId);
      expect([state, code]).toEqual(['applied', 'OK']);
    }
  };
  const transactions = () => calling.transactionsOf(plain, desk);
  const worth = (value: number) => Object.fromEntries(assets.map((id) => [id, value]));
  const visits = async (id: string) =>
    Number(Buffer.from(stateIn(desk, await calling.transactionsOf(desk)).get(id) ?? []).toString());

  const assetValues = async () => valuesIn(plain, await transactions());

  async function metric(name: string, labels = ''): Promise<number> {
    const url = new URL('/metrics', calling.stack.url('orderer-dag', 'metrics'));
    const text = await (await fetch(url)).text();
    return Number(new RegExp(`^${name}${labels} (.+)$`, 'm').exec(text)?.[1]);
  }

  async function reported(): Promise<readonly ReportedTransaction[]> {
    const log = calling.stack.openLog();
    try {
      const records = await readTopic(log, topics.blocks);
      return records.flatMap(({ value }) => blockReportCodec.parse(value).transactions);
    } finally {
      await log.close();
    }
  }

  it('has no conflict on ten hot keys of the called chaincode, called directly or through the desk', async () => {
    await applied(await Promise.all(assets.map((id) => direct('CreateAsset', [id, 'red', '5', 'ann', '0']))));
    const opIds: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const id of assets) {
        const kind = (round + assets.indexOf(id)) % 3;
        const keys = [
          { key: id, mode: 'readWrite' },
          { key: id, mode: 'readWrite', chaincode: plain },
        ];
        if (kind === 0) opIds.push(await direct('AddValue', [id, '1']));
        else opIds.push(await atDesk('AddValue', [id, '1'], kind === 1 ? keys : undefined));
      }
    }
    await applied(opIds);
    expect(codesOf(await transactions())).toEqual({ VALID: assets.length * (rounds + 1) });
    expect(await assetValues()).toEqual(worth(rounds));
    for (const id of assets) expect(await visits(id)).toBe((rounds * 2) / 3);
    const right = await metric('medrex_orderer_call_predictions_total', '\\{result="right"\\}');
    const wrong = await metric('medrex_orderer_call_predictions_total', '\\{result="wrong"\\}');
    expect(right).toBeGreaterThan(3 * wrong);
  }, 240_000);

  it('is reported with its writes in the called chaincode', async () => {
    const [one] = (await reported()).filter(({ chaincode }) => chaincode === desk);
    expect(one?.writes).toHaveLength(1);
    expect(one?.called).toMatchObject([{ chaincode: plain, writes: one?.writes }]);
  });

  it('holds the whole state of the called chaincode when it reads a range there', async () => {
    const opIds: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      opIds.push(await direct('CreateAsset', [`more${round}`, 'red', '5', 'ann', '0']));
      opIds.push(await atDesk('CountAssets', []));
      opIds.push(await atDesk('AddValue', [`asset${round}`, '1']));
    }
    await applied(opIds);
    expect(Object.keys(codesOf(await transactions()))).toEqual(['VALID']);
  }, 120_000);

  it('sees foreign writes to the called chaincode, and is applied at last', async () => {
    const foreign = new ForeignClient(calling.ledger, plain);
    const before = await metric('medrex_orderer_foreign_writes_total');
    const started = await assetValues();
    const [id = ''] = assets;
    let added = 0;
    const writing = (async () => {
      for (let write = 0; write < foreignWrites; write += 1) {
        if ((await foreign.call('AddValue', id, '1')) === 'VALID') added += 1;
        await delay(pauseMs);
      }
    })();
    const opIds: string[] = [];
    for (let round = 0; round < rounds; round += 1) opIds.push(await atDesk('AddValue', [id, '1']));
    await Promise.all([applied(opIds), writing]);
    expect(added).toBeGreaterThan(0);
    expect((await assetValues())[id]).toBe((started[id] ?? 0) + rounds + added);
    expect(await metric('medrex_orderer_foreign_writes_total')).toBe(before + added);
    const lost = Object.keys(codesOf(await transactions())).filter((code) => code !== 'VALID');
    expect(['MVCC_READ_CONFLICT']).toEqual(expect.arrayContaining(lost));
  }, 240_000);
}
