import type { RefusalIssue, OperationClass } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import type { AccessMode, DeclaredKey, KeySpace, StateKey } from '@medrex/keys';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import type { Merge } from './patient-merge.ts';

/**
 * What may be kept of a resource outside its sealed body: codes, quantities, times, minted ids. Undefined fields are
 * left out.
 */
export type Coded =
  string | number | boolean | null | undefined | readonly Coded[] | { readonly [name: string]: Coded };
export type CodedFields = { readonly [name: string]: Coded };

/** Resolves references of a resource to the ids that keys and facts may hold. */
export interface References {
  /**
   * Id of the referenced resource for keys and facts. Undefined without a reference and for a contained resource. For a
   * conditional reference a placeholder, which `apply` sees replaced by the id.
   */
  id(reference: Reference | undefined): string | undefined;
  /** Pseudonym of the referenced patient; only for references that `patients` returned. */
  patient(reference: Reference | undefined): string | undefined;
  /** Type of the referenced resource; undefined if the reference does not say it. */
  type(reference: Reference | undefined): string | undefined;
}

/** A create or update of one resource, as far as the message determines it. */
export interface Change<Facts> {
  readonly action: 'create' | 'update';
  /** The resource's id in keys; for a Patient the pseudonym. */
  readonly id: string;
  /** Pseudonym of the patient that the resource is about; in `apply` that of the survivor if it was merged. */
  readonly patient: string | undefined;
  readonly facts: Facts;
  /** Unique to this change, for keys that only one change writes. */
  readonly changeId: string;
}

/** The head of a resource: its current version. */
export interface Head<HeadFacts> {
  readonly version: number;
  readonly isDeleted: boolean;
  readonly patient: string | undefined;
  /** Key of the record of this version, which holds the sealed body. */
  readonly record: StateKey;
  readonly facts: HeadFacts;
}

/** What `apply` and `remove` know beside the change. */
export interface ApplyContext<HeadFacts> {
  /** Time of the operation, ISO 8601 UTC. There is no other clock. */
  readonly time: string;
  /** The version that this change makes. */
  readonly version: number;
  /** The head before this change; undefined if the resource never existed. For a deleted one `isDeleted` is set. */
  readonly previous: Head<HeadFacts> | undefined;
  /**
   * The patient that messages about a patient apply to: itself, or its survivor after a merge. For patients found in
   * the state.
   */
  readonly survivor: (patient: string) => Promise<string>;
  /** Charges the operation's budget; for loops over lists in the state. */
  readonly spend: (units: number) => void;
}

/** A resource to delete. */
export interface Removal {
  readonly id: string;
  /** The patient named in the head, or its survivor. */
  readonly patient: string | undefined;
  readonly changeId: string;
}

/** What a module keeps per patient, and how to move it when that patient is merged into another. */
export interface PatientMerge {
  template(from: string, into: string): readonly DeclaredKey[];
  apply(
    from: string,
    into: string,
    state: State,
    context: { readonly time: string; spend(units: number): void },
  ): Promise<void>;
}

/** One line of a key template, for the generated reference and the key linter. */
export interface TemplateLine {
  /** The key with its variable parts in angle brackets: `cli~bed~<bed>`. */
  readonly key: string;
  readonly mode: AccessMode;
  /** When an operation declares the key: 'always', 'with a bed', 'on update'. */
  readonly when: string;
  readonly why: string;
  /** Only the state tells the key: it is found while the operation is applied and was not declared. */
  readonly isDiscovered?: boolean;
}

/**
 * The rules of one resource type. What all records have in common is done outside of it: heads and versions, If-Match,
 * tombstones, identifiers, conditional creates, merged patients. A module says which coded facts to keep. If it makes
 * decisions, it also has keys of its own.
 * `facts` and `template` run at ingest and must be pure. `apply` and `remove` run in the contract, must be
 * deterministic and access state through `state` alone. `template` declares every key that `apply` may touch, as far as
 * the message determines it. Other keys are found while the operation is applied.
 */
export interface ResourceModule<Facts extends CodedFields = CodedFields, HeadFacts extends CodedFields = CodedFields> {
  readonly type: string;
  readonly class: OperationClass;
  /** Key space of heads, versions and the module's own keys. */
  readonly space: Exclude<KeySpace, 'counters' | 'system'>;
  /** Further spaces for its own keys. A module uses the financial space or the clinical one, never both. */
  readonly alsoIn?: readonly KeySpace[];
  /** Increased when `facts` or `template` change in a way that an older `apply` would not understand. */
  readonly templateVersion: number;
  /** The module's own keys, in addition to those of every record. */
  readonly lines: readonly TemplateLine[];
  /** The contract refuses to update or delete resources of this type. */
  readonly isWrittenOnce?: true;
  /**
   * Types that this module reads to decide. Within a Bundle their entries are applied first, since the order of a
   * transaction's entries must not matter.
   */
  readonly decidedOn?: readonly string[];

  /**
   * References to patients, which become pseudonyms. The first one is the patient that the resource is about. Default:
   * `subject`, `patient` or `beneficiary`.
   */
  patients?(resource: FhirResource, references: Pick<References, 'type'>): readonly (Reference | undefined)[];
  /** Rules of R4 beyond the structure of the resource. Returns an issue for each one that is broken. */
  check?(resource: FhirResource): readonly RefusalIssue[];
  /** The coded fields of the resource; never a name, an identifier or free text. */
  facts(resource: FhirResource, references: References): Facts;
  /** The facts to keep in the head for decisions about the next version. Default: none. */
  headFacts?(facts: Facts): HeadFacts;
  /** Key of the record of a version, unique to the change. Default: `versionKey`. */
  recordKey?(change: Change<Facts>): StateKey;
  /** The module's own keys of a change, with modes. */
  template?(change: Change<Facts>): readonly DeclaredKey[];
  /**
   * Decides on the change and writes the module's own keys; record and head are written afterwards. Returns coded
   * fields to add to the entry's result, if any.
   * @throws Reject
   */
  apply?(change: Change<Facts>, state: State, context: ApplyContext<HeadFacts>): Promise<CodedFields | undefined>;
  /**
   * Undoes what `apply` keeps beside the record when the resource is deleted. `context.previous` is never undefined
   * here.
   */
  remove?(removal: Removal, state: State, context: ApplyContext<HeadFacts>): Promise<void>;
  /** Merges that this change asks for; only Patient has any. */
  merges?(change: Change<Facts>): readonly Merge[];
  /** What the module keeps per patient and how a merge moves it to the survivor. */
  readonly merge?: PatientMerge;
}
