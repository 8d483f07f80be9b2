import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clinicalContract } from '@medrex/clinical';
import { aBed, anEncounter, anObservation, aPatient, aPractitioner } from '@medrex/clinical/testing';
import type { OperationStatus } from '@medrex/contracts';
import { parseCounterKey, parseStateKey, readCounter } from '@medrex/keys';
import { judge, settled } from './harness/aftermath.ts';
import { readStatuses, type LeftBehind } from './harness/left-behind.ts';
import type { Accepted, Message, Sender } from './harness/sender.ts';
import { Stack } from './harness/stack.ts';

const put = (id: string, resource: { readonly resourceType: string }, messageId: string): Message => {
  return { id: messageId, body: resource, request: { method: 'PUT', url: `${resource.resourceType}/${id}` } };
};

// Histories of the protocol, run concurrently on one stack, each with its own senders and patients; all are judged together at the
// end.
describe('clinical histories at full speed', () => {
  let stack: Stack;
  const senders: Sender[] = [];
  const sender = (name: string): Sender => {
    const made = stack.sender(`urn:ehr:${name}`);
    senders.push(made);
    return made;
  };
  const ends = async (accepted: readonly Accepted[]): Promise<readonly OperationStatus[]> => {
    await settled(stack, [{ accepted }]);
    const statuses = await readStatuses(
      stack.folder,
      accepted.map(({ opId }) => opId),
    );
    return accepted.map(({ opId }) => statuses.get(opId)!);
  };

  beforeAll(async () => {
    stack = await new Stack().start();
  }, 60_000);
  afterAll(async () => stack.remove());

  it('a Bundle of 499 entries among 2,000 small operations on its patient, followed by orders', async () => {
    const { bundle, patient } = bigBundle();
    const ward = sender('ward');
    for (const half of [0, 1]) {
      await ward.deliver(readings(patient, half * 1_000, 500));
      await ward.deliver(readings(patient, half * 1_000 + 500, 500));
      if (half === 0) await ward.deliver([{ id: 'bundle', body: bundle }]);
    }
    const orders = sender('orders');
    await orders.deliver(Array.from({ length: 10 }, (_, number) => order(patient, number)));
    // Meanwhile orderer-dag is killed and restarted.
    await stack.kill(['orderer-dag']);
    await stack.start(['orderer-dag']);
    const outcomes = await ends([...ward.accepted, ...orders.accepted]);
    const wrong = outcomes.filter(({ state }) => state !== 'applied');
    expect(wrong.map(({ outcome }) => [outcome?.code, outcome?.message])).toEqual([]);
    const ofBundle = outcomes[1_000]?.outcome?.detail;
    expect(ofBundle).toHaveLength(499);
  }, 120_000);

  it('50 concurrent conditional creates make one resource', async () => {
    const ifNoneExist = 'identifier=http://hl7.org/fhir/sid/us-npi|9999999999';
    const request = { method: 'POST', url: 'Practitioner', ifNoneExist };
    const racers = Array.from({ length: 50 }, (_, number) => sender(`racer-${number}`));
    await Promise.all(racers.map((racer) => racer.deliver([{ id: 'create', body: aPractitioner(), request }])));
    const outcomes = (await ends(racers.flatMap(({ accepted }) => accepted))).map(({ outcome }) => {
      const [entry] = outcome?.detail as readonly { readonly did: string; readonly reference: string }[];
      return [outcome?.status, entry?.did, entry?.reference];
    });
    expect(outcomes.filter(([, did]) => did === 'created')).toHaveLength(1);
    expect(new Set(outcomes.map(([status, , reference]) => `${status} ${reference}`)).size).toBe(1);
  }, 60_000);

  it.each([
    ['with references to the previous bed', true],
    ['without pointers', false],
  ])(
    'admission, transfer and discharge in quick succession, %s',
    async (_how, hasPointers) => {
      const desk = sender(hasPointers ? 'desk' : 'hasty-desk');
      const stays = Array.from({ length: 20 }, (_, number) =>
        stay(`${hasPointers ? 'north' : 'south'}-${number}`, hasPointers),
      );
      // Each step for all stays, then the next step; no bed that is left is used by another stay.
      await desk.deliver([0, 1, 2].flatMap((step) => stays.map((steps) => steps[step] as Message)));
      const outcomes = await ends(desk.accepted);
      expect(new Set(outcomes.map(({ outcome }) => `${outcome?.status} ${outcome?.code}`))).toEqual(
        new Set(['applied OK']),
      );
    },
    60_000,
  );

  it('a bed passes from one stay to the next within one batch', async () => {
    const desk = sender('one-bed');
    const steps = Array.from({ length: 30 }, (_, number) =>
      stay(`guest-${number}`, true, 'the-bed', `beside-${number}`),
    );
    // admitted to the bed and moved to another; then the next stay
    await desk.deliver(steps.flatMap(([admit, transfer]) => [admit!, transfer!]));
    await desk.deliver(steps.map(([, , discharge]) => discharge!));
    const outcomes = await ends(desk.accepted);
    expect(outcomes.map(({ outcome }) => outcome?.code)).toEqual(outcomes.map(() => 'OK'));
  }, 60_000);

  it('a merge with operations in flight makes later messages go to the survivor', async () => {
    const desk = sender('merges');
    const person = (id: string, over: object = {}) =>
      aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: id }], ...over });
    const replacedBy = { active: false, link: [{ type: 'replaced-by', other: { reference: 'Patient/stays' } }] };
    await desk.deliver([
      put('stays', person('stays'), 'one'),
      put('goes', person('goes'), 'two'),
      ...readings('goes', 0, 40),
      put('goes', person('goes', replacedBy), 'merge'),
      ...readings('goes', 40, 40),
    ]);
    const outcomes = await ends(desk.accepted);
    expect(outcomes.map(({ state }) => state)).toEqual(outcomes.map(() => 'applied'));
    const [from, into] = mergedPair(outcomes[42]);
    expect([from, into].map((pseudonym) => pseudonym.length > 0)).toEqual([true, true]);
    // Before the merge all touched keys were declared; afterwards all operations declared one patient and touched the other.
    expect(outcomes.slice(2, 42).flatMap(({ outcome }) => outcome?.undeclared ?? [])).toEqual([]);
    for (const { outcome } of outcomes.slice(43)) {
      const touched = (outcome?.undeclared ?? []).flatMap(({ key }) => parseStateKey(key)?.parts ?? []);
      expect(touched).toContain(into);
    }
  }, 60_000);

  it('together keep all guarantees, and leave no bed occupied and the census at zero', async () => {
    const found = await judge(stack, { senders, contracts: [clinicalContract] });
    expect(bedsAndCensus(found)).toEqual({ beds: 0, census: [0, 0] });
  }, 120_000);
});

