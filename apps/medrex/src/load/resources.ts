import { post, put, type Draft } from './message.ts';
import type { Random } from './random.ts';

// FHIR R4 resources like those of EHR systems: coded, with references by logical id. The builders get everything that decides which
// keys are touched as arguments; other values come from the seeded generator.

const patient = (id: string) => ({ reference: `Patient/${id}` });
const coded = (system: string, code: string, display: string) => ({ coding: [{ system, code, display }] });

/** LOINC codes of vital signs with unit and plausible range. */
const vitalSigns = [
  { code: '8867-4', display: 'Heart rate', unit: '/min', low: 55, high: 130 },
  { code: '9279-1', display: 'Respiratory rate', unit: '/min', low: 10, high: 30 },
  { code: '2708-6', display: 'Oxygen saturation in Arterial blood', unit: '%', low: 88, high: 100 },
  { code: '8310-5', display: 'Body temperature', unit: 'Cel', low: 35, high: 41 },
  { code: '8480-6', display: 'Systolic blood pressure', unit: 'mm[Hg]', low: 80, high: 190 },
] as const;

/** RxNorm codes of the ward's formulary, most used first. */
export const formulary = [
  { code: '313782', display: 'Acetaminophen 325 MG Oral Tablet' },
  { code: '243670', display: 'Aspirin 81 MG Oral Tablet' },
  { code: '866924', display: 'Metoprolol Tartrate 25 MG Oral Tablet' },
  { code: '314076', display: 'Lisinopril 10 MG Oral Tablet' },
  { code: '860975', display: 'Metformin hydrochloride 500 MG Oral Tablet' },
  { code: '308460', display: 'Azithromycin 250 MG Oral Tablet' },
  { code: '310429', display: 'Furosemide 20 MG Oral Tablet' },
  { code: '617314', display: 'Atorvastatin 20 MG Oral Tablet' },
  { code: '308136', display: 'Amlodipine 5 MG Oral Tablet' },
  { code: '312615', display: 'Prednisone 20 MG Oral Tablet' },
] as const;

export type Medicine = (typeof formulary)[number];

/** One vital sign reading of a patient. */
export function vitalSign(random: Random, patientId: string, time: string): Draft {
  const sign = random.pick(vitalSigns);
  return post({
    resourceType: 'Observation',
    status: 'final',
    category: [coded('http://terminology.hl7.org/CodeSystem/observation-category', 'vital-signs', 'Vital Signs')],
    code: coded('http://loinc.org', sign.code, sign.display),
    subject: patient(patientId),
    effectiveDateTime: time,
    valueQuantity: {
      value: Number((sign.low + random.next() * (sign.high - sign.low)).toFixed(1)),
      unit: sign.unit,
      system: 'http://unitsofmeasure.org',
      code: sign.unit,
    },
  });
}

/**
 * A laboratory result that is overwritten as the analyser proceeds: a read-modify-write of one resource. The blood was drawn at six;
 * each value is issued later.
 */
export function runningResult(random: Random, id: string, patientId: string, time: string): Draft {
  return put(id, {
    resourceType: 'Observation',
    status: 'preliminary',
    category: [coded('http://terminology.hl7.org/CodeSystem/observation-category', 'laboratory', 'Laboratory')],
    code: coded('http://loinc.org', '2160-0', 'Creatinine [Mass/volume] in Serum or Plasma'),
    subject: patient(patientId),
    effectiveDateTime: `${time.slice(0, 10)}T06:00:00Z`,
    issued: time,
    valueQuantity: {
      value: Number((0.5 + random.next() * 2).toFixed(2)),
      unit: 'mg/dL',
      system: 'http://unitsofmeasure.org',
      code: 'mg/dL',
    },
  });
}

/** A CPOE order, checked against allergies and active orders of the patient. With an id chosen by the sender when it will be ended. */
export function order(
  patientId: string,
  medicine: Medicine,
  time: string,
  named?: { readonly id: string; readonly status: 'active' | 'completed' },
): Draft {
  const resource = {
    resourceType: 'MedicationRequest',
    status: named?.status ?? 'active',
    intent: 'order',
    medicationCodeableConcept: coded('http://www.nlm.nih.gov/research/umls/rxnorm', medicine.code, medicine.display),
    subject: patient(patientId),
    authoredOn: time,
  };
  return named === undefined ? post(resource) : put(named.id, resource);
}

/** URL of the extension that names the stock of a dose. */
export const stockLocationUrl = 'https://medrex.dev/fhir/StructureDefinition/stock-location';

/** A dose given, which reduces the stock of its medicine on its ward; the stock must not become negative. */
export function dose(random: Random, patientId: string, medicine: Medicine, ward: string, time: string): Draft {
  return post({
    resourceType: 'MedicationAdministration',
    extension: [{ url: stockLocationUrl, valueReference: { reference: `Location/${ward}` } }],
    status: 'completed',
    medicationCodeableConcept: coded('http://www.nlm.nih.gov/research/umls/rxnorm', medicine.code, medicine.display),
    subject: patient(patientId),
    effectiveDateTime: time,
    dosage: {
      dose: { value: 1 + random.below(2), unit: 'tablet', system: 'http://unitsofmeasure.org', code: '{tbl}' },
    },
  });
}

