import { describe, expect, it } from '@jest/globals';
import { Clinic, type Sent } from '@medrex/clinical/testing';
import { openLoad } from './load-stream.ts';
import { subjectOf, type LoadMessage } from './message.ts';
import { profileNamed, workdays } from './profiles/index.ts';
import { seededRandom, type Random } from './random.ts';
import { formulary } from './resources.ts';

const messagesEach = 300;

/** The business decisions that a profile is made to come to; everything else would be a fault of the load. */
const decisions: Readonly<Record<string, readonly string[]>> = {
  ward: [],
  'clinic-morning': ['SLOT_TAKEN'],
  'cpoe-rush': ['ALLERGY'],
  'claims-night': [],
  'hot-10': [],
};

function load(name: string, injections: Parameters<typeof openLoad>[0]['injections'] = []) {
  return openLoad({
    profile: profileNamed(name)!,
    rate: { kind: 'fixed', perSecond: 100 },
    seconds: messagesEach / 100,
    seed: 7,
    patients: 40,
    skew: 1.1,
    injections,
    startMs: Date.UTC(2026, 0, 5, 7),
  });
}

const send = (clinic: Clinic, { resource, ...message }: LoadMessage): Promise<Sent> => clinic.send(resource, message);

/** What messages came to, in order: refusals by code, and each operation's code with what it touched undeclared. */
async function outcomes(clinic: Clinic, messages: Iterable<LoadMessage>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const message of messages) {
    const { results, refusals } = await send(clinic, message);
    found.push(...refusals.map(({ code }) => `refused: ${code}`));
    found.push(...results.map(({ code, undeclared }) => (undeclared.length === 0 ? code : `${code}, undeclared keys`)));
  }
  return found;
}

/** Another order in which only messages about the same subject keep theirs: each message comes up to so many places later. */
function mixed(messages: readonly LoadMessage[], places: number, random: Random): readonly LoadMessage[] {
  const ahead = new Map<string, number>();
  const placed = messages.map((message, index) => {
    const subject = subjectOf(message) ?? message.id;
    const place = Math.max(index + random.next() * places, ahead.get(subject) ?? 0);
    ahead.set(subject, place);
    return { message, place };
  });
  return placed.sort((one, other) => one.place - other.place).map(({ message }) => message);
}

describe('the messages of a load', () => {
  it('are tried for every profile', () => {
    expect(Object.keys(decisions)).toEqual(expect.arrayContaining(workdays.map(({ name }) => name)));
  });

  it.each(Object.entries(decisions))('of %s all apply, but for %j', async (name, expected) => {
    const clinic = new Clinic();
    const { setup, stream } = load(name);
    expect(new Set(await outcomes(clinic, setup))).toEqual(new Set(setup.length === 0 ? [] : ['OK']));
    const messages = [...stream()].map(({ message }) => message);
    expect(messages).toHaveLength(messagesEach);
    const came = await outcomes(clinic, messages);
    // A booking that is moved finds the slot it leaves on its head: it does not say which one that is.
    const said = came.map((code) => (name === 'clinic-morning' ? code.replace(', undeclared keys', '') : code));
    expect(new Set(said)).toEqual(new Set(['OK', ...expected]));
    expect(said.filter((code) => code === 'OK').length).toBeGreaterThan(messagesEach / 2);
  });

  // Requests of a sender overtake each other: an order that is ended before it is given would be rejected.
  it.each(Object.entries(decisions))(
    'of %s all apply in any order that each subject keeps, but for %j',
    async (name, expected) => {
      const clinic = new Clinic();
      const injections = (['RAW', 'WAR', 'WAW'] as const).map((edge) => ({ edge, probability: 0.1, gap: 2 }));
      const { setup, stream } = load(name, injections);
      await outcomes(clinic, setup);
      const messages = [...stream()].map(({ message }) => message);
      const came = await outcomes(clinic, mixed(messages, 60, seededRandom(3)));
      const rejected = came.map((code) => code.replace(', undeclared keys', '')).filter((code) => code !== 'OK');
      expect(new Set(rejected)).toEqual(new Set(expected));
    },
  );

  it('leave no patient with more active orders than there are medicines', async () => {
    const clinic = new Clinic();
    const messages = [...load('cpoe-rush').stream()].map(({ message }) => message);
    await outcomes(
      clinic,
      messages.filter(({ resource }) => resource.resourceType === 'MedicationRequest'),
    );
    const longest = Math.max(...clinic.values('cli~orders~').map(({ lines }) => (lines as readonly unknown[]).length));
    expect(longest).toBeLessThanOrEqual(formulary.length);
  });

  it('that plant a dependency of each type all apply', async () => {
    const injections = (['RAW', 'WAR', 'WAW'] as const).map((edge) => ({ edge, probability: 0.2, gap: 5 }));
    const { setup, stream } = load('ward', injections);
    const messages = [...stream()].map(({ message }) => message);
    expect(messages.filter(({ resource }) => resource.resourceType === 'AllergyIntolerance').length).toBeGreaterThan(
      10,
    );
    expect(new Set(await outcomes(new Clinic(), [...setup, ...messages]))).toEqual(new Set(['OK']));
  });
});
