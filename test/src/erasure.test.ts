import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anObservation, aPatient } from '@medrex/clinical/testing';
import { topics } from '@medrex/contracts';
import { wholeOperations, type WholeOperation } from '@medrex/contracts/testing';
import { openEmbeddedVault } from '@medrex/embedded';
import { BodyKey, openBody, type KnownPatient, type PatientVault } from '@medrex/privacy';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { medrex, medrexJson } from './harness/command-line.ts';
import { eventually } from './harness/eventually.ts';
import type { Answer } from './harness/ingest-client.ts';
import { Stack } from './harness/stack.ts';
import { topicRecords } from './harness/topic-records.ts';

const system = 'urn:hospital:mrn';
const person = (mrn: string, over: object = {}) => aPatient({ identifier: [{ system, value: mrn }], ...over });
const vitals = (mrn: string, over: object = {}) =>
  anObservation({ subject: { identifier: { system, value: mrn } }, ...over });

let stack: Stack;
let vault: PatientVault;
let sent = 0;

beforeAll(async () => {
  stack = new Stack();
  await stack.start();
  ({ vault } = await openEmbeddedVault(join(stack.folder, 'vault'), {}, false));
}, 60_000);
afterAll(async () => {
  await vault.close();
  await stack.remove();
});

/** Sends a resource and, if it is accepted, waits for its outcome. */
function send(resource: object, id = `m-${(sent += 1)}`): Promise<Answer> {
  return stack.client.post('/v1/transactions', resource, { 'ce-id': id, 'ce-source': 'ehr', prefer: 'wait=10' });
}

async function patient(mrn: string): Promise<KnownPatient> {
  const [found] = await vault.findOrCreate([[{ system, value: mrn }]]);
  if (found === undefined) throw new Error('a lookup without an answer');
  return found.patient;
}

async function operations(): Promise<readonly WholeOperation[]> {
  return (await topicRecords(stack.folder, topics.operations)).flatMap(wholeOperations);
}

async function operation(answer: Answer): Promise<WholeOperation> {
  const opId = String(answer.body['transactionId']);
  const found = (await operations()).find((one) => one.operation.opId === opId);
  if (found === undefined) throw new Error(`operation ${opId} is not in the log: ${JSON.stringify(answer)}`);
  return found;
}

interface Entry {
  readonly type: string;
  readonly id: string;
  readonly changeId: string;
  readonly patient: string;
}

const entryOf = ({ operation: { facts } }: WholeOperation): Entry => {
  const [entry] = facts['entries'] as unknown as readonly [Entry];
  return entry;
};

/** The resource in an operation, unsealed with a data key. @throws CodedError BODY_UNOPENABLE */
function opened(one: WholeOperation, dataKey: Uint8Array): unknown {
  const { changeId, type, id } = entryOf(one);
  const [body] = one.operation.bodies as readonly [Uint8Array];
  return JSON.parse(Buffer.from(openBody(new BodyKey(dataKey), body, [changeId, `${type}/${id}`])).toString());
}

const mergeInto = (survivor: string) => ({
  link: [{ type: 'replaced-by', other: { identifier: { system, value: survivor } } }],
});
const erase = (mrn: string, ...more: readonly string[]) =>
  medrex(['erase', '--patient', `${system}|${mrn}`, '--data', stack.folder, ...more]);

describe('a merge, with real services', () => {
  it('makes messages for the old identifier go to the survivor', async () => {
    await send(person('merged-a'));
    await send(person('merged-b'));
    const [a, b] = [await patient('merged-a'), await patient('merged-b')];
    expect(a.pseudonym).not.toBe(b.pseudonym);
    const merge = await send(person('merged-a', mergeInto('merged-b')));
    expect(merge.body).toMatchObject({ detail: [{ merged: [{ from: a.pseudonym, into: b.pseudonym }] }] });
    // Ingest may cache the patient for half a key lease; then the operation finds the survivor on the ledger.
    const soon = await send(vitals('merged-a'));
    expect(soon.body['state']).toBe('applied');
    const later = await eventually('an observation of the survivor', async () => {
      const one = await operation(await send(vitals('merged-a')));
      return entryOf(one).patient === b.pseudonym ? one : undefined;
    });
    expect(later.operation.keys.some(({ key }) => key.includes(a.pseudonym))).toBe(false);
    expect((await patient('merged-a')).pseudonym).toBe(b.pseudonym);
    expect(opened(later, b.dataKey)).toMatchObject({ resourceType: 'Observation' });
  }, 60_000);
});

