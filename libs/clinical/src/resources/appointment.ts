import type { DeclaredKey } from '@medrex/keys';
import { headKey } from '../contract/record-keys.ts';
import { reject } from '../contract/rejects.ts';
import type { ResourceModule, References } from '../contract/resource-module.ts';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import { extensionReferences } from '../fhir/extension.ts';
import { book, bookingKey, release, type Booked } from './booking.ts';

/** The extension with which a sender names the slot that a rescheduled appointment leaves, so that its key is known beforehand. */
export const priorSlotUrl = 'https://medrex.dev/fhir/StructureDefinition/prior-slot';

type AppointmentFacts = {
  readonly status: string;
  readonly booked: readonly Booked[];
  /** Slots that the message says are left. */
  readonly prior: readonly Booked[];
};
type AppointmentHead = { readonly status: string; readonly booked: readonly Booked[] };

interface Participant {
  readonly actor?: Reference;
}

/** Statuses in which an appointment holds its slots. */
const holding = ['pending', 'booked', 'arrived', 'fulfilled', 'checked-in'];
const holds = ({ status }: { readonly status: string }) => holding.includes(status);

const ended: readonly string[] = ['cancelled', 'noshow', 'fulfilled', 'entered-in-error'];
const slotsMax = 20;

/** Appointments: book, move, cancel. The first in the promised order gets a slot, the next one a rejection. */
export const appointment: ResourceModule<AppointmentFacts, AppointmentHead> = {
  type: 'Appointment',
  class: 'scheduling',
  space: 'scheduling',
  templateVersion: 1,
  lines: [
    { key: 'sch~booking~<slot>', mode: 'readWrite', when: 'with a slot', why: 'who holds the slot' },
    {
      key: 'sch~slot~g~<practitioner>~<start>',
      mode: 'readWrite',
      when: 'without a slot, with practitioner and start',
      why: 'the same for a start in the day of a practitioner',
    },
    { key: 'sch~res~Slot~<slot>', mode: 'read', when: 'with a slot', why: 'the slot must be free to be booked' },
  ],
  patients: (resource, references) =>
    ((resource['participant'] ?? []) as readonly Participant[]).flatMap(({ actor }) =>
      actor !== undefined && references.type(actor) === 'Patient' ? [actor] : [],
    ),
  check: (resource) => {
    const slots = resource['slot'];
    return Array.isArray(slots) && slots.length > slotsMax
      ? [
          {
            severity: 'error',
            code: 'too-long',
            diagnostics: `an appointment may name at most ${slotsMax} slots`,
            expression: 'Appointment.slot',
          },
        ]
      : [];
  },
  facts: (resource, references) => ({
    status: typeof resource['status'] === 'string' ? resource['status'] : 'proposed',
    booked: bookedBy(resource, references),
    prior: extensionReferences(resource, priorSlotUrl).flatMap((one) => slotsOf([one], references)),
  }),
  headFacts: ({ status, booked }) => ({ status, booked }),
  template: ({ facts }) => [...facts.booked, ...facts.prior].flatMap(keysOf),
  apply: async ({ id, facts }, state, { previous }) => {
    const before = previous === undefined || previous.isDeleted ? undefined : previous.facts;
    checkTransition(before, facts);
    const left = before !== undefined && holds(before) ? before.booked : [];
    checkPrior(facts.prior, left);
    const kept = holds(facts) ? facts.booked : [];
    for (const booked of left) if (!kept.some((one) => isSame(one, booked))) await release(state, booked, id);
    for (const booked of kept) await book(state, booked, id);
    return undefined;
  },
  remove: async ({ id }, state, { previous }) => {
    for (const booked of previous?.facts.booked ?? []) await release(state, booked, id);
  },
};

function bookedBy(resource: FhirResource, references: References): readonly Booked[] {
  const slots = slotsOf((resource['slot'] ?? []) as readonly Reference[], references);
  const start = resource['start'];
  if (slots.length > 0 || typeof start !== 'string') return slots;
  const participants = (resource['participant'] ?? []) as readonly Participant[];
  return participants.flatMap(({ actor }) => {
    const schedule =
      actor !== undefined && references.type(actor) === 'Practitioner' ? references.id(actor) : undefined;
    return schedule === undefined ? [] : [{ schedule, start }];
  });
}

function slotsOf(slots: readonly Reference[], references: References): readonly Booked[] {
  return slots.flatMap((one) => {
    const slot = references.id(one);
    return slot === undefined ? [] : [{ slot }];
  });
}

function keysOf(booked: Booked): readonly DeclaredKey[] {
  const booking: DeclaredKey = { key: bookingKey(booked), mode: 'readWrite' };
  return 'slot' in booked ? [booking, { key: headKey('scheduling', 'Slot', booked.slot), mode: 'read' }] : [booking];
}

const isSame = (one: Booked, other: Booked) => bookingKey(one) === bookingKey(other);

function checkTransition(before: AppointmentHead | undefined, { status }: AppointmentFacts): void {
  if (before === undefined || before.status === status) return;
  if (ended.includes(before.status) && status !== 'entered-in-error') {
    throw reject('STATUS_TRANSITION', `${status} cannot follow ${before.status}; book another appointment`, {
      expression: 'Appointment.status',
    });
  }
}

function checkPrior(prior: readonly Booked[], left: readonly Booked[]): void {
  if (prior.every((one) => left.some((other) => isSame(one, other)))) return;
  throw reject('WRONG_POINTER', 'the prior slot in the message is not one that the appointment holds', {
    expression: 'Appointment.extension',
  });
}
