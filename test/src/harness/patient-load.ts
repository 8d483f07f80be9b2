import { setTimeout as delay } from 'node:timers/promises';
import { anObservation, aPatient } from '@medrex/clinical/testing';
import type { Message, Sender } from './sender.ts';
import type { Stack } from './stack.ts';

const readingsEach = 3;

/** A hospital system that keeps sending new patients with readings and corrections, until it is told to finish. */
export class PatientLoad {
  readonly sender: Sender;
  readonly #running: Promise<void>;
  #isEnding = false;

  constructor(stack: Stack, name: string, pauseMs: number) {
    this.sender = stack.sender(`urn:ehr:${name}`);
    this.#running = this.#send(name, pauseMs);
    this.#running.catch(() => undefined); // finish() rethrows it
  }

  async finish(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  async #send(name: string, pauseMs: number): Promise<void> {
    for (let number = 0; !this.#isEnding; number++) {
      await this.sender.deliver(patientMessages(`${name}-${number}`));
      await delay(pauseMs);
    }
  }
}

/** A new patient, its readings, and one reading that is PUT twice. */
export function patientMessages(patient: string): readonly Message[] {
  const contract = 'clinical';
  const reading = (minute: number) =>
    anObservation({ subject: { reference: `Patient/${patient}` }, effectiveDateTime: `2026-01-05T08:0${minute}:00Z` });
  const identifier = [{ system: 'urn:hospital:mrn', value: `MRN-${patient}` }];
  const request = { method: 'PUT', url: `Observation/${patient}-corrected` };
  return [
    { id: patient, contract, body: aPatient({ id: patient, identifier }) },
    ...Array.from({ length: readingsEach }, (_, index) => ({
      id: `${patient}/${index}`,
      contract,
      body: reading(index),
    })),
    ...[0, 1].map((again) => ({
      id: `${patient}/put${again}`,
      contract,
      request,
      body: { ...reading(9), id: `${patient}-corrected` },
    })),
  ];
}
