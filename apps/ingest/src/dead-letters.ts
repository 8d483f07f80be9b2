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

interface IndexedDeadLetter extends IndexedLetter {
  /** Code of the outcome, or of the refusal. */
  readonly reason: string;
  /** Bytes of the operation or of the sealed record. */
  readonly bytes: number;
}

/** Index entry of an operation that ended dead, without its body. Its id is that of the operation. */
export interface DeadOperation extends IndexedDeadLetter {
  readonly kind: 'operation';
  readonly class: OperationClass;
  /** Number of keys it declared. */
  readonly keys: number;
}

/** Index entry of a refused message of an intake topic. Its id is derived from its topic, partition and offset. */
export interface RefusedMessageEntry extends IndexedDeadLetter {
  readonly kind: 'message';
  readonly intake: IntakeRecordPlace;
  /** The reason in plain text. */
  readonly reasonText: string;
}

export type DeadLetterEntry = DeadOperation | RefusedMessageEntry;

export interface DeadLettersOptions extends Omit<
  LetterIndexOptions<IndexedLetter>,
  'topic' | 'letterOf' | 'lettersMax'
> {
  /** The id of a message without one, derived from its topic, partition and offset. */
  readonly placeId: (place: IntakeRecordPlace) => string;
}

/**
 * Everything of a channel that can be resent: operations that ended dead, and refused messages of the intake topics. The dead
 * letter topics are the only store. A letter is durable before its outcome, or before the commit of its offset; so once the
 * index is read up to the end of the log, it holds every letter that a client can know of.
 */
export class DeadLetters {
  readonly #operations: LetterIndex<DeadOperation>;
  readonly #messages: readonly LetterIndex<RefusedMessageEntry>[];

  constructor({ placeId, ...options }: DeadLettersOptions) {
    const messageOf = (record: LogRecord): RefusedMessageEntry => indexMessage(record, placeId);
    this.#operations = new LetterIndex({ ...options, topic: topics.deadLetters, letterOf: indexOperation });
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
  async newest(limit: number, olderThan?: string): Promise<readonly DeadLetterEntry[] | undefined> {
    await this.#catchUp();
    const letters = this.#all.flatMap((index) => [...index.values()] as DeadLetterEntry[]);
    letters.sort((one, other) => one.settledAtMs - other.settledAtMs);
    const end = olderThan === undefined ? letters.length : letters.findIndex(({ id }) => id === olderThan);
    return end < 0 ? undefined : letters.slice(Math.max(0, end - limit), end).reverse();
  }

  async find(id: string): Promise<DeadLetterEntry | undefined> {
    await this.#catchUp();
    return this.#all.map((index) => index.get(id)).find((letter) => letter !== undefined);
  }

  /** Reads the letter from the log; undefined when it has just been deleted. */
  async openOperation(letter: DeadOperation): Promise<DeadLetter | undefined> {
    const record = await this.#operations.read(letter);
    return record && decodeDeadLetter(record);
  }

  /** Reads the refused message from the log; undefined when it has just been deleted. */
  async openMessage(letter: RefusedMessageEntry): Promise<RefusedMessage | undefined> {
    const index = this.#messages.find((one) => one.get(letter.id) !== undefined);
    const record = await index?.read(letter);
    return record && decodeRefusedMessage(record);
  }

  get #all(): readonly (LetterIndex<DeadOperation> | LetterIndex<RefusedMessageEntry>)[] {
    return [this.#operations, ...this.#messages];
  }

  async #catchUp(): Promise<void> {
    await Promise.all(this.#all.map((index) => index.catchUp()));
  }
}

function indexOperation(record: LogRecord): DeadOperation {
  const { operation, operationBytes, routing, reason, atMs } = decodeDeadLetter(record);
  const { opId: id, keys } = operation;
  const fields = { class: routing.class, bytes: operationBytes.length, keys: keys.length };
  return { kind: 'operation', id, reason, ...fields, settledAtMs: atMs, offset: record.offset };
}

function indexMessage(record: LogRecord, placeId: DeadLettersOptions['placeId']): RefusedMessageEntry {
  const { intake, code, reason, sealed } = decodeRefusedMessage(record);
  const fields = { reason: code, reasonText: reason, bytes: sealed.length, intake };
  const { timestampMs: settledAtMs, offset } = record;
  return { kind: 'message', id: placeId(intake), ...fields, settledAtMs, offset };
}
