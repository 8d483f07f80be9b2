import type { Draft } from '../message.ts';
import { minutesAfter, weighted, type Profile, type ProfileOptions, type Workday } from '../profile.ts';
import * as fhir from '../resources.ts';
import { OrderBook } from './order-book.ts';

const wards = ['ward-1', 'ward-2', 'ward-3', 'ward-4'] as const;

/** Initial stock of each medicine on each ward, enough never to run out. */
const stockAtStart = 1_000_000;

/**
 * A day on the wards: mostly vital signs; also doses from shared stocks, laboratory results that are overwritten, orders, transfers,
 * diagnoses, an audit trail and bedside devices. Plain clients conflict on stocks, results and orders; vital signs have separate
 * keys.
 */
export const ward: Profile = {
  name: 'ward',
  description: 'vital signs, doses from shared stock, running results, orders, transfers, audit',
  open: (options) => openWard(options),
};

function openWard({ random, patients, skewed, run }: ProfileOptions): Workday {
  const patient = (rank: number) => `${run}-p${rank}`;
  const medicine = skewed(fhir.formulary.length);
  const patientRank = skewed(patients);
  const beds = Array.from({ length: patients }, (_, rank) => `${run}-bed-${rank}`);
  const orders = new OrderBook();
  let spareBed = 0;
  const wardOf = (rank: number) => wards[rank % wards.length] ?? wards[0];
  const stayOf = (rank: number, bed: string): fhir.Stay => ({
    encounterId: `${run}-e${rank}`,
    patientId: patient(rank),
    ward: wardOf(rank),
    bed,
  });
  const someMedicine = () => fhir.formulary[medicine()] ?? fhir.formulary[0];

  const transfer = (time: string): Draft => {
    const rank = random.below(patients);
    const from = beds[rank] ?? '';
    const to = `${run}-spare-${spareBed}`;
    spareBed += 1;
    beds[rank] = to;
    return fhir.stay(stayOf(rank, to), time, from);
  };

  const kinds = weighted<(time: string) => Draft>(random, [
    [62, (time) => fhir.vitalSign(random, patient(patientRank()), time)],
    [12, (time) => dose(time)],
    [8, (time) => runningResult(time)],
    [4, (time) => orders.next(patient(random.below(patients)), someMedicine(), time)],
    [1, transfer],
    [3, (time) => fhir.condition(random, patient(random.below(patients)), time)],
    [4, () => fhir.deviceReading(random, `${run}-oximeter-${random.below(patients)}`)],
    [6, (time) => fhir.auditEvent(random, patient(random.below(patients)), time)],
  ]);

  function dose(time: string): Draft {
    const rank = random.below(patients);
    return fhir.dose(random, patient(rank), someMedicine(), `${run}-${wardOf(rank)}`, time);
  }

  function runningResult(time: string): Draft {
    const rank = patientRank();
    return fhir.runningResult(random, `${run}-result-${rank}`, patient(rank), time);
  }

  return {
    setup: (time) => [
      ...wards.flatMap((name) =>
        fhir.formulary.map((item) => fhir.delivery(item, `${run}-${name}`, stockAtStart, time)),
      ),
      ...beds.map((bed, rank) => fhir.stay(stayOf(rank, bed), minutesAfter(time, -60))),
    ],
    next: (time) => kinds()(time),
  };
}
