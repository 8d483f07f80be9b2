import type { IntakeContext, IntakeMessage, PatientHandle, PatientIdentifier } from '@medrex/contracts';
import type { Draft } from './draft.ts';
import { MessagePatients } from './message-patients.ts';
import { identifiersOfPatient, patientId } from './patient-identifiers.ts';
import { knownId, mintedId } from './resource-ids.ts';

/**
 * A draft with its place in the world: the id that its resource has in keys, and the patient whom a Patient resource
 * is.
 */
export interface Named {
  readonly draft: Draft;
  /** Id in keys; of a Patient the pseudonym. */
  readonly id: string;
  /** Id that the sender may use in references. */
  readonly told: string;
  readonly self: PatientHandle | undefined;
  /** What the message calls that patient, by the vault's systems. */
  readonly names: readonly PatientIdentifier[];
}

/** The resources of one message by their full URLs, and the patients that it names. */
export class Directory {
  readonly #context: IntakeContext;
  readonly #patientSystems: readonly string[] | undefined;
  readonly #byUrl = new Map<string, Named>();
  readonly patients: MessagePatients;

  constructor(context: IntakeContext, patientSystems: readonly string[] | undefined) {
    this.#context = context;
    this.#patientSystems = patientSystems;
    this.patients = new MessagePatients(context);
  }

  /** Gives a draft its ids, and enters it under its full URL. The same message names it the same every time. */
  name(draft: Draft, message: Pick<IntakeMessage, 'source' | 'id'>, item: number): Named {
    const id = this.#idOf(draft, message, item);
    const named: Named =
      draft.type === 'Patient' ? this.#person(draft, id) : { draft, id, told: id, self: undefined, names: [] };
    if (draft.fullUrl !== undefined) this.#byUrl.set(draft.fullUrl, named);
    return named;
  }

  /**
   * The entry that a reference means (https://hl7.org/fhir/R4/bundle.html#references).
   * @param url as it stands in the reference; a relative one is read against `base`, the full URL of the entry that
   * it stands in.
   */
  entry(url: string, base: string | undefined): Named | undefined {
    if (this.#byUrl.size === 0) return undefined;
    const server = base?.startsWith('http') ? base.replace(/[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/, '') : undefined;
    return this.#byUrl.get(url) ?? (server === undefined ? undefined : this.#byUrl.get(server + url));
  }

  #idOf({ type, id, fullUrl, place }: Draft, message: Pick<IntakeMessage, 'source' | 'id'>, item: number): string {
    if (id !== undefined) return knownId(this.#context, type, id);
    return mintedId(this.#context, type, message.source, message.id, fullUrl ?? `${item}.${place ?? 0}`);
  }

  /**
   * The patient whom a Patient resource is. One that was not put under an id is told by an id of the person, so that all
   * who post the same patient are told the same one.
   *
   * @param made id for a patient whom nothing else names
   */
  #person(draft: Draft, made: string): Named {
    const { resource, id, condition, fullUrl } = draft;
    const own = resource?.['id'];
    // A urn:uuid means something inside of its Bundle only.
    const url = fullUrl?.startsWith('urn:') === true ? undefined : fullUrl;
    const named = identifiersOfPatient(
      resource ?? { resourceType: 'Patient' },
      this.#patientSystems,
      [id, typeof own === 'string' ? own : undefined, url, made].filter((one) => one !== undefined),
    );
    const names = condition === undefined ? named : [condition, ...named];
    const self = this.patients.find(names);
    if (id !== undefined) return { draft, id: self.pseudonym, told: made, self, names };
    const told = mintedId(this.#context, draft.type, 'person', self.pseudonym);
    const allNames = [...names, patientId(told)];
    return { draft, id: self.pseudonym, told, self: this.patients.find(allNames), names: allNames };
  }
}
