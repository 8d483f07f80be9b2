import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { erasePatient, type ErasePatient } from './erase-patient.ts';
import { InMemoryPatientVault } from './in-memory/in-memory-patient-vault.ts';
import { lookUp, mrn, patientOf } from './testing/vault-fixture.ts';

let vault: InMemoryPatientVault;
/** What happened, in order: waits in ms, and how many operations were live when asked. */
let steps: string[];

beforeEach(() => {
  vault = new InMemoryPatientVault({ random: randomBytes });
  steps = [];
});

/** An erasure of MRN 1 whose live operations are counted by `live`, called with how often it was asked before. */
function erase(
  live: (asked: number, pseudonyms: readonly string[]) => number | Promise<number>,
  more: Partial<ErasePatient> = {},
): ReturnType<typeof erasePatient> {
  let asked = 0;
  return erasePatient({
    vault,
    identifier: mrn('1'),
    sleep: async (ms) => void steps.push(`wait ${ms}`),
    liveOperations: async (pseudonyms) => {
      const count = await live(asked++, pseudonyms);
      steps.push(`live ${count}`);
      return count;
    },
    ...more,
  });
}

describe('erasePatient', () => {
  it('refuses messages first, waits for the lease and a quiet second, then destroys', async () => {
    const { pseudonym } = await patientOf(vault, mrn('1'));
    const erased = await erase(async (asked) => {
      if (asked === 0) expect((await patientOf(vault, mrn('1'))).state).toBe('erasing');
      return 0;
    });
    expect(erased).toEqual({
      kind: 'erased',
      proven: [],
      pseudonyms: [pseudonym],
      waitedMs: 6_000,
      dataKeys: 1,
      identifiers: 1,
    });
    expect(steps).toEqual(['wait 5000', 'live 0', ...Array.from({ length: 4 }, () => ['wait 250', 'live 0']).flat()]);
    expect((await lookUp(vault, mrn('1'))).isNew).toBe(true);
  });

  it('waits for live operations, and again when one appears late', async () => {
    await patientOf(vault, mrn('1'));
    const live = [3, 3, 0, 0, 1, 0];
    await erase((asked) => live[asked] ?? 0);
    expect(steps.filter((step) => step.startsWith('live'))).toEqual(
      [3, 3, 0, 0, 1, 0, 0, 0, 0, 0].map((count) => `live ${count}`),
    );
  });

  it('also erases a patient who is merged while it waits, after that patient’s lease', async () => {
    const [one, two] = [await patientOf(vault, mrn('1')), await patientOf(vault, mrn('2'))];
    const counted: (readonly string[])[] = [];
    const erased = await erase(async (asked, pseudonyms) => {
      counted.push(pseudonyms);
      if (asked === 1) await vault.merged(two.pseudonym, one.pseudonym);
      return asked < 2 ? 1 : 0;
    });
    expect(erased).toMatchObject({
      kind: 'erased',
      pseudonyms: [one.pseudonym, two.pseudonym],
      dataKeys: 2,
      identifiers: 2,
    });
    expect(counted.at(2)).toEqual([one.pseudonym, two.pseudonym]);
    expect(steps.filter((step) => step === 'wait 5000')).toHaveLength(2);
    expect(await vault.pendingErasures()).toEqual([]);
  });

  it('gives up waiting without destroying anything, and continues when it is called again', async () => {
    const { pseudonym } = await patientOf(vault, mrn('1'));
    await expect(erase(() => 1, { waitMaxMs: 2_000 })).rejects.toMatchObject({
      code: 'ERASURE_WAITING',
      retryable: true,
    });
    expect(await vault.byPseudonym(pseudonym)).toMatchObject({ state: 'erasing', dataKey: expect.anything() });
    expect(await vault.pendingErasures()).toEqual([pseudonym]);
    expect(await erase(() => 0, { identifier: { pseudonym } })).toMatchObject({
      kind: 'erased',
      pseudonyms: [pseudonym],
    });
  });

  it('reports an unknown identifier without waiting', async () => {
    expect(await erase(() => 0)).toEqual({ kind: 'unknown', proven: [] });
    expect(steps).toEqual([]);
  });
});
