import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { topics, type EventLog, type StatusStore } from '@medrex/contracts';
import { InMemoryEventLog } from '@medrex/contracts/in-memory';
import { eventually, realClock } from '@medrex/contracts/testing';
import type { PatientVault } from '@medrex/privacy';
import { assetIntake } from './asset-intake.ts';
import { Harness, type Json } from './harness.ts';

/** An instance's own connections to the shared stores. */
export interface InstanceStores {
  readonly statuses: StatusStore;
  readonly vault: PatientVault;
}

export interface SharedStores {
  open(): Promise<InstanceStores>;
  dispose(): Promise<void>;
}

const contracts = [assetIntake];
const action = (asset: string) => JSON.stringify({ do: 'label', asset, label: 'x' });
const named = (id: string) => ({ 'ce-id': id, 'ce-source': 'urn:ehr:a' });

/** Test suite for two ingest instances of one channel that share stores of any kind. */
export function twoInstances(name: string, share: () => Promise<SharedStores>): void {
  describe(`two ingest instances on ${name}`, () => {
    let log: EventLog;
    let shared: SharedStores;
    let instances: Harness[];
    const start = async (): Promise<Harness> => {
      const instance = await Harness.start({ contracts, log, ...(await shared.open()) });
      instances.push(instance);
      return instance;
    };
    beforeEach(async () => {
      instances = [];
      log = new InMemoryEventLog({ clock: realClock, redelivery: { firstMs: 5, maxMs: 20 } });
      shared = await share();
    });
    afterEach(async () => {
      await Promise.all(instances.map((instance) => instance.close()));
      await shared.dispose();
    });
    const send = async (to: Harness, id: string, body = action(id)): Promise<{ status: number; body: Json }> => {
      const response = await to.post('/v1/transactions', body, named(id));
      return { status: response.status, body: (await response.json()) as Json };
    };

    it("answer a repeat of the other one's message with its first receipt, and another body with 409", async () => {
      const [one, two] = [await start(), await start()];
      const first = await send(one, 'm-1');
      expect(first.status).toBe(202);
      const again = await send(two, 'm-1');
      expect(again).toMatchObject({
        status: 200,
        body: { transactionId: first.body['transactionId'], seq: first.body['seq'] },
      });
      expect((await send(two, 'm-1', action('other'))).status).toBe(409);
      expect(await one.operations()).toHaveLength(1);
    });

    it('give concurrent duplicates the same id, and show the same status', async () => {
      const [one, two] = [await start(), await start()];
      const ids = Array.from({ length: 20 }, (_, at) => `m-${at}`);
      const answers = await Promise.all(ids.flatMap((id) => [send(one, id), send(two, id)]));
      for (const [at] of ids.entries()) {
        const [first, second] = answers.slice(2 * at, 2 * at + 2);
        expect([200, 202]).toContain(first?.status);
        expect([200, 202]).toContain(second?.status);
        expect(second?.body['transactionId']).toBe(first?.body['transactionId']);
      }
      // Each may be in the log twice; the ledger recognises the second one as a repeat by its operation record.
      await one.settle(await one.operations());
      for (const { body } of answers) {
        const id = String(body['transactionId']);
        expect(await two.settled(id)).toEqual(await one.settled(id));
      }
      for (const instance of [one, two])
        await eventually(async () =>
          (await instance.metric('medrex_ingest_live_operations')) === 0 ? true : undefined,
        );
    });

    it('both project all outcomes, whichever instance accepted the operation', async () => {
      const [one, two] = [await start(), await start()];
      const sent = await send(one, 'm-1');
      await one.settle(await one.operations(), () => ({ status: 'rejected', code: 'ASSET_UNKNOWN' }));
      const id = String(sent.body['transactionId']);
      expect(await two.settled(id)).toMatchObject({ state: 'rejected' });
      expect((await send(two, 'm-1')).status).toBe(200);
    });

    it('restart while the other one moves the position, without counting ended operations as live', async () => {
      const one = await start();
      for (const id of ['m-1', 'm-2', 'm-3']) await send(one, id);
      const operations = await one.operations();
      const stores = await shared.open();
      let isSettled = false;
      // After the second instance has asked for the live operations, all of them end and the first instance notes that.
      const statuses = new Proxy(stores.statuses, {
        get: (target, property) => {
          if (property !== 'get') return (Reflect.get(target, property) as () => unknown).bind(target);
          return async (opIds: readonly string[]) => {
            const found = await target.get(opIds);
            if (!isSettled) {
              isSettled = true;
              await one.settle(operations);
              await eventually(async () => ((await target.position(topics.outcomes, 0)) === 0 ? true : undefined));
            }
            return found;
          };
        },
      });
      const two = await Harness.start({ contracts, log, statuses, vault: stores.vault });
      instances.push(two);
      expect(isSettled).toBe(true);
      await eventually(async () => ((await two.metric('medrex_ingest_live_operations')) === 0 ? true : undefined));
    });
  });
}
