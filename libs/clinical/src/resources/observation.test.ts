import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { timeSeriesRange } from '@medrex/keys';
import { anObservation, Clinic, idOf, entryResultOf } from '../testing/index.ts';

const at = (effectiveDateTime: string, over: object = {}) => anObservation({ effectiveDateTime, ...over });

describe('vital signs', () => {
  it('include both of two readings at one instant', async () => {
    const clinic = new Clinic();
    await clinic.post(anObservation());
    await clinic.post(anObservation());
    expect(clinic.keys('cli~vit~')).toHaveLength(2);
  });

  it('are in order however late they come', async () => {
    const clinic = new Clinic();
    const instants = ['2026-01-05T10:00:00Z', '2026-01-05T08:00:00Z', '2026-01-05T10:00:00+01:00'];
    for (const instant of instants) await clinic.post(at(instant));
    expect(clinic.values('cli~vit~').map(({ facts }) => (facts as { time: string }).time)).toEqual([
      instants[1],
      instants[2],
      instants[0],
    ]);
  });

  it('are found by patient, code and time in one range', async () => {
    const clinic = new Clinic();
    await clinic.post(at('2026-01-05T08:00:00Z'));
    await clinic.post(at('2026-01-06T08:00:00Z'));
    await clinic.post(at('2026-01-05T09:00:00Z', { subject: { reference: 'Patient/p2' } }));
    const subject = clinic.context.pseudonymOf([{ system: 'urn:medrex:fhir:Patient', value: 'p1' }])!;
    const { start, end } = timeSeriesRange({
      space: 'clinical',
      entity: 'vit',
      subject,
      code: 'loinc:8867-4',
      from: '2026-01-05',
      to: '2026-01-06',
    });
    expect(clinic.keys('cli~vit~').filter((key) => key >= start && key < end)).toHaveLength(1);
  });

  it('share no key but their patient’s link', async () => {
    const clinic = new Clinic();
    const first = await clinic.translate(anObservation());
    const second = await clinic.translate(anObservation());
    const keys = new Set(first.operations[0]!.keys.map(({ key }) => key));
    expect(second.operations[0]!.keys.filter(({ key }) => keys.has(key))).toMatchObject([{ mode: 'read' }]);
  });

  it('have only coded facts', async () => {
    const clinic = new Clinic();
    const { operations } = await clinic.translate(
      anObservation({ note: [{ text: 'felt dizzy' }], valueQuantity: undefined, valueString: 'about eighty' }),
    );
    expect(JSON.stringify(operations[0]!.facts)).not.toMatch(/dizzy|eighty/);
  });
});

describe('the status of an observation', () => {
  const next = async (before: string, after: string) => {
    const clinic = new Clinic();
    await clinic.put('x', anObservation({ status: before }));
    return clinic.put('x', anObservation({ status: after }));
  };

  it.each([
    ['preliminary', 'final'],
    ['registered', 'preliminary'],
    ['final', 'final'],
    ['final', 'amended'],
    ['final', 'corrected'],
    ['final', 'entered-in-error'],
    ['corrected', 'amended'],
    ['unknown', 'preliminary'],
  ])('may go from %s to %s', async (before, after) => {
    expect(await next(before, after)).toMatchObject({ status: 'applied', undeclared: [] });
  });

  it.each([
    ['final', 'preliminary'],
    ['final', 'cancelled'],
    ['corrected', 'final'],
    ['amended', 'registered'],
    ['cancelled', 'final'],
    ['entered-in-error', 'final'],
  ])('may not go from %s to %s', async (before, after) => {
    expect(await next(before, after)).toMatchObject({
      status: 'rejected',
      code: 'STATUS_TRANSITION',
      detail: { from: before, to: after, expression: 'Observation.status' },
    });
  });

  it('may be any again after a delete', async () => {
    const clinic = new Clinic();
    await clinic.put('x', anObservation({ status: 'final' }));
    await clinic.delete('Observation/x');
    expect(entryResultOf(await clinic.put('x', anObservation({ status: 'preliminary' })))).toMatchObject({
      did: 'created',
      version: 3,
    });
  });
});

describe('a correction', () => {
  it('replaces the reading, whose record stays as it was', async () => {
    const clinic = new Clinic();
    const id = idOf(await clinic.post(anObservation()));
    const [key] = clinic.keys('cli~vit~');
    const recorded = clinic.state.get(key!);
    await clinic.put(id, anObservation({ status: 'corrected', valueQuantity: { value: 90 } }));
    expect(clinic.state.get(key!)).toEqual(recorded);
    expect(clinic.values('cli~vit~').map(({ version }) => version)).toEqual([1, 2]);
    expect(clinic.values('cli~res~Observation')).toMatchObject([{ version: 2, record: clinic.keys('cli~vit~')[1] }]);
  });

  it('of the time leaves a note at the old time that the reading was moved', async () => {
    const clinic = new Clinic();
    const id = idOf(await clinic.post(at('2026-01-05T08:00:00Z')));
    const corrected = await clinic.put(id, at('2026-01-05T07:00:00Z', { status: 'corrected' }));
    expect(clinic.values('cli~vit~')).toMatchObject([{ version: 2 }, { version: 1 }, { id, isMoved: true }]);
    expect(corrected.undeclared).toMatchObject([{ mode: 'write' }]);
  });

  it('by deleting leaves a note at its time', async () => {
    const clinic = new Clinic();
    const id = idOf(await clinic.post(anObservation()));
    await clinic.delete(`Observation/${id}`);
    expect(clinic.values('cli~vit~')).toMatchObject([{ version: 1 }, { id, isMoved: true }]);
  });
});

describe('observations without a patient or a time', () => {
  it.each([
    ['no subject', { subject: undefined }],
    ['a location as subject', { subject: { reference: 'Location/icu' } }],
    ['no time', { effectiveDateTime: undefined }],
  ])('are records like others: %s', async (_what, over) => {
    const clinic = new Clinic();
    expect(await clinic.post(anObservation(over))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(clinic.keys('cli~ver~Observation')).toHaveLength(1);
  });
});

it('histories of one observation keep every accepted version', async () => {
  const statuses = fc.constantFrom('registered', 'preliminary', 'final', 'amended', 'corrected', 'entered-in-error');
  await fc.assert(
    fc.asyncProperty(fc.array(statuses, { minLength: 1, maxLength: 12 }), async (history) => {
      const clinic = new Clinic();
      let applied = 0;
      for (const status of history) {
        const result = await clinic.put('x', anObservation({ status }));
        if (result.status === 'applied') applied += 1;
      }
      expect(clinic.values('cli~res~Observation')).toMatchObject([{ version: applied }]);
      expect(
        clinic
          .values('cli~vit~')
          .map(({ version }) => version)
          .sort(),
      ).toEqual(Array.from({ length: applied }, (_, index) => index + 1));
    }),
    { numRuns: 40 },
  );
});
