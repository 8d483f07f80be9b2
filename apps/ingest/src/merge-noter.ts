import { isCodedError } from '@medrex/coded-error';
import type { IntakeContract, PatientAlias } from '@medrex/contracts';
import type { PatientVault } from '@medrex/privacy';
import type { SettledOperation } from './outcome-projection.ts';

export interface MergeNoterOptions {
  readonly contracts: ReadonlyMap<string, Pick<IntakeContract, 'merges'>>;
  readonly vault: Pick<PatientVault, 'merged'>;
  /** Told of a merge that this vault cannot take: it is another vault than the ledger was written with. */
  readonly onHopeless: (error: unknown) => void;
}

/** What stands in the vault's way for ever: waiting would not help, and everything behind it would wait as well. */
const hopeless = ['PATIENT_UNKNOWN', 'PATIENT_MERGE_CYCLE'] as const;

/**
 * Writes into the vault what the ledger has made one person: from then on the identifiers of both lead to the survivor, and
 * its erasure covers both. Which outcomes say so only their contract knows.
 */
export class MergeNoter {
  readonly #options: MergeNoterOptions;

  constructor(options: MergeNoterOptions) {
    this.#options = options;
  }

  /** In the order of the outcomes; said again, it changes nothing. @throws what the vault throws; then the same outcomes have to come again. */
  async note(settled: readonly SettledOperation[]): Promise<void> {
    for (const one of settled) {
      for (const alias of this.#merges(one)) await this.#noteOne(alias);
    }
  }

  #merges({ outcome, name }: SettledOperation): readonly PatientAlias[] {
    if (name === undefined || outcome.status !== 'applied' || outcome.detail === undefined) return [];
    return this.#options.contracts.get(name.contract)?.merges?.(outcome.detail) ?? [];
  }

  async #noteOne({ from, into }: PatientAlias): Promise<void> {
    try {
      await this.#options.vault.merged(from, into);
    } catch (error) {
      if (!hopeless.some((code) => isCodedError(error, code))) throw error;
      this.#options.onHopeless(error);
    }
  }
}
