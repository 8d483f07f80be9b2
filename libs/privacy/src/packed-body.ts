import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * First byte of a packed body: unchanged, or deflated with the dictionary below. Another dictionary would get another
 * number.
 */
const kinds = { plain: 0, deflated: 1 } as const;

/** Shorter bodies are not worth compressing. */
const smallestBytes = 128;

/**
 * Frequent text of FHIR resources as deflate dictionary; the most frequent last, where references are shortest. It is
 * part of the format: changed by one byte, it cannot unpack earlier bodies.
 */
const dictionary = Buffer.from(
  [
    '"doseQuantity":{"value":1,"authoredOn":"2026-01-01T00:00:00Z","intent":"order","medicationCodeableConcept":',
    '"Procedure","Claim","priority":"insurance":[{"sequence":1,"focal":true,"coverage":"item":[{"productOrService":',
    '"AuditEvent","type":"recorded":"agent":[{"requestor":true,"who":"source":{"observer":"purposeOfEvent"',
    '"Appointment","participant":[{"actor":"accepted","start":"end":"minutesDuration":15,"booked"',
    '"Encounter","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"period":{"start":"',
    '"location":[{"location":{"reference":"Location/"},"serviceProvider":{"reference":"Organization/',
    '"MedicationAdministration","MedicationRequest","dosageInstruction":"Condition","clinicalStatus":"DiagnosticReport"',
    '"performer":[{"reference":"Practitioner/"}],"meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-',
    '"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/","valueCode":"identifier":[{"use":"official","system":"urn:oid:2.16.840.1.113883.',
    '"system":"http://www.nlm.nih.gov/research/umls/rxnorm","system":"http://snomed.info/sct","status":"completed","active","preliminary"',
    '"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}]}],',
    '"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],',
    '"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolic blood pressure"}]},',
    '"valueQuantity":{"value":120,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}],"text":"',
    '{"resourceType":"Observation","id":"","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}],',
    '"subject":{"reference":"Patient/"},"encounter":{"reference":"Encounter/"},"effectiveDateTime":"2026-01-01T00:00:00.000Z","issued":"2026-',
    '"valueQuantity":{"value":80,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}',
  ].join(''),
);

const window = { dictionary, windowBits: 14, chunkSize: 2048 } as const;

/**
 * Packs a body for sealing, compressed if that is smaller. Another version of zlib may pack the same body differently.
 */
export function packBody(body: Uint8Array): Uint8Array {
  const deflated = body.length < smallestBytes ? body : deflateRawSync(body, { ...window, level: 3, memLevel: 6 });
  const [kind, content] =
    deflated.length < body.length ? ([kinds.deflated, deflated] as const) : ([kinds.plain, body] as const);
  return Buffer.concat([Buffer.of(kind), content]);
}

/**
 * The inverse of `packBody`. Bodies sealed before packing was introduced are JSON, which begins with neither kind, and
 * are returned unchanged.
 */
export function unpackBody(packed: Uint8Array): Uint8Array {
  const [kind] = packed;
  if (kind === kinds.plain) return packed.subarray(1);
  if (kind === kinds.deflated) return inflateRawSync(packed.subarray(1), window);
  return packed;
}
