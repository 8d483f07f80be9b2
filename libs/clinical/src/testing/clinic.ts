import type { IntakeMessage, OperationClass, Refusal, TranslatedOperation } from '@medrex/contracts';
import {
  parseStateValue,
  type Contract,
  type JsonObject,
  type JsonValue,
  type Operation,
  type OperationResult,
} from '@medrex/execute-batch';
import { applySerially, type CommittedState } from '@medrex/execute-batch/testing';
import type { StateKey } from '@medrex/keys';
import { clinicalContract, clinicalIntake } from '../clinical.ts';
import type { IntakeOptions } from '../intake/intake-options.ts';
import { IntakeStandIn } from './intake-stand-in.ts';

/** The operations and refusals of a message. */
export interface Translated {
  readonly operations: readonly Operation[];
  /** Priority class of each operation. */
  readonly classes: readonly OperationClass[];
  readonly refusals: readonly Refusal[];
}

/** The operations, refusals and results of a message. */
export interface SentMessage extends Translated {
  readonly results: readonly OperationResult[];
}

type Message = Partial<Pick<IntakeMessage, 'id' | 'time' | 'request' | 'contentType' | 'class'>>;

/** The clinical intake and contract with one state. Messages are applied one after another. */
export class Clinic {
  readonly context: IntakeStandIn;
  readonly state: CommittedState = new Map();
  readonly #options: IntakeOptions;
  readonly #contract: Contract;
  #messages = 0;

  constructor(options: IntakeOptions & { readonly context?: IntakeStandIn; readonly contract?: Contract } = {}) {
    this.#options = options;
    this.context = options.context ?? new IntakeStandIn();
    this.#contract = options.contract ?? clinicalContract;
  }

  /** Translates a message without applying it. */
  async translate(body: unknown, message: Message = {}): Promise<Translated> {
    this.#messages += 1;
    // Real bodies come from JSON, so fields that a test sets to undefined are absent.
    const parsed: unknown = body === undefined ? undefined : JSON.parse(JSON.stringify(body));
    const full = {
      source: 'ehr',
      contract: 'clinical',
      contentType: 'application/fhir+json',
      time: '2026-01-05T09:00:00Z',
      body: parsed,
      ...message,
    };
    const named = { id: `message-${this.#messages}`, ...full };
    const { operations, refusals } = await clinicalIntake(this.#options).translate(named, this.context);
    const classes = operations.map((operation) => operation.class);
    return { operations: operations.map((operation) => this.#named(operation, named)), classes, refusals };
  }

  /** Translates a message and applies its operations. */
  async send(body: unknown, message: Message = {}): Promise<SentMessage> {
    const translated = await this.translate(body, message);
    return { ...translated, results: await this.apply(translated.operations) };
  }

  apply(operations: readonly Operation[]): Promise<OperationResult[]> {
    return applySerially([this.#contract], operations, this.state);
  }

  /**
   * The result of a message with one operation.
   * @throws if the message is refused
   */
  async result(body: unknown, message: Message = {}): Promise<OperationResult> {
    const { results, refusals } = await this.send(body, message);
    if (refusals.length > 0 || results[0] === undefined) throw new Error(JSON.stringify(refusals));
    return results[0];
  }

  post(
    resource: { readonly resourceType: string },
    over: { readonly ifNoneExist?: string } = {},
  ): Promise<OperationResult> {
    return this.result(resource, { request: { method: 'POST', url: resource.resourceType, ...over } });
  }

  put(id: string, resource: { readonly resourceType: string }, ifMatch?: string): Promise<OperationResult> {
    const url = `${resource.resourceType}/${id}`;
    return this.result(resource, { request: { method: 'PUT', url, ...(ifMatch === undefined ? {} : { ifMatch }) } });
  }

  delete(url: string, ifMatch?: string): Promise<OperationResult> {
    return this.result(undefined, {
      request: { method: 'DELETE', url, ...(ifMatch === undefined ? {} : { ifMatch }) },
    });
  }

  /** Values of all keys with this prefix, in key order. */
  values(prefix: string): readonly JsonObject[] {
    return this.keys(prefix).map((key) => parseStateValue(this.state.get(key)) ?? {});
  }

  keys(prefix: string): readonly StateKey[] {
    return [...this.state.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  #named(operation: TranslatedOperation, { id, time }: { readonly id: string; readonly time: string }): Operation {
    const { item, templateVersion, keys, facts, bodies } = operation;
    const opId = this.context.mintId('operation', id, String(item));
    return { opId, sourceHash: `hash of ${id}`, contract: 'clinical', time, templateVersion, keys, facts, bodies };
  }
}

/** The result of one entry of an applied operation. */
export function entryResultOf({ detail }: OperationResult, entry = 0): { readonly [name: string]: JsonValue } {
  return (detail as readonly JsonObject[])[entry] ?? {};
}

/** The id in the reference of an entry's result. */
export function idOf(result: OperationResult, entry = 0): string {
  const reference = entryResultOf(result, entry)['reference'];
  return typeof reference === 'string' ? reference.replace(/^\w+\//, '') : '';
}
