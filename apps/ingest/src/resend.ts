import { isCodedError } from '@medrex/coded-error';
import { operationId, type DeadLetter, type StatusStore } from '@medrex/contracts';
import type { OperationHeader } from '@medrex/execute-batch';
import { linkedPseudonym } from '@medrex/keys';
import type { PatientVault, TenantSealer } from '@medrex/privacy';
import type { DeadLetters } from './dead-letters.ts';
import type { Ingest } from './ingest.ts';
import type { MessageResender, MessageResent } from './message-resender.ts';
import { openName, type ResendName } from './message-name.ts';
import type { MessageResult } from './message-result.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { problem, type Problem } from './problem.ts';

export interface ResenderOptions {
  readonly letters: Pick<DeadLetters, 'find' | 'openOperation'>;
  readonly messages: Pick<MessageResender, 'resend'>;
  /** An ingest that translates with `letterTranslator`. */
  readonly ingest: Pick<Ingest, 'submit'>;
  readonly statuses: Pick<StatusStore, 'get'>;
  readonly vault: Pick<PatientVault, 'byPseudonym'>;
  readonly identityKey: Uint8Array;
  readonly tenant: Pick<TenantSealer, 'open'>;
}

/** The result of a resend; `results` resolves when the new operation is durable. */
export type Resent =
  | MessageResent
  | { readonly kind: 'sent'; readonly resend: ResendName; readonly results: Promise<readonly MessageResult[]> };

/**
 * Resends dead letters. A refused message is submitted unchanged. A dead operation is appended as its next attempt, at the end of the
 * order and without its deadline, which may have expired. The id of an attempt is derived from the name of the message, so
 * resending a letter twice makes one operation.
 */
export class Resender {
  readonly #options: ResenderOptions;

  constructor(options: ResenderOptions) {
    this.#options = options;
  }

  async resend(id: string, signal: AbortSignal): Promise<Resent> {
    const { letters, messages, ingest } = this.#options;
    const kept = await letters.find(id);
    if (kept?.kind === 'message') return messages.resend(kept, signal);
    const letter = kept === undefined ? undefined : await letters.openOperation(kept);
    if (letter === undefined) return { kind: 'problem', problem: await this.#missing(id) };
    if (letter.routing.sealedName === '') return { kind: 'problem', problem: problem('NOTHING_TO_DO') }; // housekeeping is repeated by itself
    const erased = await this.#erased(letter.operation);
    if (erased !== undefined) return { kind: 'problem', problem: erased };
    const message = this.#nextAttempt(letter);
    const { results } = await ingest.submit([message], { waits: false, signal });
    return { kind: 'sent', resend: message.resend, results };
  }

  /** The problem of an id without a dead letter: not dead, or unknown. */
  async #missing(opId: string): Promise<Problem> {
    const [status] = await this.#options.statuses.get([opId]);
    if (status === undefined || status.state === 'dead') return problem('DEAD_LETTER_UNKNOWN');
    return problem('NOT_DEAD', { detail: `The operation is ${status.state}.`, more: { state: status.state } });
  }

  /** Refuses the resend when a patient of the operation is erased or being erased. Every operation about a patient reads the patient's link. */
  async #erased({ keys }: OperationHeader): Promise<Problem | undefined> {
    try {
      for (const pseudonym of new Set(keys.flatMap(({ key }) => linkedPseudonym(key) ?? []))) {
        const state = (await this.#options.vault.byPseudonym(pseudonym))?.state;
        if (state === 'erasing') return problem('PATIENT_ERASING');
        if (state === 'erased') return problem('PATIENT_ERASED');
      }
      return undefined;
    } catch (error) {
      if (isCodedError(error) && error.code.startsWith('VAULT_'))
        return problem('VAULT_UNAVAILABLE', { retryAfterS: 2 });
      throw error;
    }
  }

  #nextAttempt({ routing, operation, operationBytes }: DeadLetter): IncomingMessage & { readonly resend: ResendName } {
    const { identityKey, tenant } = this.#options;
    const { source, id, isIdDerived, place, resend } = openName(tenant, routing.sealedName);
    const { item, class: operationClass, traceparent } = routing;
    const attempt = (resend?.attempt ?? 0) + 1;
    return {
      source,
      id,
      isIdDerived,
      digest: operation.sourceHash,
      bytes: operationBytes,
      body: undefined,
      ...(place !== undefined && { place }),
      opId: operationId(identityKey, { source, id, item, attempt }),
      attributes: { class: operationClass, ...(traceparent !== undefined && { traceparent }) },
      resend: { attempt, of: operation.opId, item },
    };
  }
}
