import { describe, expect, it } from '@jest/globals';
import { parseCounterKey, readCounter, type StateKey } from '@medrex/keys';
import { aBed, anEncounter, Clinic, idOf } from '../testing/index.ts';

const ward = { serviceProvider: { reference: 'Organization/ward-1' } };
const inBeds = (...location: readonly object[]) => anEncounter({ location, ...ward });
const beds = (clinic: Clinic) => clinic.values('cli~bed~').map(({ encounter }) => encounter);

/** The census of each ward as the sum of its deltas, ordered by key. */
function census(clinic: Clinic): readonly number[] {
  const keys = clinic.keys('ctr~census');
  const wards = [...new Set(keys.map((key) => parseCounterKey(key)!.counter))];
  return wards.map((ward) => {
    const deltas = keys.filter((key) => parseCounterKey(key)!.counter === ward);
    return readCounter(deltas.map((key) => ({ key, value: clinic.state.get(key)! }))).value;
  });
}

describe('a stay', () => {
  it('takes the bed and counts for the ward at admission, with exact keys', async () => {
    const clinic = new Clinic();
    const admitted = await clinic.put('e', inBeds(aBed('1')));
    expect(admitted).toMatchObject({ status: 'applied', undeclared: [] });
    expect(beds(clinic)).toEqual([idOf(admitted)]);
    expect(census(clinic)).toEqual([1]);
  });

  it('moves with exact keys when the message names the bed that is left', async () => {
    const clinic = new Clinic();
    await clinic.put('e', inBeds(aBed('1')));
    const [first] = clinic.keys('cli~bed~');
    const moved = await clinic.put('e', inBeds(aBed('1', 'completed'), aBed('2')));
    expect(moved).toMatchObject({ status: 'applied', undeclared: [] });
    expect(clinic.keys('cli~bed~')).toHaveLength(1);
    expect(clinic.keys('cli~bed~')).not.toContain(first);
    expect(census(clinic)).toEqual([1]);
  });

  it('finds the bed that is left in its head when the message does not name it, and reports the key', async () => {
    const clinic = new Clinic();
    await clinic.put('e', inBeds(aBed('1')));
    const [first] = clinic.keys('cli~bed~');
    const moved = await clinic.put('e', inBeds(aBed('2')));
    expect(moved).toMatchObject({ status: 'applied', undeclared: [{ key: first, mode: 'readWrite' }] });
    expect(clinic.keys('cli~bed~')).toHaveLength(1);
  });

  it('is rejected when the bed that the message says was left is another one', async () => {
    const clinic = new Clinic();
    await clinic.put('e', inBeds(aBed('1')));
    const wrong = await clinic.put('e', inBeds(aBed('7', 'completed'), aBed('2')));
    expect(wrong).toMatchObject({
      status: 'rejected',
      code: 'WRONG_POINTER',
      detail: { expression: 'Encounter.location' },
    });
    expect(clinic.keys('cli~bed~')).toHaveLength(1);
  });

  it('is rejected if the bed is occupied, and accepted once it is free', async () => {
    const clinic = new Clinic();
    await clinic.put('e', inBeds(aBed('1')));
    const other = { ...inBeds(aBed('1')), subject: { reference: 'Patient/p2' } };
    expect(await clinic.put('f', other)).toMatchObject({ status: 'rejected', code: 'BED_OCCUPIED' });
    await clinic.put('e', anEncounter({ status: 'finished', location: [aBed('1', 'completed')], ...ward }));
    expect(await clinic.put('f', other)).toMatchObject({ status: 'applied' });
  });

  it.each([
    ['naming the bed', [aBed('1', 'completed')], true],
    ['naming none', [], false],
  ])('frees the bed and leaves the census at discharge, %s', async (_how, location, isExact) => {
    const clinic = new Clinic();
    await clinic.put('e', inBeds(aBed('1')));
    const done = await clinic.put(
      'e',
      anEncounter({ status: 'finished', ...(location.length > 0 ? { location } : {}), ...ward }),
    );
    expect(done.status).toBe('applied');
    // The previous ward is always found in the head. Its delta conflicts with nothing.
    expect(done.undeclared.filter(({ key }) => key.startsWith('cli~')).length).toBe(isExact ? 0 : 1);
    expect(beds(clinic)).toEqual([]);
    expect(census(clinic)).toEqual([0]);
  });

  it('frees the bed when the encounter is deleted or was entered in error', async () => {
    const clinic = new Clinic();
    await clinic.put('e', inBeds(aBed('1')));
    await clinic.delete('Encounter/e');
    await clinic.put('f', inBeds(aBed('1')));
    await clinic.put('f', anEncounter({ status: 'entered-in-error', location: [aBed('1')] }));
    expect(beds(clinic)).toEqual([]);
    expect(census(clinic).reduce((sum, one) => sum + one, 0)).toBe(0);
  });

  it('changes the census of both wards when it moves between them', async () => {
    const clinic = new Clinic();
    await clinic.put('e', inBeds(aBed('1')));
    await clinic.put(
      'e',
      anEncounter({
        location: [aBed('1', 'completed'), aBed('2')],
        serviceProvider: { reference: 'Organization/ward-2' },
      }),
    );
    expect([...census(clinic)].sort()).toEqual([0, 1]);
  });

  it('admission, transfer and discharge in one batch leave nothing behind', async () => {
    const clinic = new Clinic();
    const { operations: admit } = await clinic.translate(inBeds(aBed('1')), {
      request: { method: 'PUT', url: 'Encounter/e' },
    });
    const { operations: transfer } = await clinic.translate(inBeds(aBed('2')), {
      request: { method: 'PUT', url: 'Encounter/e' },
    });
    const { operations: discharge } = await clinic.translate(anEncounter({ status: 'finished' }), {
      request: { method: 'PUT', url: 'Encounter/e' },
    });
    const results = await clinic.apply([...admit, ...transfer, ...discharge]);
    expect(results.map(({ status }) => status)).toEqual(['applied', 'applied', 'applied']);
    expect(beds(clinic)).toEqual([]);
  });
});

