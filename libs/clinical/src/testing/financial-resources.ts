import type { FhirResource } from '../fhir/datatypes.ts';

type Over = Readonly<Record<string, unknown>>;

const code = (list: string, value: string) => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${list}`, code: value }],
});

/** An amount of US dollars, or of another currency. */
export function money(value: number, currency = 'USD') {
  return { value, currency };
}

const common = {
  status: 'active',
  type: code('claim-type', 'institutional'),
  use: 'claim',
  patient: { reference: 'Patient/p1' },
  created: '2026-01-05T09:00:00Z',
  provider: { reference: 'Organization/hospital' },
  insurance: [{ focal: true, coverage: { display: 'Plan A' } }],
};

/** An active claim of 100 USD for patient p1. */
export function aClaim(over: Over = {}): FhirResource {
  return {
    ...common,
    resourceType: 'Claim',
    priority: code('processpriority', 'normal'),
    insurance: [{ sequence: 1, focal: true, coverage: { display: 'Plan A' } }],
    total: money(100),
    ...over,
  };
}

/** The answer of patient p1's insurer to a claim: it pays 80 USD. */
export function aBenefit(claim: string | undefined, over: Over = {}): FhirResource {
  return {
    ...common,
    resourceType: 'ExplanationOfBenefit',
    insurer: { reference: 'Organization/insurer' },
    outcome: 'complete',
    ...(claim === undefined ? {} : { claim: { reference: `Claim/${claim}` } }),
    payment: { amount: money(80) },
    ...over,
  };
}

/** A notice of a payment of 20 USD on a claim. */
export function aNotice(claim: string, payment: string, over: Over = {}): FhirResource {
  return {
    resourceType: 'PaymentNotice',
    status: 'active',
    request: { reference: `Claim/${claim}` },
    created: '2026-01-06T09:00:00Z',
    payment: { reference: `PaymentReconciliation/${payment}` },
    recipient: { reference: 'Organization/hospital' },
    amount: money(20),
    ...over,
  };
}

/** A payment run with the amount paid on each claim. */
export function aReconciliation(
  paid: readonly (readonly [claim: string, amount: { readonly value: number; readonly currency: string }])[],
  over: Over = {},
): FhirResource {
  const total = paid.reduce((sum, [, { value }]) => sum + value, 0);
  return {
    resourceType: 'PaymentReconciliation',
    status: 'active',
    created: '2026-01-06T09:00:00Z',
    paymentDate: '2026-01-06',
    paymentAmount: money(total),
    detail: paid.map(([claim, amount]) => ({
      type: code('payment-type', 'payment'),
      request: { reference: `Claim/${claim}` },
      amount,
    })),
    ...over,
  };
}
