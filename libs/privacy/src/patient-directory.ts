import { isCodedError } from '@medrex/coded-error';
import type { BodySealer, PatientHandle, PatientIdentifier } from '@medrex/contracts';
import { privacyError } from './errors.ts';
import { chooseIdentifiers, identifierText } from './identifier.ts';
import { LeaseCache } from './lease-cache.ts';
import type { PatientVault, VaultLookup } from './patient-vault.ts';
import { BodyKey, openBody, sealBody } from './sealed-body.ts';

/** How long a data key may be used after it was read from the vault, ms. An erasure waits for the same time. */
export const keyLeaseMs = 5_000;

export interface PatientDirectoryOptions {
  readonly vault: Pick<PatientVault, 'findOrCreate' | 'tenantSubjectKey'>;
  /** The tenant's identifier systems, the most trusted first; see `chooseIdentifiers`. */
  readonly order: readonly string[];
  /** The clock, epoch ms. */
  readonly nowMs: () => number;
  readonly leaseMs?: number;
  /** Maximum of patients whose keys are kept; about 1 kB each. */
  readonly patientsMax?: number;
  /** Maximum of lookups in one vault transaction. */
  readonly lookupsMax?: number;
}

/** A patient of a message, with what the vault had to say about its identifiers. */
export interface DirectoryPatient extends PatientHandle {
  readonly isNew: boolean;
  /** Identifiers of the message that belong to another pseudonym. The value is left out: this goes to receipts and logs. */
  readonly conflicts: readonly { readonly system: string; readonly pseudonym: string }[];
}

/** The sealer for data that is about no patient; it also opens, for example, the (source, id) of an outcome. */
export interface TenantSealer extends BodySealer {
  /** @throws CodedError BODY_UNOPENABLE. */
  open(sealed: Uint8Array, binding: readonly string[]): Uint8Array;
}

interface Waiting {
  readonly identifiers: readonly PatientIdentifier[];
  readonly patient: Promise<DirectoryPatient>;
  readonly settle: (lookup: VaultLookup, askedAtMs: number) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The vault as ingest uses it: identifiers in, pseudonyms and sealers out. What is asked while a vault transaction is under
 * way, and what a run of messages asks in one go, is looked up together in the next one; a patient found is kept for half a
 * lease, so whoever gets it has at least the other half to seal in.
 */
export class PatientDirectory {
  /** For bodies that are about no patient. */
  readonly tenant: TenantSealer;
  readonly #options: Required<PatientDirectoryOptions>;
  readonly #kept: LeaseCache<DirectoryPatient>;
  readonly #waiting = new Map<string, Waiting>();
  #isDraining = false;
  #hits = 0;
  #lookups = 0;
  #transactions = 0;

  private constructor(options: Required<PatientDirectoryOptions>, tenantKey: BodyKey) {
    this.#options = options;
    this.#kept = new LeaseCache(options.patientsMax);
    this.tenant = {
      seal: (body, binding) => sealBody(tenantKey, body, binding),
      open: (sealed, binding) => openBody(tenantKey, sealed, binding),
    };
  }

  /** @throws CodedError VAULT_UNAVAILABLE and what else the vault throws. */
  static async open(options: PatientDirectoryOptions): Promise<PatientDirectory> {
    const key = new BodyKey(await options.vault.tenantSubjectKey());
    return new PatientDirectory({ leaseMs: keyLeaseMs, patientsMax: 50_000, lookupsMax: 1_000, ...options }, key);
  }

