import { isCodedError } from '@medrex/coded-error';
import type { IntakeContext, IntakeContract, IntakeMessage, Translation } from '@medrex/contracts';
import type { IncomingMessage } from '../message/incoming-message.ts';
import { parseJson } from '../message/json-text.ts';
import { problem, type Problem } from '../problem.ts';
import { draftItems, type Draft, type DraftOptions, type RefusedItem } from './draft.ts';

/** The drafts and refused items of a message, or the problem that refuses it as a whole. */
export type Translated = { readonly items: readonly (Draft | RefusedItem)[] } | { readonly problem: Problem };

/** Translates messages into operations, each by its contract. */
export interface Translator {
  /** Never rejects. @param time ISO 8601 UTC: that of the sender, otherwise of arrival */
  translate(message: IncomingMessage, time: string): Promise<Translated>;
}

export interface ContractTranslatorOptions extends DraftOptions {
  /** By name; the first one serves messages that name no contract. */
  readonly contracts: ReadonlyMap<string, IntakeContract>;
  readonly context: IntakeContext;
  /** Called for exceptions that are internal errors. */
  readonly onUnexpected: (error: unknown) => void;
}

/** Translates on the thread that calls it. */
export class ContractTranslator implements Translator {
  readonly #options: ContractTranslatorOptions;

  constructor(options: ContractTranslatorOptions) {
    this.#options = options;
  }

  async translate(message: IncomingMessage, time: string): Promise<Translated> {
    const { contracts } = this.#options;
    const [standard = ''] = contracts.keys();
    const contract = contracts.get(message.attributes.contract ?? standard);
    if (contract === undefined) return { problem: unknownContract([...contracts.keys()]) };
    const body = bodyOf(message);
    if ('problem' in body) return body;
    try {
      const translation = await this.#withContract(contract, intakeMessage(message, contract.name, body.value, time));
      const items = await draftItems(message, contract.name, time, translation, this.#options);
      return items.length === 0 ? { problem: problem('NOTHING_TO_DO') } : { items };
    } catch (error) {
      return { problem: this.#problemOf(error) };
    }
  }

  /** Translates with the contract; tries once more when the lease of a data key expired between lookup and use. */
  async #withContract(contract: IntakeContract, message: IntakeMessage): Promise<Translation> {
    const { context } = this.#options;
    try {
      return await contract.translate(message, context);
    } catch (error) {
      if (!isCodedError(error, 'PATIENT_LEASE_OVER')) throw error;
      return contract.translate(message, context);
    }
  }

  #problemOf(error: unknown): Problem {
    const known = knownProblem(error);
    if (known !== undefined) return known;
    this.#options.onUnexpected(error);
    return problem('TRANSLATION_FAILED');
  }
}

/** The body of a message, parsed here if it arrived unparsed. */
function bodyOf(message: IncomingMessage): { readonly value: unknown } | { readonly problem: Problem } {
  if (message.isUnparsed !== true) return { value: message.body };
  const parsed = parseJson(Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.byteLength));
  return parsed.kind === 'problem' ? { problem: parsed.problem } : { value: parsed.value };
}

function intakeMessage(message: IncomingMessage, contract: string, body: unknown, time: string): IntakeMessage {
  const { contentType = 'application/json', class: operationClass, deadlineMs, request } = message.attributes;
  return {
    source: message.source,
    id: message.id,
    contract,
    contentType,
    body,
    time,
    ...(operationClass !== undefined && { class: operationClass }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(request !== undefined && { request }),
  };
}

function unknownContract(names: readonly string[]): Problem {
  return problem('CONTRACT_UNKNOWN', {
    detail: `This instance has no contract of that name; it has ${names.join(', ')}.`,
  });
}

/** The problem for an error of the vault or of too deep nesting; undefined for internal errors. */
function knownProblem(error: unknown): Problem | undefined {
  if (error instanceof RangeError && error.message.includes('call stack')) return problem('BODY_TOO_DEEP');
  if (!isCodedError(error)) return undefined;
  if (error.code === 'PATIENT_ERASING') return problem('PATIENT_ERASING');
  if (error.code === 'PATIENT_UNIDENTIFIED') return { ...problem('PATIENT_UNIDENTIFIED'), remedy: error.remedy };
  if (error.code === 'PATIENT_LEASE_OVER' || error.code.startsWith('VAULT_'))
    return problem('VAULT_UNAVAILABLE', { retryAfterS: 2 });
  return undefined;
}
