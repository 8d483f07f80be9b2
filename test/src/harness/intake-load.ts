import { setTimeout as delay } from 'node:timers/promises';
import { eventRecord, type IntakeTopic } from './intake-topic.ts';
import type { LeftBehind } from './left-behind.ts';
import { patientMessages } from './patient-load.ts';

/** A hospital system that publishes to the intake topic only, patient by patient, until it is told to finish. */
export class IntakeLoad {
  readonly #source: string;
  readonly #topic: IntakeTopic;
  readonly #running: Promise<void>;
  #isEnding = false;
  #published = 0;

  constructor(topic: IntakeTopic, name: string, pauseMs: number) {
    this.#source = `urn:ehr:topic:${name}`;
    this.#topic = topic;
    this.#running = this.#publish(name, pauseMs);
    this.#running.catch(() => undefined); // finish() rethrows it
  }

  /** Number of messages appended. */
  get published(): number {
    return this.#published;
  }

  /** Resolves when ingest has processed all of them. */
  async finish(withinMs: number): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    await this.#topic.taken(withinMs);
  }

  /** Operation ids by message, from the receipts. @throws when two receipts of a message name different operations */
  operations({ receipts }: LeftBehind): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const { source, id, items } of receipts) {
      const opId = items[0]?.opId;
      if (source !== this.#source || opId === undefined) continue;
      if ((found.get(id) ?? opId) !== opId) throw new Error(`${source} ${id} became two operations`);
      found.set(id, opId);
    }
    return found;
  }

  async #publish(name: string, pauseMs: number): Promise<void> {
    for (let number = 0; !this.#isEnding; number++) {
      const readings = patientMessages(`${name}-t${number}`).filter(({ request }) => request === undefined);
      await this.#topic.publish(readings.map(({ id, body }) => eventRecord(this.#source, id, body, 'clinical')));
      this.#published += readings.length;
      await delay(pauseMs);
    }
  }
}
