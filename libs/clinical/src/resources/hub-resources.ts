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
 * Who and where: what thousands of records refer to. They refer by id, so none of them touches a hub's keys; the hub is
 * found by its business identifier through the directory, which everybody reads and only its creation writes.
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
