import { resultsInTime } from '../http/deadline.ts';
import type { MessageIdentifier } from '../identify.ts';
import type { Ingest } from '../ingest.ts';
import { takenOperations, type MessageResult } from '../message-result.ts';
import { readHeaders, readHttpMessage } from '../message/http-message.ts';
import type { IncomingMessage, ReadMessage } from '../message/incoming-message.ts';
import { isJsonObject } from '../message/json-text.ts';
import { problem, type Problem } from '../problem.ts';
import type { WaitingRoom } from '../waiting-room.ts';
import { asyncAnswer, bundleAnswer, problemAnswer, singleAnswer, type FhirAnswer } from './fhir-answer.ts';
import type { Interaction } from './interaction.ts';

export interface FhirInteractionsOptions {
  readonly ingest: Ingest;
  readonly identifier: MessageIdentifier;
  /** Name of the contract for FHIR messages. */
  readonly contract: string;
  readonly waitingRoom: WaitingRoom;
  readonly unparsedFromBytes: number;
  readonly appendWaitMs: number;
  /** How long an interaction waits for its outcome before it is answered 202, in ms. */
  readonly outcomeWaitMs: number;
  /** Called with the code of each request that is refused before it becomes a message. */
  readonly onRefused: (code: string) => void;
}

/** The writing REST interactions of FHIR, answered with the outcome on the ledger. */
export class FhirInteractions {
  readonly #options: FhirInteractionsOptions;

  constructor(options: FhirInteractionsOptions) {
    this.#options = options;
  }

  async run(interaction: Interaction, signal: AbortSignal): Promise<FhirAnswer> {
    const message = this.#read(interaction);
    if ('problem' in message) return this.#refuse(message.problem);
    const { ingest, appendWaitMs } = this.#options;
    const submitted = await ingest.submit([message], { waits: false, signal });
    const results = await resultsInTime(submitted.results, appendWaitMs);
    if ('problem' in results) return this.#refuse(results.problem);
    const result = results[0] as MessageResult;
    if (result.problem !== undefined) return problemAnswer(result.problem);
    if (interaction.prefer.isAsync) return asyncAnswer(result);
    return this.#answerWithOutcome(interaction, message, result, signal);
  }

  #refuse(why: Problem): FhirAnswer {
    this.#options.onRefused(why.code);
    return problemAnswer(why);
  }

  #read({ headers, body, request }: Interaction): IncomingMessage | { readonly problem: Problem } {
    const { identifier, contract, unparsedFromBytes } = this.#options;
    if (request?.method === 'DELETE') {
      const attributes = readHeaders({ ...headers, 'content-type': undefined });
      if ('problem' in attributes) return attributes;
      return identifier.http({
        attributes: { ...attributes, contract, request },
        body: undefined,
        bytes: Buffer.alloc(0),
      });
    }
    const reading = readHttpMessage(headers, body, unparsedFromBytes);
    if (reading.kind === 'problem') return reading;
    const { message } = reading;
    if (request === undefined && !isBundle(message))
      return { problem: problem('REQUEST_INVALID', { detail: bundleAdvice }) };
    return identifier.http({
      ...message,
      attributes: { ...message.attributes, contract, ...(request !== undefined && { request }) },
    });
  }

  async #answerWithOutcome(
    interaction: Interaction,
    message: IncomingMessage,
    result: MessageResult,
    signal: AbortSignal,
  ): Promise<FhirAnswer> {
    const operations = takenOperations(result);
    const { outcomeWaitMs } = this.#options;
    const waitMs = Math.min(interaction.prefer.waitMs ?? outcomeWaitMs, outcomeWaitMs);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    const opIds = operations.map(({ opId }) => opId);
    const endings = await this.#options.waitingRoom.wait(opIds, result.digest, limit);
    if (endings.size < operations.length) return asyncAnswer(result);
    return interaction.request === undefined
      ? bundleAnswer(interaction, message, result, endings)
      : singleAnswer(interaction, message, result, endings);
  }
}

const bundleAdvice =
  'The root of the FHIR endpoint accepts Bundles only; send a single resource to its type, e.g. POST /fhir/Observation.';

/** Whether the message is a Bundle; assumed of an unparsed body, which the translation checks. */
function isBundle({ body, isUnparsed }: ReadMessage): boolean {
  return isUnparsed === true || (isJsonObject(body) && body['resourceType'] === 'Bundle');
}
