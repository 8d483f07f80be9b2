import type { State } from '@medrex/execute-batch';
import { slotKey, stateKey, type StateKey } from '@medrex/keys';
import { readHead } from '../contract/record.ts';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** The time that an appointment books: a Slot by its id, or a start in a practitioner's day. */
export type Booked = { readonly slot: string } | { readonly schedule: string; readonly start: string };

const expression = 'Appointment.slot';

/** Key that says which appointment holds a slot. Two slots of one practitioner never meet on it. */
export function bookingKey(booked: Booked): StateKey {
  return 'slot' in booked ? stateKey('scheduling', 'booking', booked.slot) : slotKey(booked);
}

/**
 * Takes a slot for an appointment. A Slot that the ledger never saw can be booked: who publishes slots may do so elsewhere.
 *
 * @throws Reject SLOT_TAKEN when another appointment holds it, SLOT_UNAVAILABLE when its Slot is deleted or not free
 */
export async function book(state: State, booked: Booked, appointment: string): Promise<void> {
  const key = bookingKey(booked);
  const holder = (await readJson(state, key))?.['appointment'];
  if (holder === appointment) return;
  if (holder !== undefined)
    throw reject('SLOT_TAKEN', 'another appointment holds this slot; choose another one', { expression });
  if ('slot' in booked) await checkFree(state, booked.slot);
  writeJson(state, key, { appointment });
}

/** Gives a slot back, if this appointment holds it. */
export async function release(state: State, booked: Booked, appointment: string): Promise<void> {
  const key = bookingKey(booked);
  if ((await readJson(state, key))?.['appointment'] === appointment) state.delete(key);
}

/** A tentative booking is the publisher's word for an appointment that is pending: its confirmation takes the slot. */
async function checkFree(state: State, id: string): Promise<void> {
  const slot = await readHead(state, 'scheduling', 'Slot', id);
  if (slot === undefined) return;
  const status = slot.isDeleted ? 'deleted' : slot.facts['status'];
  if (status === 'free' || status === 'busy-tentative') return;
  const what = typeof status === 'string' ? status : 'of no status';
  throw reject('SLOT_UNAVAILABLE', `the slot is ${what}; choose another one`, { expression });
}
