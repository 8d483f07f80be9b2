import type { Draft } from '../message.ts';
import * as fhir from '../resources.ts';

/**
 * Orders on a ward: per patient and medicine one at a time, ended before the next. So a patient's active orders, against which every new
 * order is checked, never outnumber the medicines.
 */
export class OrderBook {
  /** Changes so far by patient and medicine; odd while an order is active. */
  readonly #changes = new Map<string, number>();

  /** The next change for a patient and medicine: a new order, or the end of the active one. */
  next(patientId: string, medicine: fhir.Medicine, time: string): Draft {
    const name = `${patientId}-${medicine.code}`;
    const changes = this.#changes.get(name) ?? 0;
    this.#changes.set(name, changes + 1);
    const status = changes % 2 === 0 ? 'active' : 'completed';
    return fhir.order(patientId, medicine, time, { id: `${name}-${changes >> 1}`, status });
  }
}