describe('medrex erase, while ingest runs', () => {
  it('erases a patient with all patients merged into it, and no other', async () => {
    const [first, other] = [await send(vitals('erased-a')), await send(vitals('other'))];
    await send(person('erased-b'));
    const [a, b, c] = [await patient('erased-a'), await patient('erased-b'), await patient('other')];
    await send(person('erased-a', mergeInto('erased-b')));
    const note = 'what nobody may read any more';
    const second = await send(vitals('erased-b', { note: [{ text: note }] }), 'last-words');
    const [one, two, three] = [await operation(first), await operation(second), await operation(other)];
    expect([opened(one, a.dataKey), opened(two, b.dataKey)]).toMatchObject([{}, { note: [{ text: note }] }]);

    const isOver = new AbortController();
    const statuses = { erased: new Set<number>(), other: new Set<number>() };
    const sending = (async () => {
      while (!isOver.signal.aborted) {
        const [answer, unaffected] = await Promise.all([send(vitals('erased-a')), send(vitals('other'))]);
        statuses.erased.add(answer.status);
        statuses.other.add(unaffected.status);
        if (answer.status === 409) expect(answer.body['code']).toBe('PATIENT_ERASING');
        await delay(50);
      }
    })();
    const ended = await erase('erased-b', '--yes', '--json');
    isOver.abort();
    await sending;

    // It waits for more than two seconds, and only reports that.
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringMatching(/^(waiting until .*\n)+$/)]);
    const erasure = JSON.parse(ended.stdout) as Record<string, unknown>;
    expect(erasure).toMatchObject({ kind: 'erased', dataKeys: 2, proven: [] });
    expect((erasure['pseudonyms'] as string[]).toSorted()).toEqual([a.pseudonym, b.pseudonym].toSorted());
    expect(statuses.erased.has(409)).toBe(true);
    expect([...statuses.other]).toEqual([200]);
    expect(await vault.byPseudonym(a.pseudonym)).toMatchObject({ state: 'erased' });
    expect(await vault.byPseudonym(b.pseudonym)).not.toHaveProperty('dataKey');

    // No key opens the bodies. The identifier now belongs to a new patient with a new key.
    const anew = await patient('erased-b');
    expect([a.pseudonym, b.pseudonym]).not.toContain(anew.pseudonym);
    expect(() => opened(two, anew.dataKey)).toThrow(expect.objectContaining({ code: 'BODY_UNOPENABLE' }));
    expect(opened(three, (await patient('other')).dataKey)).toMatchObject({ resourceType: 'Observation' });
    expect((await patient('other')).pseudonym).toBe(c.pseudonym);

    // Keyed hashes still verify: the same message is a repeat, and another one under its name is refused.
    const repeat = await send(vitals('erased-b', { note: [{ text: note }] }), 'last-words');
    expect(repeat.body).toMatchObject({ transactionId: two.operation.opId, digest: two.operation.sourceHash });
    const otherBytes = await send(vitals('erased-b', { note: [{ text: 'other words' }] }), 'last-words');
    expect([otherBytes.status, otherBytes.body]).toMatchObject([409, { firstDigest: two.operation.sourceHash }]);
  }, 90_000);

  it('destroys nothing while an operation of the patient is in flight', async () => {
    await send(person('in-flight'));
    const { pseudonym } = await patient('in-flight');
    stack.service('orderer-dag').pause();
    const headers = { 'ce-id': 'in-flight', 'ce-source': 'ehr' };
    const accepted = await stack.client.post('/v1/transactions', vitals('in-flight'), headers);
    expect(accepted.status).toBe(202);
    const erasing = erase('in-flight', '--yes');
    // Lease and quiet period are 6 s together, so an erasure that did not wait would be done by now.
    const first = await Promise.race([erasing.then(() => 'it was erased'), delay(8_000, 'it waits')]);
    const meanwhile = await vault.byPseudonym(pseudonym);
    stack.service('orderer-dag').continue();
    expect([first, meanwhile?.state]).toEqual(['it waits', 'erasing']);
    expect((await erasing).code).toBe(0);
    expect(await vault.byPseudonym(pseudonym)).toMatchObject({ state: 'erased' });
    const status = await stack.client.get(`/v1/transactions/${String(accepted.body['transactionId'])}`);
    expect(status.body['state']).toBe('applied');
  }, 60_000);

  it('reports the result by its exit code', async () => {
    const unknown = await erase('nobody', '--yes');
    expect([unknown.code, unknown.stdout]).toEqual([1, expect.stringContaining('No patient has that identifier')]);
    expect((await erase('other')).code).toBe(2);
    const elsewhere = await medrex(['erase', '--patient', `${system}|x`, '--yes', '--data', '/nowhere']);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('there is no vault')]);
  }, 60_000);

  it('that could not record its proof is completed by the next one, which reports that', async () => {
    await send(person('held'));
    const { pseudonym } = await patient('held');
    const reader = new DatabaseSync(join(stack.folder, 'vault', 'vault.db'));
    reader.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    const unproven = await erase('held', '--yes');
    expect([unproven.code, unproven.stderr]).toEqual([1, expect.stringContaining('Run `medrex erase` again')]);
    reader.close();
    const next = await medrexJson(['erase', '--patient', `${system}|held`, '--yes', '--data', stack.folder]);
    expect(next).toEqual({ kind: 'unknown', proven: [pseudonym] });
    expect(await vault.byPseudonym(pseudonym)).toMatchObject({ state: 'erased' });
  }, 60_000);
});

