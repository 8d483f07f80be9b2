import type { State } from '@medrex/execute-batch';
import { slotKey, stateKey, type StateKey } from '@medrex/keys';
import { readHead } from '../contract/record.ts';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** What an appointment takes of somebody's time: a Slot by its id, or a start in a practitioner's day. */
export type Booked = { readonly slot: string } | { readonly schedule: string; readonly start: string };

/** Key that says which appointment holds a slot. Two slots of one practitioner never meet on it. */
export function bookingKey(booked: Booked): StateKey {
  return 'slot' in booked ? stateKey('scheduling', 'booking', booked.slot) : slotKey(booked);
}

/**
 * Takes a slot for an appointment.
 * @throws Reject SLOT_TAKEN when another appointment holds it, SLOT_UNAVAILABLE when its Slot is not there to be booked.
 */
export async function book(state: State, booked: Booked, appointment: string): Promise<void> {
  const key = bookingKey(booked);
  const holder = (await readJson(state, key))?.['appointment'];
  if (holder === appointment) return;
  if (holder !== undefined) {
    throw reject('SLOT_TAKEN', 'another appointment holds this slot; choose another one', {
      expression: 'Appointment.slot',
    });
  }
  if ('slot' in booked) {
    const slot = await readHead(state, 'scheduling', 'Slot', booked.slot);
    const status = slot?.isDeleted === true ? 'deleted' : slot?.facts['status'];
    if (slot !== undefined && status !== 'free' && status !== 'busy-tentative') {
      throw reject(
        'SLOT_UNAVAILABLE',
        `the slot is ${typeof status === 'string' ? status : 'of no status'}; choose another one`,
        {
          expression: 'Appointment.slot',
        },
      );
    }
  }
  writeJson(state, key, { appointment });
}

/** Gives a slot back, if this appointment holds it. */
export async function release(state: State, booked: Booked, appointment: string): Promise<void> {
  const key = bookingKey(booked);
  if ((await readJson(state, key))?.['appointment'] === appointment) state.delete(key);
}
