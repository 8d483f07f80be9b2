import { minutesAfter, weighted, type Profile, type ProfileOptions, type Workday } from '../profile.ts';
import type { Draft } from '../message.ts';
import * as fhir from '../resources.ts';

const slotMinutes = 10;

/**
 * A morning in the outpatient clinics: bookings, moves and cancellations, many for the same early slots, and vital sign readings in
 * between.
 */
export const clinicMorning: Profile = {
  name: 'clinic-morning',
  description: 'bookings of slots that several patients want, moves, cancellations, readings',
  open: (options) => openClinic(options),
};

interface Booked {
  readonly booking: fhir.Booking;
}

function openClinic({ random, patients, skewed, run }: ProfileOptions): Workday {
  const practitioners = Math.max(4, Math.ceil(patients / 20));
  const slotsEach = 40;
  const slotRank = skewed(practitioners * slotsEach);
  const booked: Booked[] = [];
  let appointments = 0;
  let morning = '2026-01-01T08:00:00.000Z';

  const slotOf = (rank: number) => {
    const practitioner = rank % practitioners;
    const place = Math.floor(rank / practitioners);
    const start = minutesAfter(morning, place * slotMinutes);
    return {
      id: `${run}-slot-${practitioner}-${place}`,
      schedule: `${run}-schedule-${practitioner}`,
      start,
      end: minutesAfter(start, slotMinutes),
    };
  };

  const at = (rank: number, appointmentId: string, patientId: string, status: 'booked' | 'cancelled'): fhir.Booking => {
    const { id, start, end } = slotOf(rank);
    return { appointmentId, patientId, slotId: id, start, end, status };
  };

  const book = (): Draft => {
    const booking = at(slotRank(), `${run}-appointment-${appointments}`, `${run}-p${random.below(patients)}`, 'booked');
    appointments += 1;
    if (booked.length < 5000) booked.push({ booking });
    return fhir.appointment(booking);
  };

  const change = (status: 'booked' | 'cancelled'): Draft => {
    const place = random.below(booked.length);
    const found = booked[place];
    if (found === undefined) return book();
    booked.splice(place, 1);
    const { appointmentId, patientId } = found.booking;
    return fhir.appointment(
      status === 'cancelled' ? { ...found.booking, status } : at(slotRank(), appointmentId, patientId, 'booked'),
    );
  };

  const kinds = weighted<(time: string) => Draft>(random, [
    [45, book],
    [12, () => change('booked')],
    [8, () => change('cancelled')],
    [25, (time) => fhir.vitalSign(random, `${run}-p${random.below(patients)}`, time)],
    [5, (time) => fhir.condition(random, `${run}-p${random.below(patients)}`, time)],
    [5, (time) => fhir.auditEvent(random, `${run}-p${random.below(patients)}`, time)],
  ]);

  return {
    setup: (time) => {
      morning = `${minutesAfter(time, 24 * 60).slice(0, 10)}T08:00:00.000Z`;
      return Array.from({ length: practitioners * slotsEach }, (_, rank) => {
        const { id, schedule, start, end } = slotOf(rank);
        return fhir.slot(id, schedule, start, end);
      });
    },
    next: (time) => kinds()(time),
  };
}