describe('locations that are not beds', () => {
  it.each([
    ['a clinic without status', anEncounter({ location: [{ location: { reference: 'Location/clinic' } }] })],
    [
      'an outpatient’s location',
      anEncounter({
        class: { code: 'AMB' },
        location: [{ location: { reference: 'Location/clinic' }, status: 'active' }],
      }),
    ],
    ['a ward', anEncounter({ location: [{ ...aBed('w'), physicalType: { coding: [{ code: 'wa' }] } }] })],
    ['a bed that is planned', anEncounter({ status: 'planned', location: [aBed('1')] })],
    ['a reserved bed', anEncounter({ location: [aBed('1', 'reserved')] })],
  ])('%s', async (_what, encounter) => {
    const clinic = new Clinic();
    expect(await clinic.post(encounter)).toMatchObject({ status: 'applied' });
    expect(clinic.keys('cli~bed~')).toEqual([]);
  });

  it('but an inpatient’s location with a status is one without any type', async () => {
    const clinic = new Clinic();
    await clinic.post(anEncounter({ location: [{ location: { reference: 'Location/1' }, status: 'active' }] }));
    expect(clinic.keys('cli~bed~')).toHaveLength(1);
  });
});

describe('an encounter', () => {
  it('does not begin again when it has finished', async () => {
    const clinic = new Clinic();
    await clinic.put('e', anEncounter({ status: 'finished' }));
    expect(await clinic.put('e', anEncounter())).toMatchObject({
      code: 'STATUS_TRANSITION',
      detail: { from: 'finished', to: 'in-progress' },
    });
  });

  it.each([
    [
      'a period that ends before it starts',
      { period: { start: '2026-01-05T08:00:00Z', end: '2026-01-05T09:30:00+02:00' } },
      'Encounter.period',
    ],
    [
      'two statuses at one time',
      {
        statusHistory: [
          { status: 'arrived', period: { start: '2026-01-05T08:00:00Z', end: '2026-01-05T10:00:00Z' } },
          { status: 'in-progress', period: { start: '2026-01-05T09:00:00Z' } },
        ],
      },
      'Encounter.statusHistory[0].period',
    ],
  ])('is refused with %s', async (_what, over, expression) => {
    const { refusals } = await new Clinic().send(anEncounter(over));
    expect(refusals).toMatchObject([{ code: 'INVALID_RESOURCE', issues: [{ code: 'invariant', expression }] }]);
  });
});

it('bed keys contain only minted ids', async () => {
  const clinic = new Clinic();
  await clinic.post(inBeds(aBed('bed-of-jane-doe')));
  const key: StateKey | undefined = clinic.keys('cli~bed~')[0];
  expect(key).toMatch(/^cli~bed~[0-9a-f]{48}$/);
});
