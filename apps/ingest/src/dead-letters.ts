import {
  decodeDeadLetter,
  decodeRefusedMessage,
  topics,
  type DeadLetter,
  type IntakeRecordPlace,
  type LogRecord,
  type OperationClass,
  type RefusedMessage,
} from '@medrex/contracts';
import { LetterIndex, type IndexedLetter, type LetterIndexOptions } from './letter-index.ts';

interface Kept extends IndexedLetter {
  /** Code of the outcome, or of the refusal. */
  readonly reason: string;
  /** Bytes of the operation or of the sealed record. */
  readonly bytes: number;
}

/** Index entry of an operation that ended dead, without its body. Its id is that of the operation. */
export interface KeptOperation extends Kept {
  readonly kind: 'operation';
  readonly class: OperationClass;
  /** Number of keys it declared. */
  readonly keys: number;
}

/** Index entry of a refused message of an intake topic. Its id is derived from its topic, partition and offset. */
export interface KeptMessage extends Kept {
  readonly kind: 'message';
  readonly intake: IntakeRecordPlace;
  /** The reason as text. */
  readonly words: string;
}

export type KeptLetter = KeptOperation | KeptMessage;

export interface DeadLettersOptions extends Omit<
  LetterIndexOptions<IndexedLetter>,
  'topic' | 'letterOf' | 'lettersMax'
> {
  /** Derives the id of a message without one from its topic, partition and offset. */
  readonly placeId: (place: IntakeRecordPlace) => string;
}

/**
 * Everything of a channel that can be resent: operations that ended dead, and refused messages of the intake topics. The dead
 * letter topics are the only store. A letter is durable before its outcome, or before the commit of its offset; so once the
 * index is read up to the end of the log, it holds every letter that a client can know of.
 */
export class DeadLetters {
  readonly #operations: LetterIndex<KeptOperation>;
  readonly #messages: readonly LetterIndex<KeptMessage>[];

  constructor({ placeId, ...options }: DeadLettersOptions) {
    const messageOf = (record: LogRecord): KeptMessage => keptMessage(record, placeId);
    this.#operations = new LetterIndex({ ...options, topic: topics.deadLetters, letterOf: keptOperation });
    this.#messages = [topics.intakeDlq, topics.intakeUrgentDlq].map(
      (topic) => new LetterIndex({ ...options, topic, letterOf: messageOf }),
    );
  }

  /** Operations that ended dead. */
  get operations(): number {
    return this.#operations.size;
  }

  /** Messages that were refused. */
  get messages(): number {
    return this.#messages.reduce((sum, { size }) => sum + size, 0);
  }

  async start(): Promise<void> {
    await Promise.all(this.#all.map((index) => index.start()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((index) => index.close()));
  }

  /** The newest letters first. @param olderThan start behind this letter; the result is undefined when it is not kept */
  async newest(limit: number, olderThan?: string): Promise<readonly KeptLetter[] | undefined> {
    await this.#catchUp();
    const letters = this.#all.flatMap((index) => [...index.values()] as KeptLetter[]);
    letters.sort((one, other) => one.settledAtMs - other.settledAtMs);
    const end = olderThan === undefined ? letters.length : letters.findIndex(({ id }) => id === olderThan);
    return end < 0 ? undefined : letters.slice(Math.max(0, end - limit), end).reverse();
  }

  async find(id: string): Promise<KeptLetter | undefined> {
    await this.#catchUp();
    return this.#all.map((index) => index.get(id)).find((letter) => letter !== undefined);
  }

  /** Reads the letter from the log; undefined when it has just been deleted. */
  async openOperation(letter: KeptOperation): Promise<DeadLetter | undefined> {
    const record = await this.#operations.read(letter);
    return record && decodeDeadLetter(record);
  }

  /** Reads the refused message from the log; undefined when it has just been deleted. */
  async openMessage(letter: KeptMessage): Promise<RefusedMessage | undefined> {
    const index = this.#messages.find((one) => one.get(letter.id) !== undefined);
    const record = await index?.read(letter);
    return record && decodeRefusedMessage(record);
  }

  get #all(): readonly (LetterIndex<KeptOperation> | LetterIndex<KeptMessage>)[] {
    return [this.#operations, ...this.#messages];
  }

  async #catchUp(): Promise<void> {
    await Promise.all(this.#all.map((index) => index.catchUp()));
  }
}

function keptOperation(record: LogRecord): KeptOperation {
  const { operation, operationBytes, routing, reason, atMs } = decodeDeadLetter(record);
  const { opId: id, keys } = operation;
  const told = { class: routing.class, bytes: operationBytes.length, keys: keys.length };
  return { kind: 'operation', id, reason, ...told, settledAtMs: atMs, offset: record.offset };
}

function keptMessage(record: LogRecord, placeId: DeadLettersOptions['placeId']): KeptMessage {
  const { intake, code, reason, sealed } = decodeRefusedMessage(record);
  const told = { reason: code, words: reason, bytes: sealed.length, intake };
  const { timestampMs: settledAtMs, offset } = record;
  return { kind: 'message', id: placeId(intake), ...told, settledAtMs, offset };
}
