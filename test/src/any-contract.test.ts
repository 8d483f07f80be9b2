import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { blockReportCodec, topics } from '@medrex/contracts';
import { eventually } from './harness/eventually.ts';
import { filesBelow, plantedInFiles } from './harness/find-planted.ts';
import { planted } from './harness/planted.ts';
import { seeded, seeds, type Chance } from './harness/seed.ts';
import { Stack } from './harness/stack.ts';
import { topicRecords } from './harness/topic-records.ts';

const ids = Array.from({ length: 10 }, (_, at) => `asset${at}`);
const kinds = ['declared', 'templated', 'learned'] as const;
const plain = '@medrex/ledger/sample#assetChaincode';

/** One call as posted by a sender. `transferAsset` has a key template; `addValue` has none. */
function change(id: string, kind: (typeof kinds)[number], name: string) {
  const call = { source: 'urn:app', id: name, chaincode: 'basic' };
  if (kind === 'templated') return { ...call, function: 'transferAsset', args: [id, planted.family] };
  const add = { ...call, function: 'addValue', args: [id, '1'] };
  return kind === 'learned' ? add : { ...add, keys: [{ key: id, mode: 'readWrite' }] };
}

/** The sent operations, and how often each asset was incremented. */
interface Sent {
  readonly added: ReadonlyMap<string, number>;
  readonly opIds: readonly string[];
}

describe('a plain chaincode, through all services', () => {
  const folder = mkdtempSync(join(tmpdir(), 'medrex-any-contract-'));
  const templates = join(folder, 'templates.json');
  let stack: Stack;
  afterEach(async () => {
    await stack.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function send(body: object): Promise<string> {
    const receipt = await eventually('a receipt', async () => {
      const { status, body: answer } = await stack.client.post('/v1/channels/ehr/transactions', body);
      return (status === 202 || status === 200) && answer;
    });
    return String(receipt['transactionId']);
  }

  const ended = (opId: string) =>
    eventually('an end', async () => {
      const status = await stack.client.status(opId);
      return status !== undefined && status.state !== 'pending' && status;
    });

  /** Sends calls, some of them twice, without waiting for outcomes. */
  async function sendMany(chance: Chance, count: number, round: number): Promise<Sent> {
    const added = new Map<string, number>();
    const opIds: string[] = [];
    for (let at = 0; at < count; at += 1) {
      const [id, kind] = [chance.pick(ids), chance.pick(kinds)];
      const body = change(id, kind, `c-${round}-${at}`);
      const opId = await send(body);
      if (at % 5 === 0) expect(await send(body)).toBe(opId);
      if (kind !== 'templated') added.set(id, (added.get(id) ?? 0) + 1);
      opIds.push(opId);
    }
    return { added, opIds };
  }

  it.each(seeds(900))(
    'is called on ten hot keys (declared, templated and learned) without a conflict, across a kill of orderer-dag (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        writeFileSync(templates, JSON.stringify({ basic: { transferAsset: [{ key: '{0}', mode: 'readWrite' }] } }));
        stack = await new Stack({ MEDREX_PLAIN_CHAINCODES: plain, MEDREX_CALL_TEMPLATES: templates }).start();
        const call = { source: 'urn:app', chaincode: 'basic' };
        for (const id of ids) {
          await send({ ...call, id: `new-${id}`, function: 'createAsset', args: [id, planted.family, '0'] });
        }
        const before = await sendMany(chance, 60, 1);
        await stack.kill(['orderer-dag']);
        const after = await sendMany(chance, 60, 2);
        await stack.start(['orderer-dag']);
        for (const opId of [...before.opIds, ...after.opIds]) {
          expect(await ended(opId)).toMatchObject({ state: 'applied', mode: 'per-transaction' });
        }
        for (const id of ids) {
          const opId = await send({ ...call, id: `read-${id}`, function: 'readAsset', args: [id] });
          const { detail } = await ended(opId);
          const asset = JSON.parse((detail as { readonly payload: string }).payload) as { readonly value: number };
          expect([id, asset.value]).toEqual([id, (before.added.get(id) ?? 0) + (after.added.get(id) ?? 0)]);
        }
        const refused = await send({ ...call, id: 'no', function: 'createAsset', args: ['asset0', 'x', '0'] });
        expect(await ended(refused)).toMatchObject({
          state: 'rejected',
          code: 'CALL_REFUSED',
          message: 'asset asset0 is there already',
        });
        await stack.stop();
        const reports = (await topicRecords(stack.folder, topics.blocks)).map(({ value }) =>
          blockReportCodec.decode(value),
        );
        const codes = reports.flatMap(({ transactions }) => transactions.map(({ code }) => code));
        // An envelope sent by the killed process may be committed twice; there are no conflicts.
        expect(new Set(codes.filter((code) => code !== 'DUPLICATE_TXID'))).toEqual(new Set(['VALID']));
        const ours = filesBelow(stack.folder).filter((path) => !path.startsWith('ledger'));
        expect(ours.length).toBeGreaterThan(5);
        expect(plantedInFiles(stack.folder, ours)).toEqual([]);
      }),
    240_000,
  );
});
