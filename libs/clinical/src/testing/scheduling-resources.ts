import type { FhirResource } from '../fhir/datatypes.ts';
import { priorSlotUrl } from '../resources/appointment.ts';

type Over = Readonly<Record<string, unknown>>;

const slots = (ids: readonly string[]) => ids.map((id) => ({ reference: `Slot/${id}` }));

/** A free slot of ten minutes. */
export function aSlot(over: Over = {}): FhirResource {
  return {
    resourceType: 'Slot',
    schedule: { reference: 'Schedule/house' },
    status: 'free',
    start: '2026-01-06T08:00:00Z',
    end: '2026-01-06T08:10:00Z',
    ...over,
  };
}

/** A booked appointment of patient p1 in these slots. */
export function anAppointment(slot: readonly string[], over: Over = {}): FhirResource {
  return {
    resourceType: 'Appointment',
    status: 'booked',
    ...(slot.length === 0 ? {} : { slot: slots(slot) }),
    start: '2026-01-06T08:00:00Z',
    end: '2026-01-06T08:10:00Z',
    participant: [{ actor: { reference: 'Patient/p1' }, status: 'accepted' }],
    ...over,
  };
}

/** The participants of an appointment of patient p1 with a practitioner. */
export function withPractitioner(id: string, status = 'accepted') {
  return {
    participant: [
      { actor: { reference: 'Patient/p1' }, status: 'accepted' },
      { actor: { reference: `Practitioner/${id}` }, status },
    ],
  };
}

/** Extension that names the slots that a rescheduled appointment gives up. */
export function leaving(...ids: readonly string[]) {
  return { extension: slots(ids).map((valueReference) => ({ url: priorSlotUrl, valueReference })) };
}
