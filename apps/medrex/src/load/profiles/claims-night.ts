import { weighted, type Profile } from '../profile.ts';
import type { Draft } from '../message.ts';
import * as fhir from '../resources.ts';

/** The nightly run of the billing office: claims, answers of insurers, and the audit trail of both. */
export const claimsNight: Profile = {
  name: 'claims-night',
  description: 'claims, explanations of benefit with payments, audit',
  open: ({ random, patients, skewed, run }) => {
    const patientRank = skewed(patients);
    const open: { readonly id: string; readonly patientId: string; readonly amount: number }[] = [];
    let claims = 0;
    const newClaim = (time: string): Draft => {
      const next = {
        id: `${run}-claim-${claims}`,
        patientId: `${run}-p${patientRank()}`,
        amount: 50 + random.below(4000),
      };
      claims += 1;
      if (open.length < 5000) open.push(next);
      return fhir.claim(next.id, next.patientId, next.amount, time);
    };
    const answer = (time: string): Draft => {
      const place = random.below(open.length);
      const found = open[place];
      if (found === undefined) return newClaim(time);
      open.splice(place, 1);
      return fhir.explanationOfBenefit(found.id, found.patientId, found.amount * (0.5 + random.next() / 2), time);
    };
    const kinds = weighted<(time: string) => Draft>(random, [
      [50, newClaim],
      [38, answer],
      [12, (time) => fhir.auditEvent(random, `${run}-p${patientRank()}`, time)],
    ]);
    return { setup: () => [], next: (time) => kinds()(time) };
  },
};
