/** A validated FHIR resource: its elements have the types that R4 gives them. */
export type FhirResource = { readonly resourceType: string } & { readonly [element: string]: unknown };

// The few R4 datatypes that key templates and contracts read, with the elements they read of them.

export interface Coding {
  readonly system?: string;
  readonly code?: string;
}

export interface CodeableConcept {
  readonly coding?: readonly Coding[];
}

export interface Identifier {
  readonly system?: string;
  readonly value?: string;
  readonly type?: CodeableConcept;
}

export interface Reference {
  readonly reference?: string;
  readonly type?: string;
  readonly identifier?: Identifier;
}

export interface Period {
  readonly start?: string;
  readonly end?: string;
}

export interface Quantity {
  readonly value?: number;
  readonly comparator?: string;
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}

export interface Money {
  readonly value?: number;
  readonly currency?: string;
}
