import { describe, expect, it } from '@jest/globals';
import {
  aBundle,
  anAppointment,
  aPost,
  aPut,
  aSlot,
  Clinic,
  idOf,
  leaving,
  withPractitioner,
  type SentMessage,
} from '../testing/index.ts';

const holders = (clinic: Clinic) => clinic.values('sch~booking~').map(({ appointment }) => appointment);
const written = ({ operations }: SentMessage) =>
  operations.flatMap(({ keys }) => keys.filter(({ mode }) => mode !== 'read').map(({ key }) => key));

async function withSlots(...ids: readonly string[]): Promise<Clinic> {
  const clinic = new Clinic();
  for (const id of ids) await clinic.put(id, aSlot());
  return clinic;
}

describe('a booking', () => {
  it('takes its slots, with exact keys', async () => {
    const clinic = await withSlots('s1', 's2');
    const booked = await clinic.put('a', anAppointment(['s1', 's2']));
    expect(booked).toMatchObject({ status: 'applied', undeclared: [] });
    expect(holders(clinic)).toEqual([idOf(booked), idOf(booked)]);
  });

  it('of a slot that several ask for goes to the first in intake order', async () => {
    const clinic = await withSlots('s');
    const { operations: first } = await clinic.translate(anAppointment(['s']));
    const { operations: second } = await clinic.translate(anAppointment(['s']));
    const results = await clinic.apply([...second, ...first]);
    expect(results).toMatchObject([
      { status: 'applied' },
      { status: 'rejected', code: 'SLOT_TAKEN', detail: { expression: 'Appointment.slot' }, undeclared: [] },
    ]);
    expect(holders(clinic)).toEqual([idOf(results[0]!)]);
  });

  it('of one slot of a practitioner writes no key that a booking of another slot touches', async () => {
    const clinic = await withSlots('s1', 's2');
    const bySlot = [await clinic.send(anAppointment(['s1'])), await clinic.send(anAppointment(['s2']))];
    const at = (start: string) =>
      clinic.send(anAppointment([], { start, end: undefined, ...withPractitioner('house') }));
    const byStart = [await at('2026-01-06T08:00:00Z'), await at('2026-01-06T08:10:00Z')];
    for (const [one, other] of [bySlot, byStart]) {
      const touched = other!.operations.flatMap(({ keys }) => keys.map(({ key }) => key));
      expect(written(one!).filter((key) => touched.includes(key))).toEqual([]);
      expect([one, other].map((sent) => sent!.results[0]?.undeclared)).toEqual([[], []]);
    }
  });

  it('takes all of its slots or none', async () => {
    const clinic = await withSlots('s1', 's2');
    await clinic.put('a', anAppointment(['s2']));
    expect(await clinic.put('b', anAppointment(['s1', 's2']))).toMatchObject({ code: 'SLOT_TAKEN' });
    expect(holders(clinic)).toHaveLength(1);
  });

  it.each([
    ['busy', 'SLOT_UNAVAILABLE'],
    ['busy-unavailable', 'SLOT_UNAVAILABLE'],
    ['entered-in-error', 'SLOT_UNAVAILABLE'],
    ['busy-tentative', 'OK'],
    ['free', 'OK'],
  ])('of a slot that is %s ends as %s', async (status, code) => {
    const clinic = new Clinic();
    await clinic.put('s', aSlot({ status }));
    expect(await clinic.post(anAppointment(['s']))).toMatchObject({ code });
  });

  it('of a deleted slot is rejected, of one published elsewhere not', async () => {
    const clinic = await withSlots('s');
    await clinic.delete('Slot/s');
    expect(await clinic.post(anAppointment(['s']))).toMatchObject({ code: 'SLOT_UNAVAILABLE' });
    expect(await clinic.post(anAppointment(['elsewhere']))).toMatchObject({ status: 'applied' });
  });

  it('stays although its slot is published as busy afterwards', async () => {
    const clinic = await withSlots('s');
    await clinic.put('a', anAppointment(['s']));
    await clinic.put('s', aSlot({ status: 'busy' }));
    expect(await clinic.put('a', anAppointment(['s'], { status: 'arrived' }))).toMatchObject({ status: 'applied' });
  });

  it('is applied after its slot in a Bundle', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [aPost(anAppointment(['s'])), aPut('s', aSlot({ status: 'busy' }))]);
    expect(await clinic.result(bundle)).toMatchObject({ code: 'SLOT_UNAVAILABLE' });
  });

  it.each(['proposed', 'waitlist', 'cancelled', 'noshow'])('that is only %s takes nothing', async (status) => {
    const clinic = await withSlots('s');
    expect(await clinic.post(anAppointment(['s'], { status }))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(holders(clinic)).toEqual([]);
  });

  it('by practitioner and start is keyed by instant, whatever the offset, and leaves out those who declined', async () => {
    const clinic = new Clinic();
    const at = (start: string, status?: string) =>
      anAppointment([], { start, end: undefined, ...withPractitioner('house', status) });
    expect(await clinic.post(at('2026-01-06T08:00:00Z', 'declined'))).toMatchObject({ status: 'applied' });
    expect(await clinic.post(at('2026-01-06T08:00:00Z'))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(await clinic.post(at('2026-01-06T09:00:00+01:00'))).toMatchObject({ code: 'SLOT_TAKEN' });
  });

  it.each([
    ['too many slots', anAppointment(Array.from({ length: 21 }, (_, slot) => `s${slot}`)), 'Appointment.slot'],
    ['an end before its start', anAppointment(['s'], { end: '2026-01-06T07:00:00Z' }), 'Appointment.end'],
  ])('with %s is refused', async (_what, resource, expression) => {
    const { refusals } = await new Clinic().send(resource);
    expect(refusals).toMatchObject([{ issues: [{ expression }] }]);
  });
});

