import type { RefusalIssue } from '@medrex/contracts';
import type { ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';

type PatientFacts = {
  readonly active?: boolean;
  readonly gender?: string;
  readonly isDeceased?: boolean;
  /** Pseudonyms of the patients that replace this one, and of those that it replaces. */
  readonly replacedBy?: readonly string[];
  readonly replaces?: readonly string[];
};

type PatientLink = { readonly type?: string; readonly other?: Reference };

const linksOf = (resource: FhirResource): readonly PatientLink[] => (resource['link'] ?? []) as readonly PatientLink[];

/**
 * Patients. Demographics are in the sealed body only, under the pseudonym; birth date, names and addresses appear
 * nowhere else. A link `replaced-by` or `replaces` merges two patients: later messages about the replaced one apply to
 * the other.
 */
export const patient: ResourceModule<PatientFacts> = {
  type: 'Patient',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'sys~link~<patient>',
      mode: 'readWrite',
      when: 'a merge',
      why: 'links of both patients: the survivor must not be merged itself',
    },
    ...['allergies', 'consents', 'orders'].map((list) => ({
      key: `cli~${list}~<patient>`,
      mode: 'readWrite' as const,
      when: 'a merge',
      why: 'lists of both patients: the lines of one are moved to the other',
    })),
  ],
  patients: (resource) =>
    linksOf(resource).flatMap(({ type, other }) => (type === 'replaced-by' || type === 'replaces' ? [other] : [])),
  check: checkPatient,
  facts: (resource, references) => {
    const { active, gender, deceasedBoolean, deceasedDateTime } = resource as {
      readonly active?: boolean;
      readonly gender?: string;
      readonly deceasedBoolean?: boolean;
      readonly deceasedDateTime?: string;
    };
    const linked = (kind: string) => {
      const found = linksOf(resource).flatMap(({ type, other }) => (type === kind ? [references.patient(other)] : []));
      return found.length === 0 ? undefined : found.filter((pseudonym) => pseudonym !== undefined);
    };
    return {
      active,
      gender,
      isDeceased: deceasedBoolean ?? (deceasedDateTime === undefined ? undefined : true),
      replacedBy: linked('replaced-by'),
      replaces: linked('replaces'),
    };
  },
  merges: ({ id, facts: { replacedBy = [], replaces = [] } }) => [
    ...replacedBy.map((into) => ({ from: id, into })),
    ...replaces.map((from) => ({ from, into: id })),
  ],
};

function checkPatient(resource: FhirResource): readonly RefusalIssue[] {
  const replacing = linksOf(resource).filter(({ type }) => type === 'replaced-by');
  if (replacing.length < 2) return [];
  return [
    issue('business-rule', 'Patient.link', 'A patient is replaced by one patient; keep one link of type replaced-by.'),
  ];
}
