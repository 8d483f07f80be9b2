import { decodePart } from './key-part.ts';

// Formats of identifiers of people. Bare digits are left out, since SNOMED and RxNorm codes look the same.
const shapes: readonly RegExp[] = [
  /(^|\D)\d{3}-\d{2}-\d{4}(\D|$)/, // US social security number
  /(^|\D)\d{3}[ -]\d{3}[ -]\d{4}(\D|$)/, // NHS number, North American telephone number
  /\b(mrn|ssn|pid)\W{0,2}\d{4,}/i, // medical record number with its label
  /[^\s@]+@[^\s@]+\.[a-z]{2,}/i, // e-mail address
];

/** Whether one part of a key, escaped or not, looks like an identifier of a person. */
export function looksLikeIdentifier(part: string): boolean {
  const text = decodePart(part) ?? part;
  return shapes.some((shape) => shape.test(text));
}
