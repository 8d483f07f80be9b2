import { describe, expect, it } from '@jest/globals';
import { defaultPlannerLimits } from '@medrex/batch-planner';
import { clinicalContract } from '@medrex/clinical';
import { anObservation, aPatient, aPractitioner, Clinic } from '@medrex/clinical/testing';
import { parseStateValue, type Contract, type Operation, type State } from '@medrex/execute-batch';
import { accountKey, assetTransfer, kindKey } from '@medrex/execute-batch/testing';
import { counterBaseKey, readCounter, type StateKey } from '@medrex/keys';
import { seededRandom } from '@medrex/ledger';
import { audit, auditSerially } from './testing/audit.ts';
import { ledgerState } from './testing/channel-record.ts';
import { anAssetOperation, deposit } from './testing/operations.ts';
import { TestChannel, type TestChannelOptions } from './testing/test-channel.ts';

// The histories of docs/protocol.md, "Histories". Each one breaks without one of the rules of the protocol.

async function running(options: TestChannelOptions = {}) {
  const channel = await TestChannel.open(options);
  return { channel, instance: await channel.start() };
}

const invalid = (notes: readonly string[]): readonly string[] =>
  notes.filter((note) => note.startsWith('validated') && note !== 'validated: VALID');
const stateOf = async ({ ledger }: TestChannel, key: StateKey) => parseStateValue((await ledgerState(ledger)).get(key));
const detailOf = (channel: TestChannel, seq: number) => channel.outcomes().get(seq)?.[0]?.detail;

describe('a duplicate', () => {
  it('adds nothing after the compaction of its delta, or in the same fusion as the compaction', async () => {
    const { channel } = await running({ latencies: { hopMs: 10 } });
    const [one, two] = [5, 2].map((amount, at) =>
      anAssetOperation({ do: 'count', counter: 'census', id: `d${at}`, amount }),
    ) as [Operation, Operation];
    await channel.append([one, two]);
    await channel.quiet();
    await channel.append([one, anAssetOperation({ do: 'compact', counter: 'census', ids: ['d0', 'd1'] }), two]);
    await channel.quiet();
    const again = await channel.append([one, two]);
    await channel.quiet();
    expect(again.map((seq) => channel.end(seq))).toEqual(['applied OK', 'applied OK']);
    const counted = [...(await ledgerState(channel.ledger))].filter(([key]) => key.startsWith('ctr~census'));
    expect(counted.map(([key]) => key)).toEqual([counterBaseKey('census')]);
    expect(readCounter(counted.map(([key, value]) => ({ key, value })))).toEqual({ value: 7, deltas: 0 });
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('gets the outcome of the first after its patient was merged, and does not change the survivor', async () => {
    const { channel, instance } = await running({ contracts: [clinicalContract], latencies: { hopMs: 10 } });
    const clinic = new Clinic();
    const put = async (id: string, over: object = {}): Promise<readonly Operation[]> => {
      const person = aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: id }], ...over });
      const { operations } = await clinic.translate(person, { request: { method: 'PUT', url: `Patient/${id}` } });
      return operations;
    };
    const reading = async (): Promise<Operation> => {
      const { operations } = await clinic.translate(anObservation({ subject: { reference: 'Patient/goes' } }));
      return operations[0] as Operation;
    };
    const [before, beside, behind] = [await reading(), await reading(), await reading()];
    const link = { active: false, link: [{ type: 'replaced-by', other: { reference: 'Patient/stays' } }] };
    const [first] = await channel.append([before, ...(await put('stays')), ...(await put('goes'))]);
    await channel.quiet();
    // In flight together with the merge, and after it.
    await channel.append([beside]);
    await channel.until(() => instance.count('sent') > 1);
    const [merge] = await channel.append([...(await put('goes', link)), before, beside, behind]);
    await channel.quiet();
    const [again] = await channel.append([before]);
    await channel.quiet();
    expect(detailOf(channel, merge as number)).toMatchObject([{ merged: [{}] }]);
    expect(detailOf(channel, again as number)).toEqual(detailOf(channel, first as number));
    const readings = [...(await ledgerState(channel.ledger)).keys()].filter((key) => key.startsWith('cli~vit~'));
    expect(readings).toHaveLength(3);
    expect(invalid(instance.notes)).toEqual([]);
    expect(await audit(channel)).toEqual([]);
  });

  it('of the name of an operation about another patient waits for it, is rejected and changes nothing', async () => {
    const { channel, instance } = await running({ latencies: { hopMs: 10 } });
    const first = deposit('ann');
    const seqs = await channel.append([first]);
    await channel.until(() => instance.count('sent') > 0);
    seqs.push(...(await channel.append([{ ...deposit('ben'), opId: first.opId }, deposit('cat')])));
    await channel.quiet();
    expect(seqs.map((seq) => channel.end(seq))).toEqual(['applied OK', 'rejected ID_REUSED', 'applied OK']);
    expect(await stateOf(channel, accountKey('ben'))).toBeUndefined();
    expect(invalid(instance.notes)).toEqual([]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });
});

