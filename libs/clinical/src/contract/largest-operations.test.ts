import { describe, expect, it } from '@jest/globals';
import { batchChaincode, stateValue, type Operation, type OperationResult } from '@medrex/execute-batch';
import { InMemoryStub, itemOf, runBatch } from '@medrex/execute-batch/testing';
import { clinicalContract } from '../clinical.ts';
import {
  aBundle,
  aClaim,
  anOrder,
  aPatient,
  aPut,
  aReconciliation,
  balanceOf,
  Clinic,
  money,
  pseudonymOf,
} from '../testing/index.ts';
import { activeOrders } from '../resources/patient-list.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [clinicalContract] });

/** Runs operations within the budget that the chaincode gives them. */
const run = (clinic: Clinic, operations: readonly Operation[]): Promise<OperationResult[]> =>
  runBatch(chaincode, new InMemoryStub(clinic.state), operations.map(itemOf));

describe('the largest accepted operations fit the budget', () => {
  it('a payment run of a thousand claims', async () => {
    const clinic = new Clinic();
    const ids = Array.from({ length: 1000 }, (_, number) => `c${number}`);
    const claims = aBundle(
      'batch',
      ids.map((id) => aPut(id, aClaim())),
    );
    await run(clinic, (await clinic.translate(claims)).operations);
    const { operations } = await clinic.translate(aReconciliation(ids.map((id) => [id, money(1)])));
    expect(await run(clinic, operations)).toMatchObject([{ status: 'applied' }]);
    expect(balanceOf(clinic, 'p1')).toBe(99_000);
  });

  it('an order added to a list of 499, and the merge of two patients with such lists', async () => {
    const clinic = new Clinic();
    const link = [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }];
    const request = { method: 'PUT', url: 'Patient/p1' } as const;
    const merge = await clinic.translate(aPatient({ identifier: undefined, link }), { request });
    const order = await clinic.translate(anOrder());
    for (const [patient, count] of [['p1', 250] as const, ['p2', 249] as const]) {
      const lines = Array.from({ length: count }, (_, line) => ({
        id: `${patient}-${line}`.padEnd(48, '0'),
        codes: ['rxnorm:313782'],
      }));
      clinic.state.set(activeOrders.key(pseudonymOf(clinic, patient)), stateValue({ lines }));
    }
    const results = await run(clinic, [...merge.operations, ...order.operations]);
    expect(results.map(({ code }) => code)).toEqual(['OK', 'OK']);
    expect(clinic.values('cli~orders~')[0]?.['lines']).toHaveLength(500);
  });
});
