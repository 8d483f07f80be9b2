import type { RefusalIssue, OperationClass } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import type { AccessMode, DeclaredKey, KeySpace, StateKey } from '@medrex/keys';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import type { Merge } from './patient-merge.ts';

/**
 * What a module may keep of a resource outside its sealed body: codes, quantities, times, minted ids. Undefined fields
 * are left out.
 */
export type Coded =
  string | number | boolean | null | undefined | readonly Coded[] | { readonly [name: string]: Coded };
export type CodedFields = { readonly [name: string]: Coded };

/** What references in a resource name, in the words that keys and facts may use. */
export interface References {
  /**
   * Id of the resource that a reference names, for keys and facts. Undefined without a reference and for a contained
   * resource. For a conditional reference it is a placeholder that stands for the id until `apply`, where facts hold
   * the id itself.
   */
  id(reference: Reference | undefined): string | undefined;
  /** Pseudonym of the patient that a reference names; only for references that `patients` gave. */
  patient(reference: Reference | undefined): string | undefined;
  /** Resource type that a reference names; undefined when it does not say. */
  type(reference: Reference | undefined): string | undefined;
}

/** A create or an update of one resource, before the state is known. */
export interface Change<Facts> {
  readonly action: 'create' | 'update';
  /** The resource's id in keys; of a Patient, the pseudonym. */
  readonly id: string;
  /** Pseudonym of the patient that the resource is about; in `apply`, the survivor when it was merged. */
  readonly patient: string | undefined;
  readonly facts: Facts;
  /** Unique to this change of this resource, for keys with a single writer. */
  readonly changeId: string;
}

/** The head of a resource: its current version. */
export interface Head<HeadFacts> {
  readonly version: number;
  readonly isDeleted: boolean;
  readonly patient: string | undefined;
  /** Key of the record of this version, where the sealed body is. */
  readonly record: StateKey;
  readonly facts: HeadFacts;
}

/** The current state of the resource to change or delete. */
export interface ApplyContext<HeadFacts> {
  /** The operation's time, ISO 8601 UTC: the only clock. */
  readonly time: string;
  /** The version that this change makes. */
  readonly version: number;
  /** The head before this change: undefined for a resource that never existed. Of a deleted one, with `isDeleted`. */
  readonly previous: Head<HeadFacts> | undefined;
  /** Whom messages about a patient land on: itself, or whom it was merged into. For patients that the state names, not the message. */
  readonly survivor: (patient: string) => Promise<string>;
  /** Spends of the operation's budget; for loops over what state holds. */
  readonly spend: (units: number) => void;
}

/** A resource that goes. */
export interface Removal {
  readonly id: string;
  /** The patient by the head, or its survivor. */
  readonly patient: string | undefined;
  readonly changeId: string;
}

/** What happens to a module's keys about a patient when that patient is merged into another. */
export interface PatientMerge {
  template(from: string, into: string): readonly DeclaredKey[];
  apply(
    from: string,
    into: string,
    state: State,
    context: { readonly time: string; spend(units: number): void },
  ): Promise<void>;
}

/** One line of a key template as the generated reference shows it and the linter reads it. */
export interface TemplateLine {
  /** The key with its variable parts in angle brackets: `cli~bed~<bed>`. */
  readonly key: string;
  readonly mode: AccessMode;
  /** When an operation declares it: 'always', 'with a bed', 'on update'. */
  readonly when: string;
  readonly why: string;
  /** Only the state can tell the key: it is found while the operation is applied. */
  readonly isDiscovered?: boolean;
}

/**
 * Everything that is special about one resource type. What all records share is done for it: the head with its version,
 * If-Match, tombstones, identifiers, conditional creates, the patient's link, merged patients. A module states its
 * coded facts and, where it decides something, its own keys and the decision.
 *
 * `facts` and `template` run at ingest and must be pure; `apply` and `remove` run in the contract and must be
 * deterministic, through `state` alone. Key order and modes: declare everything that `apply` may touch and that the
 * message lets one know; what only the state can tell is found when it is touched.
 */
export interface ResourceModule<Facts extends CodedFields = CodedFields, HeadFacts extends CodedFields = CodedFields> {
  readonly type: string;
  readonly class: OperationClass;
  /** Space of head and versions, and of the module's own keys. */
  readonly space: Exclude<KeySpace, 'counters' | 'system'>;
  /** Other spaces that its own keys lie in. The financial space and the clinical one exclude each other. */
  readonly alsoIn?: readonly KeySpace[];
  /** Rises when `facts` or `template` change so that an older `apply` would not understand them. */
  readonly templateVersion: number;
  /** The module's own keys, beside those that every record has. */
  readonly lines: readonly TemplateLine[];
  /** Never changed and never deleted. */
  readonly isWrittenOnce?: true;
  /** Types that changes of this one are decided on. In a Bundle those go first: the order of a transaction's entries must not matter. */
  readonly decidedOn?: readonly string[];

  /**
   * References to patients that are to become pseudonyms; the first one says whom the resource is about. Default:
   * `subject`, else `patient`.
   */
  patients?(resource: FhirResource, references: Pick<References, 'type'>): readonly (Reference | undefined)[];
  /** What R4's structure does not say and still makes the resource invalid. */
  check?(resource: FhirResource): readonly RefusalIssue[];
  /** The coded fields: never a name, an identifier or free text. */
  facts(resource: FhirResource, references: References): Facts;
  /** The facts to keep in the head, for decisions about the next version. Default: none. */
  headFacts?(facts: Facts): HeadFacts;
  /** Where the record of a version lies. Unique by change. Default: the resource's history, `versionKey`. */
  recordKey?(change: Change<Facts>): StateKey;
  /** Own keys of a change, with modes. */
  template?(change: Change<Facts>): readonly DeclaredKey[];
  /**
   * Decides, and writes its own keys; the record and its head are written after it. Returns coded words for the sender,
   * if any.
   * @throws Reject
   */
  apply?(change: Change<Facts>, state: State, context: ApplyContext<HeadFacts>): Promise<CodedFields | undefined>;
  /**
   * Takes back what `apply` keeps beside the record, when the resource is deleted. `context.previous` is never
   * undefined here.
   */
  remove?(removal: Removal, state: State, context: ApplyContext<HeadFacts>): Promise<void>;
  /** Patients that this change finds to be one; only Patient says so. */
  merges?(change: Change<Facts>): readonly Merge[];
  /** What the module keeps per patient, and how it is carried over to a survivor. */
  readonly merge?: PatientMerge;
}