/** A delivery to the stock of a ward. */
export function delivery(medicine: Medicine, ward: string, quantity: number, time: string): Draft {
  return post({
    resourceType: 'SupplyDelivery',
    status: 'completed',
    suppliedItem: {
      quantity: { value: quantity, unit: 'tablet' },
      itemCodeableConcept: coded('http://www.nlm.nih.gov/research/umls/rxnorm', medicine.code, medicine.display),
    },
    occurrenceDateTime: time,
    destination: { reference: `Location/${ward}` },
  });
}

/** An allergy of a patient. */
export function allergy(patientId: string, medicine: Medicine, time: string): Draft {
  return post({
    resourceType: 'AllergyIntolerance',
    clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'active', 'Active'),
    verificationStatus: coded(
      'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification',
      'confirmed',
      'Confirmed',
    ),
    category: ['medication'],
    code: coded('http://www.nlm.nih.gov/research/umls/rxnorm', medicine.code, medicine.display),
    patient: patient(patientId),
    recordedDate: time,
  });
}

export interface Stay {
  readonly encounterId: string;
  readonly patientId: string;
  readonly ward: string;
  readonly bed: string;
}

/** An admission, or a transfer when `from` names the previous bed. */
export function stay(next: Stay, time: string, from?: string): Draft {
  const at = (bed: string, status: string) => ({ location: { reference: `Location/${bed}` }, status });
  return put(next.encounterId, {
    resourceType: 'Encounter',
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP', display: 'inpatient encounter' },
    subject: patient(next.patientId),
    period: { start: time },
    location: [...(from === undefined ? [] : [at(from, 'completed')]), at(next.bed, 'active')],
    serviceProvider: { reference: `Organization/${next.ward}` },
  });
}

/** A report of a bedside device: a blind write, of which the last in order wins. */
export function deviceReading(random: Random, deviceId: string): Draft {
  return post({
    resourceType: 'DeviceMetric',
    source: { reference: `Device/${deviceId}` },
    type: coded('urn:iso:std:iso:11073:10101', '150456', 'MDC_PULS_OXIM_SAT_O2'),
    operationalStatus: random.pick(['on', 'standby']),
    category: 'measurement',
  });
}

/** An audit event: an access to a patient's record. */
export function auditEvent(random: Random, patientId: string, time: string): Draft {
  return post({
    resourceType: 'AuditEvent',
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110110', display: 'Patient Record' },
    action: random.pick(['C', 'R', 'U']),
    recorded: time,
    outcome: '0',
    agent: [{ requestor: true, who: { reference: `Practitioner/nurse-${random.below(40)}` } }],
    source: { observer: { reference: 'Device/ehr-1' } },
    entity: [{ what: patient(patientId) }],
  });
}

/** A diagnosis. */
export function condition(random: Random, patientId: string, time: string): Draft {
  const [code, display] = random.pick([
    ['44054006', 'Diabetes mellitus type 2'],
    ['38341003', 'Hypertensive disorder'],
    ['233604007', 'Pneumonia'],
  ] as const);
  return post({
    resourceType: 'Condition',
    clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active', 'Active'),
    code: coded('http://snomed.info/sct', code, display),
    subject: patient(patientId),
    recordedDate: time,
  });
}

/** A slot that can be booked. */
export function slot(id: string, schedule: string, start: string, end: string): Draft {
  return put(id, { resourceType: 'Slot', schedule: { reference: `Schedule/${schedule}` }, status: 'free', start, end });
}

export interface Booking {
  readonly appointmentId: string;
  readonly patientId: string;
  readonly slotId: string;
  readonly start: string;
  readonly end: string;
  readonly status: 'booked' | 'cancelled';
}

/** Books, moves (another slot under the same id) or cancels an appointment. */
export function appointment(booking: Booking): Draft {
  return put(booking.appointmentId, {
    resourceType: 'Appointment',
    status: booking.status,
    slot: [{ reference: `Slot/${booking.slotId}` }],
    start: booking.start,
    end: booking.end,
    participant: [{ actor: patient(booking.patientId), status: 'accepted' }],
  });
}

const money = (value: number) => ({ value: Number(value.toFixed(2)), currency: 'USD' });

/** A claim with an id that its explanation of benefit refers to. */
export function claim(id: string, patientId: string, amount: number, time: string): Draft {
  return put(id, {
    resourceType: 'Claim',
    status: 'active',
    type: coded('http://terminology.hl7.org/CodeSystem/claim-type', 'institutional', 'Institutional'),
    use: 'claim',
    patient: patient(patientId),
    created: time,
    provider: { reference: 'Organization/hospital' },
    priority: coded('http://terminology.hl7.org/CodeSystem/processpriority', 'normal', 'Normal'),
    insurance: [{ sequence: 1, focal: true, coverage: { display: 'Plan A' } }],
    total: money(amount),
  });
}

/** The insurer's answer to a claim with its payment, which reduces the balance of the account. */
export function explanationOfBenefit(claimId: string, patientId: string, paid: number, time: string): Draft {
  return post({
    resourceType: 'ExplanationOfBenefit',
    status: 'active',
    type: coded('http://terminology.hl7.org/CodeSystem/claim-type', 'institutional', 'Institutional'),
    use: 'claim',
    patient: patient(patientId),
    created: time,
    insurer: { reference: 'Organization/insurer' },
    provider: { reference: 'Organization/hospital' },
    claim: { reference: `Claim/${claimId}` },
    outcome: 'complete',
    insurance: [{ focal: true, coverage: { display: 'Plan A' } }],
    payment: { amount: money(paid), date: time.slice(0, 10) },
  });
}
