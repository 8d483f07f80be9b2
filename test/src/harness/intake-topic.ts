import { intakeHeaders, topics, type EventLog, type NewRecord } from '@medrex/contracts';
import { eventually } from './eventually.ts';
import type { Stack } from './stack.ts';

/** A hospital system that only publishes to the intake topic. */
export class IntakeTopic {
  readonly #log: EventLog;

  constructor(stack: Stack) {
    this.#log = stack.openLog();
  }

  async publish(records: readonly NewRecord[]): Promise<void> {
    await this.#log.append(topics.intake, 0, records);
  }

  /** Waits until ingest has committed everything published, which it does after operations and receipts are durable. */
  async taken(withinMs?: number): Promise<void> {
    const isTaken = async (): Promise<boolean> => {
      const { end } = await this.#log.bounds(topics.intake, 0);
      return (await this.#log.committed('ingest', topics.intake, 0)) === end;
    };
    await eventually('ingest has taken the whole intake topic', isTaken, withinMs);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }
}

/** A message as a CloudEvent, or without an id as a plain body, whose id ingest derives from its offset. @param contract needed when ingest has several */
export function eventRecord(source: string, id: string | undefined, body: object, contract?: string): NewRecord {
  const value = Buffer.from(JSON.stringify(body));
  if (id === undefined) return { value, headers: new Map([['content-type', Buffer.from('application/json')]]) };
  return { value, headers: intakeHeaders({ source, id, contentType: 'application/json', contract }) };
}
