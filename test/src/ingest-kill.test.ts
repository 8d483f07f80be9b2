import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { clinicalContract } from '@medrex/clinical';
import { anObservation, aPatient } from '@medrex/clinical/testing';
import type { SequencedOperation } from '@medrex/contracts';
import { parseStateKey } from '@medrex/keys';
import { judge } from './harness/aftermath.ts';
import { eventually } from './harness/eventually.ts';
import { eventRecord, IntakeTopic } from './harness/intake-topic.ts';
import { seeded, seeds, type Chance } from './harness/seed.ts';
import type { Message, Sender } from './harness/sender.ts';
import { Stack } from './harness/stack.ts';

const kills = 4;
const topicSource = 'urn:ehr:topic';
const perPatient = 4;

// Every message may be about a new patient, so a vault insert, an append and a receipt follow within milliseconds, and kills happen
// at random between them.
describe('ingest killed between vault insert, append and receipt', () => {
  let stack: Stack;
  let topic: IntakeTopic;
  afterEach(async () => {
    await topic.close();
    await stack.remove();
  });

  it.each(seeds(600))(
    'accepts every message once, with one pseudonym per patient (seed %i)',
    (seed) =>
      seeded(seed, async (chance) => {
        stack = await new Stack().start(['orderer-dag', 'ingest']);
        topic = new IntakeTopic(stack);
        const senders = ['a', 'b'].map((name) => stack.sender(`urn:ehr:${name}`));
        let isEnding = false;
        const http = senders.map((sender) => sendPatients(sender, () => isEnding));
        const published = publishPatients(topic, () => isEnding);
        await killAgainAndAgain(stack, senders, chance);
        isEnding = true;
        await Promise.all(http);
        const onTopic = await published;
        await topic.taken();
        const found = await judge(stack, { senders, contracts: [clinicalContract] });
        const topicOps = opIdsOf(found.receipts.filter(({ source }) => source === topicSource));
        expect(topicOps.size).toBe(onTopic);
        const messages = [
          ...topicOps,
          ...senders.flatMap(({ accepted, source }) =>
            accepted.map(({ message, opId }) => [`${source} ${message.id}`, opId] as const),
          ),
        ];
        expectOnePseudonymEach(messages, found.operations);
      }),
    120_000,
  );
});

async function killAgainAndAgain(stack: Stack, senders: readonly Sender[], chance: Chance): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const before = senders.reduce((sum, { accepted }) => sum + accepted.length, 0);
    await eventually(
      'something is accepted',
      () => senders.reduce((sum, { accepted }) => sum + accepted.length, 0) > before,
    );
    await delay(chance.between(0, 60));
    await stack.kill(['ingest']);
    await stack.start(['ingest']);
  }
}

/** The messages of one patient: the patient, and readings by its other identifier. */
function patientMessages(patient: string): readonly Message[] {
  const readings = Array.from({ length: perPatient - 1 }, (_, index) => {
    const effectiveDateTime = `2026-01-05T08:0${index}:00Z`;
    return {
      id: `${patient}/${index}`,
      body: anObservation({ subject: { reference: `Patient/${patient}` }, effectiveDateTime }),
    };
  });
  const identifier = [{ system: 'urn:hospital:mrn', value: `MRN-${patient}` }];
  return [{ id: patient, body: aPatient({ id: patient, identifier }) }, ...readings];
}

async function sendPatients(sender: Sender, isEnding: () => boolean): Promise<void> {
  const name = sender.source.replace(/^.*:/, '');
  for (let number = 0; !isEnding(); number++) {
    const messages = patientMessages(`${name}${number}`);
    await sender.deliver(messages);
    await delay(20);
  }
}

/** @returns number of published messages */
async function publishPatients(topic: IntakeTopic, isEnding: () => boolean): Promise<number> {
  let number = 0;
  for (; !isEnding(); number++) {
    const records = patientMessages(`t${number}`).map(({ id, body }) => eventRecord(topicSource, id, body));
    await topic.publish(records);
    await delay(20);
  }
  return number * perPatient;
}

/** The operation id of each message from its receipts, which must agree. */
function opIdsOf(
  receipts: readonly {
    readonly source: string;
    readonly id: string;
    readonly items: readonly { readonly opId?: string }[];
  }[],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const { source, id, items } of receipts) {
    const name = `${source} ${id}`;
    const opId = items[0]?.opId ?? 'none';
    expect(found.get(name) ?? opId).toBe(opId);
    found.set(name, opId);
  }
  return found;
}

/** Asserts that all messages of a patient declare the link of one pseudonym, and that no two patients share one. */
function expectOnePseudonymEach(
  messages: readonly (readonly [string, string])[],
  operations: readonly SequencedOperation[],
): void {
  const patientOf = new Map(messages.map(([name, opId]) => [opId, name.replace(/\/\d$/, '')]));
  const pseudonyms = new Map<string, Set<string>>();
  for (const { operation } of operations) {
    const patient = patientOf.get(operation.opId) ?? operation.opId;
    const known = pseudonyms.get(patient) ?? new Set();
    for (const { key } of operation.keys) {
      const { space, entity, parts } = parseStateKey(key) ?? {};
      if (space === 'system' && entity === 'link') known.add(parts?.[0] ?? '');
    }
    pseudonyms.set(patient, known);
  }
  const all = [...pseudonyms.values()].flatMap((names) => [...names]);
  expect([...pseudonyms].filter(([, names]) => names.size !== 1).map(([patient]) => patient)).toEqual([]);
  expect(new Set(all).size).toBe(all.length);
}
