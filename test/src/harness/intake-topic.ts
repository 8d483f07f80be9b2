import { intakeHeaders, topics, type EventLog, type NewRecord } from '@medrex/contracts';
import { eventually } from './eventually.ts';
import type { Stack } from './stack.ts';

/** A hospital system that publishes to the intake topic, and to nothing else. */
export class IntakeTopic {
  readonly #log: EventLog;

  constructor(stack: Stack) {
    this.#log = stack.openLog();
  }

  async publish(records: readonly NewRecord[]): Promise<void> {
    await this.#log.append(topics.intake, 0, records);
  }

  /** Waits until ingest is done with everything that was published: it commits after operations and receipts are durable. */
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

/** A message as a CloudEvent; without an id it is a plain body, which its place in the topic names. @param contract whom it is for, where the door has several */
export function eventRecord(source: string, id: string | undefined, body: object, contract?: string): NewRecord {
  const value = Buffer.from(JSON.stringify(body));
  if (id === undefined) return { value, headers: new Map([['content-type', Buffer.from('application/json')]]) };
  return { value, headers: intakeHeaders({ source, id, contentType: 'application/json', contract }) };
}