function bigBundle(): { readonly bundle: object; readonly patient: string } {
  const folder = fileURLToPath(new URL('../../data/synthea-r4/', import.meta.url));
  const name = readdirSync(folder).find((file) => file.startsWith('Beatriz_Salazar')) ?? '';
  const bundle = JSON.parse(gunzipSync(readFileSync(folder + name)).toString()) as {
    readonly entry: readonly { readonly resource: { readonly resourceType: string; readonly id: string } }[];
  };
  const patient = bundle.entry.find(({ resource }) => resource.resourceType === 'Patient')?.resource.id ?? '';
  return { bundle, patient };
}

function readings(patient: string, from: number, count: number): readonly Message[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const effectiveDateTime = new Date(Date.UTC(2026, 0, 5) + number * 1_000).toISOString();
    const body = anObservation({ subject: { reference: `Patient/${patient}` }, effectiveDateTime });
    // Every tenth is a PUT of one of a few ids, which makes a chain of reads and writes.
    if (number % 10 === 0) return put(`${patient}-${(number / 10) % 5}`, body, `reading-${number}`);
    return { id: `reading-${number}`, body };
  });
}

function order(patient: string, number: number): Message {
  const code = { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '313782' }] };
  const subject = { reference: `Patient/${patient}` };
  const body = {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: code,
    subject,
  };
  return { id: `order-${number}`, body };
}

/** Admission to one bed, transfer to another, discharge. */
function stay(id: string, hasPointers: boolean, first = `${id}-1`, second = `${id}-2`): readonly Message[] {
  const serviceProvider = { reference: `Organization/${hasPointers ? 'north' : 'south'}` };
  const subject = { reference: `Patient/${id}` };
  const encounter = (over: object) => anEncounter({ serviceProvider, subject, ...over });
  const left = (bed: string) => (hasPointers ? [aBed(bed, 'completed')] : []);
  const last = hasPointers ? { location: left(second) } : {};
  return [
    put(id, encounter({ location: [aBed(first)] }), `${id}/admit`),
    put(id, encounter({ location: [...left(first), aBed(second)] }), `${id}/transfer`),
    put(id, encounter({ status: 'finished', ...last }), `${id}/discharge`),
  ];
}

function mergedPair(status: OperationStatus | undefined): readonly [string, string] {
  const [entry] = status?.outcome?.detail as readonly {
    readonly merged: readonly { readonly from: string; readonly into: string }[];
  }[];
  const { from = '', into = '' } = entry?.merged[0] ?? {};
  return [from, into];
}

function bedsAndCensus({ state }: LeftBehind): { readonly beds: number; readonly census: readonly number[] } {
  const beds = [...state.keys()].filter((key) => key.startsWith('cli~bed~')).length;
  const byWard = new Map<string, { key: (typeof keys)[number]; value: Uint8Array }[]>();
  const keys = [...state.keys()].filter((key) => key.startsWith('ctr~census'));
  for (const key of keys) {
    const ward = parseCounterKey(key)?.counter ?? '';
    byWard.set(ward, [...(byWard.get(ward) ?? []), { key, value: state.get(key)! }]);
  }
  return { beds, census: [...byWard.values()].map((entries) => readCounter(entries).value) };
}