describe('medrex vault rotate, while ingest runs', () => {
  const keyFile = () => readFileSync(join(stack.folder, 'vault', 'tenant.key'), 'utf8');
  const rotate = (env: Readonly<Record<string, string>> = {}) =>
    medrex(['vault', 'rotate', '--data', stack.folder, '--json'], env);

  it('re-encrypts every row under a new key and keeps all pseudonyms', async () => {
    await send(person('rotated'));
    const [before, oldKey] = [await patient('rotated'), keyFile()];
    const { code, stdout } = await rotate();
    expect([code, JSON.parse(stdout)]).toEqual([0, { rows: expect.any(Number) }]);
    expect(keyFile()).not.toBe(oldKey);
    const [known, unknown] = [await send(vitals('rotated')), await send(person('after the rotation'))];
    expect([known.body['state'], unknown.body['state']]).toEqual(['applied', 'applied']);
    expect(entryOf(await operation(known)).patient).toBe(before.pseudonym);
    expect((await patient('rotated')).dataKey).toEqual(before.dataKey);
    const withOldKey = await openEmbeddedVault(join(stack.folder, 'vault'), { env: oldKey }, false);
    await expect(withOldKey.vault.byPseudonym(before.pseudonym)).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
    await withOldKey.vault.close();
  }, 60_000);

  it('requires both keys when they are in the environment', async () => {
    const { code, stderr } = await rotate({ MEDREX_TENANT_KEY: keyFile().trim() });
    expect([code, stderr]).toEqual([2, expect.stringContaining('needs the new and the old one')]);
    const next = 'ab'.repeat(32);
    const rotated = await rotate({ MEDREX_TENANT_KEY: `${next} ${keyFile().trim()}` });
    expect(rotated.code).toBe(0);
    const opened = await openEmbeddedVault(join(stack.folder, 'vault'), { env: next }, false);
    expect(await opened.vault.pendingErasures()).toEqual([]);
    await opened.vault.close();
  }, 60_000);
});

describe('the data folder', () => {
  it('is readable by its owner only', () => {
    const rights = (...path: readonly string[]) => statSync(join(stack.folder, ...path)).mode & 0o777;
    expect([
      rights('log', 'intake'),
      rights('vault'),
      rights('vault', 'vault.db'),
      rights('vault', 'tenant.key'),
    ]).toEqual([0o700, 0o700, 0o600, 0o600]);
  });
});