describe('a rescheduled appointment', () => {
  async function withBooking(): Promise<Clinic> {
    const clinic = await withSlots('s1', 's2', 's3');
    await clinic.put('a', anAppointment(['s1']));
    return clinic;
  }

  it('that names the slot it leaves has exact keys', async () => {
    const clinic = await withBooking();
    expect(await clinic.put('a', anAppointment(['s2'], leaving('s1')))).toMatchObject({
      status: 'applied',
      undeclared: [],
    });
    expect(await clinic.put('b', anAppointment(['s1']))).toMatchObject({ status: 'applied' });
  });

  it('that does not name it finds it in the head', async () => {
    const clinic = await withBooking();
    const moved = await clinic.put('a', anAppointment(['s2']));
    expect(moved).toMatchObject({ status: 'applied', undeclared: [{ mode: 'readWrite' }] });
    expect(moved.undeclared[0]?.key).toMatch(/^sch~booking~/);
    expect(await clinic.put('b', anAppointment(['s1']))).toMatchObject({ status: 'applied' });
  });

  it('that names a slot it does not hold is rejected, and keeps its own', async () => {
    const clinic = await withBooking();
    expect(await clinic.put('a', anAppointment(['s2'], leaving('s3')))).toMatchObject({
      code: 'WRONG_POINTER',
      detail: { expression: 'Appointment.extension' },
      undeclared: [],
    });
    expect(await clinic.put('b', anAppointment(['s1']))).toMatchObject({ code: 'SLOT_TAKEN' });
  });

  it('that names a slot although it held none is rejected', async () => {
    const clinic = await withSlots('s1', 's2');
    expect(await clinic.put('a', anAppointment(['s2'], leaving('s1')))).toMatchObject({ code: 'WRONG_POINTER' });
  });

  it('sent again changes nothing', async () => {
    const clinic = await withBooking();
    const move = anAppointment(['s2'], leaving('s1'));
    await clinic.put('a', move);
    await clinic.put('b', anAppointment(['s1']));
    expect(await clinic.put('a', move)).toMatchObject({ status: 'applied', undeclared: [] });
    expect(new Set(holders(clinic)).size).toBe(2);
  });

  it('into a taken slot is rejected and keeps its own', async () => {
    const clinic = await withBooking();
    await clinic.put('b', anAppointment(['s2']));
    expect(await clinic.put('a', anAppointment(['s2'], leaving('s1')))).toMatchObject({ code: 'SLOT_TAKEN' });
    expect(await clinic.put('c', anAppointment(['s1']))).toMatchObject({ code: 'SLOT_TAKEN' });
  });

  it('keeps the slots that it has before and after', async () => {
    const clinic = await withBooking();
    await clinic.put('a', anAppointment(['s1', 's2']));
    expect(await clinic.put('a', anAppointment(['s2', 's3']))).toMatchObject({ status: 'applied' });
    expect(holders(clinic)).toHaveLength(2);
    expect(await clinic.put('b', anAppointment(['s1']))).toMatchObject({ status: 'applied' });
  });
});

describe('a slot is free again', () => {
  it.each([
    ['cancelled', (clinic: Clinic) => clinic.put('a', anAppointment(['s'], { status: 'cancelled' }))],
    [
      'cancelled by pointer',
      (clinic: Clinic) => clinic.put('a', anAppointment([], { status: 'cancelled', ...leaving('s') })),
    ],
    ['missed', (clinic: Clinic) => clinic.put('a', anAppointment(['s'], { status: 'noshow' }))],
    ['entered in error', (clinic: Clinic) => clinic.put('a', anAppointment(['s'], { status: 'entered-in-error' }))],
  ])('when its appointment is %s, with exact keys', async (_how, end) => {
    const clinic = await withSlots('s');
    await clinic.put('a', anAppointment(['s']));
    expect(await end(clinic)).toMatchObject({ status: 'applied', undeclared: [] });
    expect(await clinic.put('b', anAppointment(['s']))).toMatchObject({ status: 'applied' });
  });

  it('when its appointment is deleted', async () => {
    const clinic = await withSlots('s');
    await clinic.put('a', anAppointment(['s']));
    await clinic.delete('Appointment/a');
    expect(await clinic.put('b', anAppointment(['s']))).toMatchObject({ status: 'applied' });
  });

  it('and stays with the next appointment when the cancellation is sent again', async () => {
    const clinic = await withSlots('s');
    await clinic.put('a', anAppointment(['s']));
    await clinic.put('a', anAppointment(['s'], { status: 'cancelled' }));
    const next = await clinic.put('b', anAppointment(['s']));
    expect(await clinic.put('a', anAppointment(['s'], { status: 'cancelled' }))).toMatchObject({ status: 'applied' });
    expect(holders(clinic)).toEqual([idOf(next)]);
  });

  it.each(['cancelled', 'noshow', 'fulfilled', 'entered-in-error'])(
    'but not for an appointment that is %s',
    async (status) => {
      const clinic = await withSlots('s');
      await clinic.put('a', anAppointment(['s'], { status }));
      expect(await clinic.put('a', anAppointment(['s']))).toMatchObject({ code: 'STATUS_TRANSITION' });
    },
  );
});

it('a slot that ends before it starts is refused', async () => {
  const { refusals } = await new Clinic().send(aSlot({ end: '2026-01-06T07:00:00Z' }));
  expect(refusals).toMatchObject([{ issues: [{ expression: 'Slot.end' }] }]);
});
