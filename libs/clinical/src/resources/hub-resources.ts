import type { ResourceModule } from '../contract/resource-module.ts';
import { codesOf } from '../fhir/codes.ts';
import type { CodeableConcept } from '../fhir/datatypes.ts';

interface Hub {
  readonly active?: boolean;
  readonly status?: string;
  readonly type?: readonly CodeableConcept[];
  readonly physicalType?: CodeableConcept;
}

/**
 * Practitioners, organizations, locations and the like, which thousands of records refer to. They refer by id, so they
 * do not touch the keys of the hub. A reference by identifier reads the identifier's line, which only the creation of
 * the hub writes.
 */
function hub(type: string): ResourceModule {
  return {
    type,
    class: 'clinical',
    space: 'clinical',
    templateVersion: 1,
    lines: [],
    facts: (resource) => {
      const { active, status, type: kinds, physicalType } = resource as Hub;
      const kind = Array.isArray(kinds)
        ? kinds.flatMap((concept: CodeableConcept) => codesOf(concept)).slice(0, 10)
        : undefined;
      return { active, status, kind, physicalType: codesOf(physicalType)[0] };
    },
  };
}

export const organization = hub('Organization');
export const practitioner = hub('Practitioner');
export const practitionerRole = hub('PractitionerRole');
export const location = hub('Location');
export const healthcareService = hub('HealthcareService');
