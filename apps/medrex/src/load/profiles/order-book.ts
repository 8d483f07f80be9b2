import type { Draft } from '../message.ts';
import * as fhir from '../resources.ts';

/**
 * Orders as they are written on a ward: one of a medicine at a time for each patient, ended before the next one. A patient's active orders,
 * which every new one is checked against, stay as few as there are medicines.
 */
export class OrderBook {
  /** Orders written so far, by patient and medicine: odd while the last one is active. */
  readonly #changes = new Map<string, number>();

  /** The next change of a patient's order of this medicine: a new one, or the end of the one that is active. */
  next(patientId: string, medicine: fhir.Medicine, time: string): Draft {
    const name = `${patientId}-${medicine.code}`;
    const changes = this.#changes.get(name) ?? 0;
    this.#changes.set(name, changes + 1);
    const status = changes % 2 === 0 ? 'active' : 'completed';
    return fhir.order(patientId, medicine, time, { id: `${name}-${changes >> 1}`, status });
  }
}
