import type { PatientIdentifier } from '@medrex/contracts';
import type { FhirResource, Identifier, Reference } from '../fhir/datatypes.ts';
import { hasCode } from '../fhir/codes.ts';
import { identifierQuery } from '../fhir/identifier-query.ts';
import { targetOf } from '../fhir/reference-target.ts';

/** Identifier system under which the vault knows the logical ids of Patient resources. */
export const patientIdSystem = 'urn:medrex:fhir:Patient';

/**
 * The vault takes 32 identifiers of a patient. This many business identifiers leave room for ids that references use.
 */
const businessIdentifiersMax = 24;

/**
 * The identifiers of a Patient resource, the most trusted first: those in the configured systems, or without
 * configuration all that have a system and a value, medical record numbers first. They are followed by the ids that
 * references may use.
 */
export function identifiersOfPatient(
  resource: FhirResource,
  systems: readonly string[] | undefined,
  ids: readonly string[],
): readonly PatientIdentifier[] {
  const all = ((resource['identifier'] ?? []) as readonly Identifier[]).flatMap(({ system, value, type }) =>
    system === undefined || value === undefined ? [] : [{ system, value, isRecordNumber: hasCode(type, 'MR') }],
  );
  const ordered =
    systems === undefined
      ? [...all.filter((one) => one.isRecordNumber), ...all.filter((one) => !one.isRecordNumber)]
      : systems.flatMap((system) => all.filter((one) => one.system === system));
  const named = ordered.slice(0, businessIdentifiersMax).map(({ system, value }) => ({ system, value }));
  return [...named, ...Array.from(new Set(ids), patientId)];
}

/** The identifier in a reference to a patient; undefined if there is none that can be looked up. */
export function identifierOfReference(reference: Reference): PatientIdentifier | undefined {
  const target = targetOf(reference);
  switch (target.kind) {
    case 'literal':
      return patientId(target.id);
    case 'absolute':
      return patientId(target.url);
    case 'conditional':
      return identifierQuery(target.query);
    case 'logical': {
      const { system, value } = target.identifier;
      return value === undefined ? undefined : { system: system ?? '', value };
    }
    default:
      return undefined;
  }
}

/** The vault's identifier for a logical id, or a full URL, of a Patient. */
export function patientId(value: string): PatientIdentifier {
  return { system: patientIdSystem, value };
}
