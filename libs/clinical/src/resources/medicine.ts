import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import { readHead } from '../contract/record.ts';
import { headKey } from '../contract/record-keys.ts';
import type { References, ResourceModule } from '../contract/resource-module.ts';
import { codesOf } from '../fhir/codes.ts';
import type { CodeableConcept, FhirResource, Reference } from '../fhir/datatypes.ts';

/** A medicine as a resource names it: by codes, by a Medication, or by both. */
export type Medicine = {
  readonly codes: readonly string[];
  /** Id of the Medication that is referred to. */
  readonly medication?: string;
};

type MedicationFacts = { readonly status?: string; readonly codes: readonly string[] };

interface Medication {
  readonly status?: string;
  readonly code?: CodeableConcept;
  readonly ingredient?: readonly { readonly itemCodeableConcept?: CodeableConcept }[];
}

/** Further ingredients of a combination are not checked. */
const codesMax = 40;

/** Medications: products with their ingredients. Orders that refer to one are checked by its codes. */
export const medication: ResourceModule<MedicationFacts, Pick<MedicationFacts, 'codes'>> = {
  type: 'Medication',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [],
  facts: (resource) => ({ status: (resource as Medication).status, codes: codesOfMedication(resource) }),
  headFacts: ({ codes }) => ({ codes }),
};

/** Reads `medication[x]` of an order or a dose, including the codes of a contained Medication. */
export function medicineOf(resource: FhirResource, references: References): Medicine {
  const { medicationCodeableConcept, medicationReference, contained } = resource as {
    readonly medicationCodeableConcept?: CodeableConcept;
    readonly medicationReference?: Reference;
    readonly contained?: readonly FhirResource[];
  };
  const name = medicationReference?.reference;
  const inside = contained?.find(({ resourceType, id }) => resourceType === 'Medication' && `#${String(id)}` === name);
  if (inside !== undefined) return { codes: codesOfMedication(inside) };
  const id = references.id(medicationReference);
  return { codes: codesOf(medicationCodeableConcept), ...(id === undefined ? {} : { medication: id }) };
}

/** The keys to read to know a medicine's codes. */
export function medicineKeys({ medication: id }: Medicine): readonly DeclaredKey[] {
  return id === undefined ? [] : [{ key: headKey('clinical', 'Medication', id), mode: 'read' }];
}

/**
 * All codes of a medicine, including those of the Medication that it names. The Medication itself counts as a code,
 * too.
 */
export async function knownCodes(state: State, { codes, medication: id }: Medicine): Promise<readonly string[]> {
  if (id === undefined) return codes;
  const head = await readHead(state, 'clinical', 'Medication', id);
  return [...codes, ...((head?.facts['codes'] ?? []) as readonly string[]), `Medication/${id}`];
}

function codesOfMedication(resource: FhirResource): readonly string[] {
  const { code, ingredient = [] } = resource as Medication;
  const found = [code, ...ingredient.map(({ itemCodeableConcept }) => itemCodeableConcept)].flatMap((one) =>
    codesOf(one),
  );
  return [...new Set(found)].slice(0, codesMax);
}
