import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { batchChaincode, type Operation, type OperationResult } from '@medrex/execute-batch';
import { comparableResult, comparableState, InMemoryStub, itemOf, runBatch } from '@medrex/execute-batch/testing';
import type { StateKey } from '@medrex/keys';
import { clinicalContract } from '../clinical.ts';
import {
  aBed,
  aBundle,
  anAllergy,
  anEncounter,
  anObservation,
  aPatient,
  aPost,
  aPractitioner,
  aPut,
  Clinic,
} from '../testing/index.ts';

const few = (prefix: string) => fc.integer({ min: 1, max: 3 }).map((number) => `${prefix}${number}`);
const put = (resource: { readonly resourceType: string }, id: string, ifMatch?: string) => ({
  body: resource,
  request: {
    method: 'PUT',
    url: `${resource.resourceType}/${id}`,
    ...(ifMatch === undefined ? {} : { ifMatch }),
  } as const,
});
const subject = (id: string) => ({ reference: `Patient/${id}` });
const npi = 'identifier=http://hl7.org/fhir/sid/us-npi|9999999999';

// Few patients, encounters, beds and readings, so that most messages affect the same keys.
const message = fc.oneof(
  fc
    .tuple(
      few('o'),
      few('p'),
      fc.constantFrom('preliminary', 'final', 'corrected', 'entered-in-error'),
      fc.constantFrom(undefined, 'W/"1"', 'W/"2"'),
    )
    .map(([id, patient, status, ifMatch]) => put(anObservation({ status, subject: subject(patient) }), id, ifMatch)),
  fc
    .tuple(few('e'), few('p'), few('b'), few('b'), fc.constantFrom('in-progress', 'onleave', 'finished'))
    .map(([id, patient, from, to, status]) =>
      put(
        anEncounter({
          status,
          subject: subject(patient),
          location: [aBed(from, 'completed'), aBed(to)],
          serviceProvider: { reference: 'Organization/w' },
        }),
        id,
      ),
    ),
  fc.tuple(few('a'), few('p')).map(([id, patient]) => put(anAllergy({ patient: subject(patient) }), id)),
  fc
    .tuple(few('p'), few('p'))
    .map(([from, into]) =>
      put(aPatient({ identifier: undefined, link: [{ type: 'replaced-by', other: subject(into) }] }), from),
    ),
  fc.constant({ body: aPractitioner(), request: { method: 'POST', url: 'Practitioner', ifNoneExist: npi } as const }),
  few('d').map((id) => put(aPractitioner(), id)),
  few('d').map((id) => put(aPractitioner({ identifier: undefined }), id)),
  fc.constant({ body: aPractitioner(), request: { method: 'POST', url: 'Practitioner' } as const }),
  fc.constant({ body: aPractitioner(), request: { method: 'PUT', url: `Practitioner?${npi}` } as const }),
  fc.constant({ body: anObservation({ performer: [{ reference: `Practitioner?${npi}` }] }) }),
  fc
    .tuple(fc.constantFrom('Observation/o1', 'Encounter/e1', 'AllergyIntolerance/a1', `Practitioner?${npi}`))
    .map(([url]) => ({ body: undefined, request: { method: 'DELETE', url } as const })),
  fc.tuple(few('o'), few('e')).map(([reading, stay]) => ({
    body: aBundle('transaction', [
      aPost(anObservation()),
      aPut(reading, anObservation()),
      aPut(stay, anEncounter({ location: [aBed('b1')] })),
    ]),
  })),
);

it('operations fused in any way give the same state and results as one after another', async () => {
  const history = fc.tuple(fc.array(message, { minLength: 2, maxLength: 25 }), fc.integer({ min: 1, max: 8 }));
  await fc.assert(
    fc.asyncProperty(history, async ([messages, fusion]) => {
      const clinic = new Clinic();
      const operations: Operation[] = [];
      for (const { body, ...rest } of messages) operations.push(...(await clinic.translate(body, rest)).operations);
      const alone = await clinic.apply(operations);
      const state = new Map<StateKey, Uint8Array>();
      const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [clinicalContract] });
      const fused: OperationResult[] = [];
      for (let from = 0; from < operations.length; from += fusion) {
        fused.push(
          ...(await runBatch(
            chaincode,
            new InMemoryStub(state, `tx-${from}`),
            operations.slice(from, from + fusion).map(itemOf),
          )),
        );
      }
      expect(fused.map(comparableResult)).toEqual(alone.map(comparableResult));
      expect(comparableState(state)).toEqual(comparableState(clinic.state));
      expect(alone.filter(({ status }) => status === 'dead')).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