  /**
   * The patient that these identifiers name; made, and durable in the vault, when nobody knows it yet.
   *
   * @throws CodedError PATIENT_UNIDENTIFIED, PATIENT_ERASING (409), VAULT_UNAVAILABLE (retryable); its `seal` throws PATIENT_LEASE_OVER (retryable) once the lease has ended.
   */
  patient(identifiers: readonly PatientIdentifier[]): Promise<DirectoryPatient> {
    const chosen = chooseIdentifiers(this.#options.order, identifiers);
    if (chosen.length === 0) {
      return Promise.reject(
        privacyError(
          'patientUnidentified',
          `none of ${identifiers.length} identifiers is of a system that names patients here`,
        ),
      );
    }
    const key = keyOf(chosen);
    const kept = this.#find(key);
    if (kept) return Promise.resolve(kept);
    return (this.#waiting.get(key) ?? this.#wait(key, chosen)).patient;
  }

  /** The same from memory, as most messages are about recently named patients. Undefined: call `patient`. */
  knownPatient(identifiers: readonly PatientIdentifier[]): DirectoryPatient | undefined {
    const chosen = chooseIdentifiers(this.#options.order, identifiers);
    return chosen.length === 0 ? undefined : this.#find(keyOf(chosen));
  }

  /** Since the start: patients answered from memory, lookups sent to the vault, and the transactions they took. */
  statistics(): {
    readonly hits: number;
    readonly lookups: number;
    readonly transactions: number;
    readonly kept: number;
  } {
    return { hits: this.#hits, lookups: this.#lookups, transactions: this.#transactions, kept: this.#kept.size };
  }

  #find(key: string): DirectoryPatient | undefined {
    const kept = this.#kept.get(key, this.#options.nowMs() + this.#options.leaseMs / 2);
    if (kept !== undefined) this.#hits += 1;
    return kept;
  }

  #wait(key: string, identifiers: readonly PatientIdentifier[]): Waiting {
    let settle: Waiting['settle'] = () => undefined;
    let fail: Waiting['fail'] = () => undefined;
    const patient = new Promise<DirectoryPatient>((resolve, reject) => {
      settle = (lookup, askedAtMs) => {
        if (lookup.patient.state === 'erasing')
          reject(privacyError('patientErasing', `patient ${lookup.patient.pseudonym} is being erased`));
        else resolve(this.#keep(key, lookup, askedAtMs + this.#options.leaseMs));
      };
      fail = reject;
    });
    const waiting = { identifiers, patient, settle, fail };
    this.#waiting.set(key, waiting);
    void this.#drain();
    return waiting;
  }

  async #drain(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    await Promise.resolve(); // after this the map has all lookups of the same turn
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, this.#options.lookupsMax);
      for (const [key] of batch) this.#waiting.delete(key);
      await this.#lookUp(batch.map(([, waiting]) => waiting));
    }
    this.#isDraining = false;
  }

  async #lookUp(batch: readonly Waiting[]): Promise<void> {
    const askedAtMs = this.#options.nowMs(); // the lease starts before the vault is read
    this.#kept.sweep(askedAtMs);
    this.#transactions += 1;
    try {
      const found = await this.#options.vault.findOrCreate(batch.map(({ identifiers }) => identifiers));
      this.#lookups += found.length;
      found.forEach((lookup, place) => batch[place]?.settle(lookup, askedAtMs));
    } catch (error) {
      const coded = isCodedError(error)
        ? error
        : privacyError('vaultUnavailable', 'the vault failed to look patients up', error);
      // A row that does not open fails for its own patient only.
      if (coded.code === 'VAULT_UNREADABLE' && batch.length > 1)
        for (const waiting of batch) await this.#lookUp([waiting]);
      else for (const { fail } of batch) fail(coded);
    }
  }

  #keep(key: string, { patient, isNew, conflicts }: VaultLookup, untilMs: number): DirectoryPatient {
    const bodyKey = new BodyKey(patient.dataKey);
    const { pseudonym } = patient;
    const seal: BodySealer['seal'] = (body, binding) => {
      if (this.#options.nowMs() >= untilMs)
        throw privacyError('patientLeaseOver', `the data key of patient ${pseudonym} was held beyond its lease`);
      return sealBody(bodyKey, body, binding);
    };
    const others = conflicts.map(({ identifier, pseudonym: owner }) => ({
      system: identifier.system,
      pseudonym: owner,
    }));
    this.#kept.put(key, { pseudonym, seal, isNew: false, conflicts: others }, untilMs);
    return { pseudonym, seal, isNew, conflicts: others };
  }
}

const keyOf = (chosen: readonly PatientIdentifier[]): string => chosen.map(identifierText).join('\n');
