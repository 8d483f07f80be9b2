import type { State } from '@medrex/execute-batch';
import { slotKey, stateKey, type StateKey } from '@medrex/keys';
import { readHead } from '../contract/record.ts';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** The time that an appointment books: a Slot by its id, or a start time in a practitioner's schedule. */
export type Booked = { readonly slot: string } | { readonly schedule: string; readonly start: string };

const expression = 'Appointment.slot';

/** Key whose value names the appointment that holds a slot. Each slot has its own key. */
export function bookingKey(booked: Booked): StateKey {
  return 'slot' in booked ? stateKey('scheduling', 'booking', booked.slot) : slotKey(booked);
}

/**
 * Books a slot for an appointment. A Slot that is not on the ledger can be booked, because slots may be published
 * elsewhere.
 * @throws Reject SLOT_TAKEN if another appointment holds it, SLOT_UNAVAILABLE if its Slot is deleted or not free
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

/** Releases a slot if this appointment holds it. */
export async function release(state: State, booked: Booked, appointment: string): Promise<void> {
  const key = bookingKey(booked);
  if ((await readJson(state, key))?.['appointment'] === appointment) state.delete(key);
}

/**
 * The publisher of a slot marks it as tentatively busy for a pending appointment. Its confirmation may book the slot.
 */
async function checkFree(state: State, id: string): Promise<void> {
  const slot = await readHead(state, 'scheduling', 'Slot', id);
  if (slot === undefined) return;
  const status = slot.isDeleted ? 'deleted' : slot.facts['status'];
  if (status === 'free' || status === 'busy-tentative') return;
  const what = typeof status === 'string' ? status : 'of no status';
  throw reject('SLOT_UNAVAILABLE', `the slot is ${what}; choose another one`, { expression });
}
