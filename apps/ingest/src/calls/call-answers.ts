import { perTransactionContract, sealedAnswerOf, type OperationOutcome, type OperationStatus } from '@medrex/contracts';
import type { CallKey } from '@medrex/privacy';
import type { KnownOperation } from '../known-operations.ts';
import type { MessageName } from '../message-name.ts';

/** The mode that answers show for a call. */
export const callMode = { mode: perTransactionContract } as const;
export type CallMode = typeof callMode;

export interface CallAnswersOptions {
  /** Undefined when per-transaction mode is off; then sealed answers stay sealed. */
  readonly key: CallKey | undefined;
  readonly nameOf: (outcome: OperationOutcome) => MessageName | undefined;
  readonly recent: (opId: string) => KnownOperation | undefined;
  readonly onError: (error: unknown) => void;
}

/** An outcome with its answer unsealed, and its mode when it is of a call. */
export interface ReadOutcome {
  readonly outcome: OperationOutcome;
  readonly mode: CallMode | undefined;
}

/** Unseals the answers of called chaincodes for HTTP responses; everywhere else they are sealed. */
export class CallAnswers {
  readonly #options: CallAnswersOptions;

  constructor(options: CallAnswersOptions) {
    this.#options = options;
  }

  read(outcome: OperationOutcome, name = this.#options.nameOf(outcome)): ReadOutcome {
    if (name?.contract !== perTransactionContract) return { outcome, mode: undefined };
    return { outcome: this.#opened(outcome), mode: callMode };
  }

  /** The status with its answer unsealed. */
  readStatus(status: OperationStatus): { readonly status: OperationStatus; readonly mode: CallMode | undefined } {
    const { outcome, opId } = status;
    if (outcome === undefined) {
      return { status, mode: this.#options.recent(opId)?.isCall === true ? callMode : undefined };
    }
    const read = this.read(outcome);
    return { status: { ...status, outcome: read.outcome }, mode: read.mode };
  }

  #opened(outcome: OperationOutcome): OperationOutcome {
    const { key, onError } = this.#options;
    const { detail, ...rest } = outcome;
    const sealed = sealedAnswerOf(detail);
    if (sealed === undefined || key === undefined) return outcome;
    try {
      const { message, ...answer } = key.openAnswer(outcome.opId, sealed.sealed);
      return {
        ...rest,
        ...(message !== undefined && { message }),
        ...(Object.keys(answer).length > 0 && { detail: answer }),
      };
    } catch (error) {
      onError(error);
      return outcome;
    }
  }
}