describe('ensures of one key', () => {
  const ensure = (content: string): Operation => anAssetOperation({ do: 'ensure', kind: 'k', content });

  it('are applied with equal content and rejected with other content, in flight and later; the first one stays', async () => {
    const { channel, instance } = await running({ latencies: { hopMs: 10 } });
    const seqs = await channel.append([ensure('x'), ensure('x')]);
    await channel.until(() => instance.count('sent') > 0);
    seqs.push(...(await channel.append([ensure('x'), ensure('y'), ensure('x')])));
    await channel.quiet();
    seqs.push(...(await channel.append([ensure('y'), ensure('x')])));
    await channel.quiet();
    const [ok, differs] = ['applied OK', 'rejected CONTENT_DIFFERS'];
    expect(seqs.map((seq) => channel.end(seq))).toEqual([ok, ok, ok, differs, ok, differs, ok]);
    expect(seqs.map((seq) => detailOf(channel, seq))).toEqual([
      { created: true },
      ...Array<unknown>(2).fill({ created: false }),
      undefined,
      { created: false },
      undefined,
      { created: false },
    ]);
    expect(await stateOf(channel, kindKey('k'))).toEqual({ content: 'x' });
    expect(invalid(instance.notes)).toEqual([]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('are led by the next one when the first is not applied', async () => {
    const { channel, instance } = await running({ latencies: { hopMs: 10 } });
    const expired = await channel.append([ensure('y')], { deadlineMs: channel.clock.now() - 1 });
    const next = await channel.append([ensure('x'), ensure('x'), ensure('y')]);
    await channel.quiet();
    expect([...expired, ...next].map((seq) => channel.end(seq))).toEqual([
      'dead EXPIRED',
      'applied OK',
      'applied OK',
      'rejected CONTENT_DIFFERS',
    ]);
    expect(next.map((seq) => detailOf(channel, seq))).toEqual([{ created: true }, { created: false }, undefined]);
    expect(invalid(instance.notes)).toEqual([]);
    expect(await audit(channel)).toEqual([]);
  });
});

describe('an identifier shared by several resources', () => {
  const ifNoneExist = 'identifier=http://hl7.org/fhir/sid/us-npi|9999999999';
  const nobody = aPractitioner({ identifier: undefined });
  const asked = (method: 'POST' | 'PUT' | 'DELETE', url: string) => ({ request: { method, url } }) as const;
  const put = (id: string, body = aPractitioner()) => [body, asked('PUT', `Practitioner/${id}`)] as const;
  const post = [aPractitioner(), asked('POST', 'Practitioner')] as const;
  // A conditional update with another shared identifier changes an undeclared key.
  const other = { system: 'urn:hospital:staff', value: 'S-1' };
  const searched = `identifier=${other.system}|${other.value}`;
  const twoNames = aPractitioner({ identifier: [...(aPractitioner().identifier as object[]), other] });
  const discover = [twoNames, { request: { method: 'POST', url: 'Practitioner', ifNoneExist: searched } }] as const;
  const create = [aPractitioner(), { request: { method: 'POST', url: 'Practitioner', ifNoneExist } }] as const;
  const update = [aPractitioner(), asked('PUT', `Practitioner?${ifNoneExist}`)] as const;
  const remove = [undefined, asked('DELETE', `Practitioner?${ifNoneExist}`)] as const;
  const removeOne = (id: string) => [undefined, asked('DELETE', `Practitioner/${id}`)] as const;
  const name = [anObservation({ performer: [{ reference: `Practitioner?${ifNoneExist}` }] }), {}] as const;

  it('leads to the remaining resource, however many were written concurrently', async () => {
    const { channel, instance } = await running({ contracts: [clinicalContract], latencies: { hopMs: 10 } });
    const clinic = new Clinic();
    const operations = async (
      messages: readonly (readonly [object | undefined, Parameters<Clinic['translate']>[1]])[],
    ): Promise<readonly Operation[]> =>
      (await Promise.all(messages.map(([body, message]) => clinic.translate(body, message)))).flatMap(
        (translated) => translated.operations,
      );
    const ends = (seqs: readonly number[]) => seqs.map((seq) => channel.end(seq));
    const did = (seqs: readonly number[]) => seqs.map((seq) => (detailOf(channel, seq) as { did: string }[])[0]?.did);

    const racing = await channel.append(await operations(Array.from({ length: 50 }, () => create)));
    await channel.quiet();
    expect(did(racing)).toEqual(['created', ...Array.from({ length: 49 }, () => 'existing')]);

    // Each of these changes the existing entry, the last one without having declared it.
    const more = await channel.append(await operations([put('a'), put('b')]));
    await channel.until(() => instance.count('sent') > 1);
    more.push(...(await channel.append(await operations([post, put('c'), put('a'), discover]))));
    await channel.quiet();
    expect(ends(more)).toEqual(more.map(() => 'applied OK'));
    const ambiguous = await channel.append(await operations([create, update, remove, name]));
    await channel.quiet();
    expect(ends(ambiguous)).toEqual(ambiguous.map(() => 'rejected MULTIPLE_MATCHES'));

    const others = [racing[0]!, more[2]!, more[5]!].map((seq) => idIn(detailOf(channel, seq)));
    const fewer = await channel.append(
      await operations([...others.map(removeOne), removeOne('b'), put('c', nobody), removeOne('a'), put('b')]),
    );
    await channel.quiet();
    expect(ends(fewer)).toEqual(fewer.map(() => 'applied OK'));
    const sole = await channel.append(await operations([create, update, name, remove, create]));
    await channel.quiet();
    expect(ends(sole)).toEqual(sole.map(() => 'applied OK'));
    expect(did(sole)).toEqual(['existing', 'updated', 'created', 'deleted', 'created']);
    expect(invalid(instance.notes)).toEqual([]);
    expect(await audit(channel)).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6])('has a serial history whatever is in flight together, seed %i', async (seed) => {
    const { channel, instance } = await running({
      contracts: [clinicalContract],
      seed,
      latencies: { hopMs: 10 },
    });
    const clinic = new Clinic();
    const random = seededRandom(seed);
    const kinds = [put('a'), put('b', nobody), post, create, create, update, remove, removeOne('a'), name, discover];
    for (let burst = 0; burst < 12; burst++) {
      const operations: Operation[] = [];
      for (let one = 0; one < 5; one++) {
        const [body, message] = kinds[Math.floor(random() * kinds.length)]!;
        operations.push(...(await clinic.translate(body, message)).operations);
      }
      await channel.append(operations);
      const sent = instance.count('sent');
      if (burst % 3 === 2) await channel.quiet();
      else await channel.until(() => instance.count('sent') > sent);
    }
    await channel.quiet();
    expect(invalid(instance.notes)).toEqual([]);
    expect(await audit(channel)).toEqual([]);
  });
});

/** The id in the result of an applied operation with one entry. */
function idIn(detail: unknown): string {
  return (detail as readonly { readonly reference: string }[])[0]!.reference.replace('Practitioner/', '');
}

describe('an order (CPOE) behind a hot key of the audit trail', () => {
  it('takes along the earlier operations on the key, in front of all others that wait', async () => {
    const planner = {
      ...defaultPlannerLimits,
      fusion: { ...defaultPlannerLimits.fusion, operationsMax: 20 },
      size: { ...defaultPlannerLimits.size, operationsMin: 5 },
      jitter: () => 0.5,
    };
    const { channel } = await running({ latencies: { hopMs: 5 }, limits: { planner } });
    const others = Array.from({ length: 2_000 }, (_, at) => deposit(`trail-${at}`));
    const before = Array.from({ length: 40 }, () => deposit('hub'));
    await channel.append([...others, ...before], { class: 'audit' });
    const [order] = (await channel.append([deposit('hub')], { class: 'cpoe' })) as [number];
    await channel.until(() => channel.end(order) !== undefined);
    // The forty operations on the key and the order make three consecutive fusions, each in parallel with at most four other flights.
    expect(channel.outcomes().size).toBeLessThan(400);
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });
});

/** Ignores every refusal. */
async function insist(state: State): Promise<void> {
  try {
    await state.get(accountKey('eve'));
  } catch {
    // goes on
  }
}

describe('an endless loop in the contract', () => {
  const bad = deposit('eve');
  const looping = (loop: Contract['apply']): Contract => ({
    ...assetTransfer,
    apply: (operation, state, budget) =>
      operation.opId === bad.opId ? loop(operation, state, budget) : assetTransfer.apply(operation, state, budget),
  });
  const kinds: [string, Contract][] = [
    [
      'that exhausts its budget',
      looping((_operation, _state, budget) => {
        for (;;) budget.spend(1);
      }),
    ],
    [
      'that reads the state',
      looping(async (_operation, state) => {
        for (;;) await state.get(accountKey('eve'));
      }),
    ],
    [
      'that reads the state again and again and ignores every refusal',
      looping(async (_operation, state) => {
        for (let tries = 0; tries < 10_000; tries++) await insist(state);
        return undefined;
      }),
    ],
  ];

  it.each(kinds)(
    '%s ends in a rejection at its place; the others are applied and none is suspect',
    async (_what, contract) => {
      const { channel, instance } = await running({ contracts: [contract] });
      const seqs = await channel.append([deposit('ann'), bad, deposit('eve')]);
      await channel.quiet();
      expect(seqs.map((seq) => channel.end(seq))).toEqual(['applied OK', 'rejected BUDGET_EXCEEDED', 'applied OK']);
      expect(await stateOf(channel, accountKey('eve'))).toEqual({ balance: 1 });
      expect(instance.notes.filter((note) => note.startsWith('returned') || note.startsWith('closing'))).toEqual([]);
    },
  );
});

describe('a second endorser that is down', () => {
  it('is awaited: nothing is sent or given up, and all goes on when it is back', async () => {
    const { channel, instance } = await running({ organisations: ['Org1MSP', 'Org2MSP'] });
    await channel.append(['ann', 'ben', 'ann'].map((name) => deposit(name)));
    await channel.quiet();
    channel.ledger.setFaults({ laggingEndorsers: { Org2MSP: 'held' }, endorsementFails: 1 });
    await channel.append(['ann', 'ben', 'ann'].map((name) => deposit(name)));
    await channel.clock.advance(60_000);
    expect([instance.loop.status().breaker, instance.count('sent')]).toEqual(['probe-failed', 1]);
    channel.ledger.setFaults({ laggingEndorsers: {}, endorsementFails: 0 });
    await channel.quiet();
    expect(instance.notes.filter((note) => note.startsWith('closing'))).toEqual([]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });
});
