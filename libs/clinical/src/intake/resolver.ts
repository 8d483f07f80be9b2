import type { IntakeContext, PatientHandle } from '@medrex/contracts';
import { placeholder } from '../contract/entry.ts';
import type { References } from '../contract/resource-module.ts';
import type { Reference } from '../fhir/datatypes.ts';
import { identifierQuery } from '../fhir/identifier-query.ts';
import { targetOf, type ReferenceTarget } from '../fhir/reference-target.ts';
import type { Directory, Named } from './directory.ts';
import { identifierOfReference } from './patient-identifiers.ts';
import { identifierDigest, knownId, mintedId } from './resource-ids.ts';

/**
 * Resolves the references of one resource: inside its Bundle, to known ids, or to placeholders for what the contract
 * looks up.
 */
export class Resolver implements References {
  readonly #directory: Directory;
  readonly #context: IntakeContext;
  readonly #base: string | undefined;
  readonly #patients = new Map<string, PatientHandle>();

  /** @param base full URL of the entry that the references stand in */
  constructor(directory: Directory, context: IntakeContext, base: string | undefined) {
    this.#directory = directory;
    this.#context = context;
    this.#base = base;
  }

  id(reference: Reference | undefined): string | undefined {
    if (reference === undefined) return undefined;
    const target = targetOf(reference);
    const digest = this.digest(reference, target);
    if (digest !== undefined) return placeholder(digest);
    const entry = this.entry(reference, target);
    if (entry !== undefined) return entry.told;
    switch (target.kind) {
      case 'literal':
        return knownId(this.#context, target.type, target.id);
      case 'absolute':
        return mintedId(this.#context, target.type ?? '', 'url', target.url);
      case 'logical': {
        const { system = '', value = '' } = target.identifier;
        return mintedId(this.#context, target.type ?? '', 'logical', system, value);
      }
      default:
        return undefined;
    }
  }

  patient(reference: Reference | undefined): string | undefined {
    return reference === undefined ? undefined : this.handle(reference)?.pseudonym;
  }

  type(reference: Reference | undefined): string | undefined {
    if (reference === undefined) return undefined;
    const target = targetOf(reference);
    return this.entry(reference, target)?.draft.type ?? ('type' in target ? target.type : reference.type);
  }

  /** The patient of a reference that `findPatients` was given. */
  handle(reference: Reference): PatientHandle | undefined {
    return this.#patients.get(keyOf(reference));
  }

  /** Finds the patients that references name. */
  findPatients(references: readonly (Reference | undefined)[]): void {
    for (const reference of references) {
      if (reference === undefined) continue;
      const entry = this.entry(reference, targetOf(reference));
      const identifier = entry === undefined ? identifierOfReference(reference) : undefined;
      const handle = entry === undefined ? identifier && this.#directory.patients.find([identifier]) : entry.self;
      if (handle !== undefined) this.#patients.set(keyOf(reference), handle);
    }
  }

  /** The entry of the same message that a reference means. */
  entry({ reference = '' }: Reference, { kind }: ReferenceTarget): Named | undefined {
    const isUrl = kind === 'urn' || kind === 'literal' || kind === 'absolute';
    return isUrl ? this.#directory.entry(reference, this.#base) : undefined;
  }

  /**
   * Digest of the identifier by which the contract finds what a reference means: of a conditional reference, and of one
   * to an entry that is created or changed on a condition, since only the state tells which resource that is. Patients
   * are found by the vault: theirs is the digest of the pseudonym, known once `findPatients` was given the reference.
   */
  digest(reference: Reference, target: ReferenceTarget): string | undefined {
    if (target.kind === 'conditional') {
      if (target.type === 'Patient') return this.#patientDigest(reference);
      const identifier = identifierQuery(target.query);
      return identifier && identifierDigest(this.#context, target.type, identifier.system, identifier.value);
    }
    const { draft, self } = this.entry(reference, target) ?? {};
    if (draft?.condition === undefined || self !== undefined) return undefined;
    return identifierDigest(this.#context, draft.type, draft.condition.system, draft.condition.value);
  }

  #patientDigest(reference: Reference): string | undefined {
    const handle = this.handle(reference);
    return handle && patientDigest(this.#context, handle.pseudonym);
  }
}

/** Digest under which a recorded Patient stands in the directory of identifiers. */
export function patientDigest(context: IntakeContext, pseudonym: string): string {
  return identifierDigest(context, 'Patient', 'pseudonym', pseudonym);
}

function keyOf({ reference, identifier }: Reference): string {
  return reference ?? JSON.stringify([identifier?.system, identifier?.value]);
}
