import { weighted, type Profile } from '../profile.ts';
import type { Draft } from '../message.ts';
import * as fhir from '../resources.ts';
import { OrderBook } from './order-book.ts';

/** Ward rounds: orders for few patients, created and ended in quick succession, each checked against the patient's allergies and active orders. */
export const cpoeRush: Profile = {
  name: 'cpoe-rush',
  description:
    'orders written and ended, checked against allergies and active orders, with doses and readings between them',
  open: ({ random, patients, skewed, run }) => {
    const patientRank = skewed(patients);
    const medicine = skewed(fhir.formulary.length);
    const orders = new OrderBook();
    const someMedicine = () => fhir.formulary[medicine()] ?? fhir.formulary[0];
    const kinds = weighted<(time: string) => Draft>(random, [
      [60, (time) => orders.next(`${run}-p${patientRank()}`, someMedicine(), time)],
      [6, (time) => fhir.allergy(`${run}-p${patientRank()}`, someMedicine(), time)],
      [14, (time) => fhir.dose(random, `${run}-p${patientRank()}`, someMedicine(), `${run}-ward`, time)],
      [20, (time) => fhir.vitalSign(random, `${run}-p${patientRank()}`, time)],
    ]);
    return {
      setup: (time) => fhir.formulary.map((item) => fhir.delivery(item, `${run}-ward`, 1_000_000, time)),
      next: (time) => kinds()(time),
    };
  },
};
