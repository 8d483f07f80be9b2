import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import { headKey } from '../contract/record-keys.ts';
import { reject } from '../contract/rejects.ts';
import type { ResourceModule, References } from '../contract/resource-module.ts';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import { extensionReferences } from '../fhir/extension.ts';
import { issue } from '../fhir/issues.ts';
import { periodIssues } from '../fhir/periods.ts';
import { book, bookingKey, release, type Booked } from './booking.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';

/** Extension that names the slot that a rescheduled appointment gives up, so that its key can be declared. */
export const priorSlotUrl = 'https://medrex.dev/fhir/StructureDefinition/prior-slot';

type AppointmentFacts = {
  readonly status: string;
  /** The times that it books while its status holds them. */
  readonly booked: readonly Booked[];
  /** Slots that the message says are given up. */
  readonly prior: readonly Booked[];
};
type AppointmentHead = Pick<AppointmentFacts, 'status' | 'booked'>;

type Appointment = FhirResource & {
  readonly status?: string;
  readonly start?: string;
  readonly end?: string;
  readonly slot?: readonly Reference[];
  readonly participant?: readonly { readonly actor?: Reference; readonly status?: string }[];
};

/** Statuses in which an appointment holds its slots. */
const holdingStatuses: readonly string[] = ['pending', 'booked', 'arrived', 'fulfilled', 'checked-in'];
const holdsSlots = ({ status }: { readonly status: string }) => holdingStatuses.includes(status);

// https://hl7.org/fhir/R4/valueset-appointmentstatus.html: an appointment that has ended stays ended; a new one is made
// instead.
const statusRule: StatusRule = {
  cancelled: ['entered-in-error'],
  noshow: ['entered-in-error'],
  fulfilled: ['entered-in-error'],
  'entered-in-error': [],
};

/** Limits the keys of one operation; R4 has no limit. */
const slotsMax = 20;

/**
 * Appointments: book, move, cancel. The first appointment in the promised order gets a slot, later ones are rejected.
 */
export const appointment: ResourceModule<AppointmentFacts, AppointmentHead> = {
  type: 'Appointment',
  class: 'scheduling',
  space: 'scheduling',
  templateVersion: 1,
  decidedOn: ['Slot'],
  lines: [
    {
      key: 'sch~booking~<slot>',
      mode: 'readWrite',
      when: 'active or an update, with a slot; with a slot that is given up',
      why: 'which appointment holds the slot; a slot that is given up without being named is found in the head',
    },
    {
      key: 'sch~slot~g~<practitioner>~<start>',
      mode: 'readWrite',
      when: 'active or an update, without a slot, with practitioner and start',
      why: 'which appointment holds this start in the schedule of a practitioner',
    },
    {
      key: 'sch~res~Slot~<slot>',
      mode: 'read',
      when: 'active, with a slot',
      why: 'the slot must be free to be booked',
    },
  ],
  patients: (resource, references) =>
    actorsOf(resource).filter((actor) => actor !== undefined && references.type(actor) === 'Patient'),
  check: checkAppointment,
  facts: (resource, references) => ({
    status: (resource as Appointment).status ?? 'proposed',
    booked: bookedBy(resource, references),
    prior: slotsOf(extensionReferences(resource, priorSlotUrl), references),
  }),
  headFacts: ({ booked, status }) => ({ booked, status }),
  template: ({ action, facts }) => {
    const isHeld = holdsSlots(facts);
    if (action === 'create' && !isHeld) return [];
    const bookings = [...facts.booked, ...facts.prior].map((one): DeclaredKey => ({
      key: bookingKey(one),
      mode: 'readWrite',
    }));
    return isHeld ? [...bookings, ...facts.booked.flatMap(slotHead)] : bookings;
  },
  apply: async ({ id, facts }, state, { previous }) => {
    const before = previous?.isDeleted === false ? previous.facts : undefined;
    checkStatus(statusRule, 'Appointment.status', before?.status, facts.status);
    const left = before !== undefined && holdsSlots(before) ? before.booked : [];
    await move(state, id, { left, taken: holdsSlots(facts) ? facts.booked : [], prior: facts.prior });
    return undefined;
  },
  remove: async ({ id }, state, { previous }) => {
    if (previous !== undefined && holdsSlots(previous.facts))
      for (const booked of previous.facts.booked) await release(state, booked, id);
  },
};

interface Move {
  readonly left: readonly Booked[];
  readonly taken: readonly Booked[];
  readonly prior: readonly Booked[];
}

/** @throws Reject WRONG_POINTER, SLOT_TAKEN, SLOT_UNAVAILABLE */
async function move(state: State, id: string, { left, taken, prior }: Move): Promise<void> {
  const leaves = left.filter((one) => !isAmong(taken, one));
  const isMove = leaves.length > 0 || taken.some((one) => !isAmong(left, one));
  // A repeated message names a slot that was given up before.
  if (isMove && !prior.every((one) => isAmong(left, one))) {
    throw reject('WRONG_POINTER', 'the prior slot in the message is not one that the appointment holds', {
      expression: 'Appointment.extension',
    });
  }
  for (const booked of leaves) await release(state, booked, id);
  for (const booked of taken) await book(state, booked, id);
}

function isAmong(list: readonly Booked[], booked: Booked): boolean {
  return list.some((one) => bookingKey(one) === bookingKey(booked));
}

function slotHead(booked: Booked): readonly DeclaredKey[] {
  return 'slot' in booked ? [{ key: headKey('scheduling', 'Slot', booked.slot), mode: 'read' }] : [];
}

/** The named slots or, without any, the start time in the schedule of each practitioner who did not decline. */
function bookedBy(resource: FhirResource, references: References): readonly Booked[] {
  const { slot = [], start, participant = [] } = resource as Appointment;
  const slots = slotsOf(slot, references);
  if (slots.length > 0 || start === undefined) return slots;
  return participant.flatMap(({ actor, status }) => {
    if (status === 'declined' || references.type(actor) !== 'Practitioner') return [];
    const schedule = references.id(actor);
    return schedule === undefined ? [] : [{ schedule, start }];
  });
}

function slotsOf(slots: readonly Reference[], references: References): readonly Booked[] {
  return slots.flatMap((one) => {
    const slot = references.id(one);
    return slot === undefined ? [] : [{ slot }];
  });
}

function actorsOf(resource: FhirResource): readonly (Reference | undefined)[] {
  return ((resource as Appointment).participant ?? []).map(({ actor }) => actor);
}

function checkAppointment(resource: FhirResource): readonly RefusalIssue[] {
  const { slot = [], participant = [], start, end } = resource as Appointment;
  const issues = periodIssues({ start, end }, 'Appointment.end');
  if (slot.length <= slotsMax && participant.length <= 10 * slotsMax) return issues;
  const at = slot.length > slotsMax ? 'Appointment.slot' : 'Appointment.participant';
  return [...issues, issue('too-long', at, `At most ${slotsMax} slots and ${10 * slotsMax} participants; split it.`)];
}
