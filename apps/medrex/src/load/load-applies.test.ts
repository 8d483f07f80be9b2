import { describe, expect, it } from '@jest/globals';
import { Clinic, type SentMessage } from '@medrex/clinical/testing';
import { openLoad } from './load-stream.ts';
import { subjectOf, type LoadMessage } from './message.ts';
import { profileNamed, workdays } from './profiles/index.ts';
import { seededRandom, type Random } from './random.ts';
import { formulary } from './resources.ts';

const messagesEach = 300;

/** The rejections that each profile produces on purpose; any other would be an error of the load. */
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

const send = (clinic: Clinic, { resource, ...message }: LoadMessage): Promise<SentMessage> =>
  clinic.send(resource, message);

/** The results of messages in order: codes of refusals, and the code of each operation with its undeclared keys. */
async function outcomes(clinic: Clinic, messages: Iterable<LoadMessage>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const message of messages) {
    const { results, refusals } = await send(clinic, message);
    found.push(...refusals.map(({ code }) => `refused: ${code}`));
    found.push(...results.map(({ code, undeclared }) => (undeclared.length === 0 ? code : `${code}, undeclared keys`)));
  }
  return found;
}

/** A random order in which messages of one subject keep their order, and each message is at most `places` later. */
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
  it('are tested for every profile', () => {
    expect(Object.keys(decisions)).toEqual(expect.arrayContaining(workdays.map(({ name }) => name)));
  });

  it.each(Object.entries(decisions))('of %s all apply, except for %j', async (name, expected) => {
    const clinic = new Clinic();
    const { setup, stream } = load(name);
    expect(new Set(await outcomes(clinic, setup))).toEqual(new Set(setup.length === 0 ? [] : ['OK']));
    const messages = [...stream()].map(({ message }) => message);
    expect(messages).toHaveLength(messagesEach);
    const came = await outcomes(clinic, messages);
    // A moved booking reads the slot it leaves from its own state, so it cannot declare that slot.
    const codes = came.map((code) => (name === 'clinic-morning' ? code.replace(', undeclared keys', '') : code));
    expect(new Set(codes)).toEqual(new Set(['OK', ...expected]));
    expect(codes.filter((code) => code === 'OK').length).toBeGreaterThan(messagesEach / 2);
  });

  // Requests of a sender may overtake each other; an order ended before it is created would be rejected.
  it.each(Object.entries(decisions))(
    'of %s all apply in any order that keeps the order per subject, except for %j',
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

  it('leave no patient with more active orders than medicines', async () => {
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
