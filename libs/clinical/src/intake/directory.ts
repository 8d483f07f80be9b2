import type { IntakeContext, IntakeMessage, PatientHandle, PatientIdentifier } from '@medrex/contracts';
import type { Draft } from './draft.ts';
import { MessagePatients } from './message-patients.ts';
import { identifiersOfPatient, patientId } from './patient-identifiers.ts';
import { knownId, mintedId } from './resource-ids.ts';

/** A draft with its ids and, for a Patient resource, the patient that it is. */
export interface IdentifiedDraft {
  readonly draft: Draft;
  /** Id in keys; for a Patient the pseudonym. */
  readonly id: string;
  /** Id by which the sender may refer to the resource. */
  readonly senderId: string;
  readonly self: PatientHandle | undefined;
  /** Identifiers of that patient in the message, in the vault's systems. */
  readonly identifiers: readonly PatientIdentifier[];
}

/** The resources of one message by full URL, and the patients that it refers to. */
export class Directory {
  readonly #context: IntakeContext;
  readonly #patientSystems: readonly string[] | undefined;
  readonly #byUrl = new Map<string, IdentifiedDraft>();
  readonly patients: MessagePatients;

  constructor(context: IntakeContext, patientSystems: readonly string[] | undefined) {
    this.#context = context;
    this.#patientSystems = patientSystems;
    this.patients = new MessagePatients(context);
  }

  /** Gives a draft its ids and files it under its full URL. The same message always gets the same ids. */
  identify(draft: Draft, message: Pick<IntakeMessage, 'source' | 'id'>, item: number): IdentifiedDraft {
    const id = this.#idOf(draft, message, item);
    const identified: IdentifiedDraft =
      draft.type === 'Patient'
        ? this.#person(draft, id)
        : { draft, id, senderId: id, self: undefined, identifiers: [] };
    if (draft.fullUrl !== undefined) this.#byUrl.set(draft.fullUrl, identified);
    return identified;
  }

  /**
   * The entry that a reference refers to (https://hl7.org/fhir/R4/bundle.html#references).
   * @param url as written in the reference; a relative one is resolved against the server of `base`, the full URL of
   * the entry that contains the reference
   */
  entry(url: string, base: string | undefined): IdentifiedDraft | undefined {
    if (this.#byUrl.size === 0) return undefined;
    const server = base?.startsWith('http') ? base.replace(/[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/, '') : undefined;
    return this.#byUrl.get(url) ?? (server === undefined ? undefined : this.#byUrl.get(server + url));
  }

  #idOf({ type, id, fullUrl, place }: Draft, message: Pick<IntakeMessage, 'source' | 'id'>, item: number): string {
    if (id !== undefined) return knownId(this.#context, type, id);
    return mintedId(this.#context, type, message.source, message.id, fullUrl ?? `${item}.${place ?? 0}`);
  }

  /**
   * The patient of a Patient resource. If it was not put under an id, the sender's id is derived from the patient, so
   * that everyone who posts this patient gets the same id.
   * @param newId id of a patient that nothing else identifies
   */
  #person(draft: Draft, newId: string): IdentifiedDraft {
    const { resource, id, condition, fullUrl } = draft;
    const own = resource?.['id'];
    // A urn:uuid has a meaning only within its Bundle.
    const url = fullUrl?.startsWith('urn:') === true ? undefined : fullUrl;
    const patientIdentifiers = identifiersOfPatient(
      resource ?? { resourceType: 'Patient' },
      this.#patientSystems,
      [id, typeof own === 'string' ? own : undefined, url, newId].filter((one) => one !== undefined),
    );
    const identifiers = condition === undefined ? patientIdentifiers : [condition, ...patientIdentifiers];
    const self = this.patients.find(identifiers);
    if (id !== undefined) return { draft, id: self.pseudonym, senderId: newId, self, identifiers };
    const senderId = mintedId(this.#context, draft.type, 'person', self.pseudonym);
    const allIdentifiers = [...identifiers, patientId(senderId)];
    return {
      draft,
      id: self.pseudonym,
      senderId,
      self: this.patients.find(allIdentifiers),
      identifiers: allIdentifiers,
    };
  }
}
