import type { FhirResource } from '../fhir/datatypes.ts';

type Over = Readonly<Record<string, unknown>>;

/** A consent of patient p1 that permits research. */
export function aConsent(over: Over = {}): FhirResource {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'research' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: 'Patient/p1' },
    policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
    provision: { type: 'permit' },
    ...over,
  };
}

/** An event: somebody read the record of patient p1. */
export function anAuditEvent(over: Over = {}): FhirResource {
  return {
    resourceType: 'AuditEvent',
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110110' },
    action: 'R',
    recorded: '2026-01-05T09:00:00Z',
    outcome: '0',
    agent: [{ requestor: true, who: { reference: 'Practitioner/house' } }],
    source: { observer: { reference: 'Device/ehr' } },
    entity: [{ what: { reference: 'Patient/p1' } }],
    ...over,
  };
}

/** Provenance of a record of patient p1. */
export function aProvenance(over: Over = {}): FhirResource {
  return {
    resourceType: 'Provenance',
    target: [{ reference: 'Patient/p1' }],
    recorded: '2026-01-05T09:00:00Z',
    agent: [{ who: { reference: 'Practitioner/house' } }],
    ...over,
  };
}

/** A report of a bedside device. */
export function aDeviceReport(device: string, over: Over = {}): FhirResource {
  return {
    resourceType: 'DeviceMetric',
    type: { coding: [{ system: 'urn:iso:std:iso:11073:10101', code: '150456' }] },
    source: { reference: `Device/${device}` },
    operationalStatus: 'on',
    category: 'measurement',
    ...over,
  };
}
