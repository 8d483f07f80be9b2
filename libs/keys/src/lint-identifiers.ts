import { decodePart } from './key-part.ts';

// Shapes that identify people. Bare digits are left out: SNOMED and RxNorm codes look the same.
const shapes: readonly RegExp[] = [
  /(^|\D)\d{3}-\d{2}-\d{4}(\D|$)/, // US social security number
  /(^|\D)\d{3}[ -]\d{3}[ -]\d{4}(\D|$)/, // NHS number, North American telephone number
  /\b(mrn|ssn|pid)\W{0,2}\d{4,}/i, // medical record number with its label
  /[^\s@]+@[^\s@]+\.[a-z]{2,}/i, // e-mail address
];

/** Whether one part of a key, escaped or not, has the shape of something that identifies a person. */
export function looksLikeIdentifier(part: string): boolean {
  const text = decodePart(part) ?? part;
  return shapes.some((shape) => shape.test(text));
}
