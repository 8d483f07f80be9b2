import { isCodedError } from '@medrex/coded-error';
import type { IntakeContract, PatientAlias } from '@medrex/contracts';
import type { PatientVault } from '@medrex/privacy';
import type { SettledOperation } from './outcome-projection.ts';

export interface MergeRecorderOptions {
  readonly contracts: ReadonlyMap<string, Pick<IntakeContract, 'merges'>>;
  readonly vault: Pick<PatientVault, 'merged'>;
  /** Called for a merge that can never be recorded, because the ledger was written with another vault. */
  readonly onPermanentError: (error: unknown) => void;
}

/** Permanent errors of a merge: retrying would block all later outcomes for nothing. */
const permanentErrors = ['PATIENT_UNKNOWN', 'PATIENT_MERGE_CYCLE'] as const;

/**
 * Records patient merges of the ledger in the vault. From then on the identifiers of both patients lead to the
 * survivor, and its erasure covers both. Each contract finds the merges in its outcomes.
 */
export class MergeRecorder {
  readonly #options: MergeRecorderOptions;

  constructor(options: MergeRecorderOptions) {
    this.#options = options;
  }

  /**
   * Records the merges in the order of the outcomes. Idempotent.
   * @throws errors of the vault; the same outcomes must then be recorded again
   */
  async record(settled: readonly SettledOperation[]): Promise<void> {
    for (const one of settled) {
      for (const alias of this.#merges(one)) await this.#recordOne(alias);
    }
  }

  #merges({ outcome, name }: SettledOperation): readonly PatientAlias[] {
    if (name === undefined || outcome.status !== 'applied' || outcome.detail === undefined) return [];
    return this.#options.contracts.get(name.contract)?.merges?.(outcome.detail) ?? [];
  }

  async #recordOne({ from, into }: PatientAlias): Promise<void> {
    try {
      await this.#options.vault.merged(from, into);
    } catch (error) {
      if (!permanentErrors.some((code) => isCodedError(error, code))) throw error;
      this.#options.onPermanentError(error);
    }
  }
}
