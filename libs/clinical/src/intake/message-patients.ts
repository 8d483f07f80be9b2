import type { IntakeContext, PatientHandle, PatientIdentifier } from '@medrex/contracts';

/**
 * Thrown when a patient must first be looked up in the vault, and caught by `ifPatientsKnown`. A single error object is
 * reused, because its stack is not needed and a new one would cost as much as sealing a body.
 */
const patientNotLookedUp = new Error('a patient is still to be looked up');

/** The result of `make`, or undefined if it needs a patient that must be looked up first. */
export function ifPatientsKnown<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch (error) {
    if (error === patientNotLookedUp) return undefined;
    throw error;
  }
}

type Answer = { readonly handle: PatientHandle } | { readonly error: unknown };

/**
 * The patients of one message. Nearly all are in the cache, so translation is synchronous. If one is missing, it is
 * noted and that part of the translation ends. The vault is then asked for all missing patients together, and the
 * message is translated again.
 */
export class MessagePatients {
  readonly #context: IntakeContext;
  readonly #answers = new Map<string, Answer>();
  readonly #missing = new Map<string, readonly PatientIdentifier[]>();

  constructor(context: IntakeContext) {
    this.#context = context;
  }

  areMissing(): boolean {
    return this.#missing.size > 0;
  }

  /**
   * The patient with one of these identifiers; created if there is none.
   * @throws what the vault threw for this patient
   */
  find(identifiers: readonly PatientIdentifier[]): PatientHandle {
    const key = JSON.stringify(identifiers.map(({ system, value }) => [system, value]));
    const answer = this.#answers.get(key) ?? this.#known(key, identifiers);
    if (answer === undefined) {
      this.#missing.set(key, identifiers);
      throw patientNotLookedUp;
    }
    if ('error' in answer) throw answer.error;
    return answer.handle;
  }

  /** Looks up all missing patients in the vault. */
  async lookUp(): Promise<void> {
    const missing = [...this.#missing];
    this.#missing.clear();
    await Promise.all(
      missing.map(async ([key, identifiers]) => {
        try {
          this.#answers.set(key, { handle: await this.#context.patient(identifiers) });
        } catch (error) {
          this.#answers.set(key, { error });
        }
      }),
    );
  }

  #known(key: string, identifiers: readonly PatientIdentifier[]): Answer | undefined {
    const handle = this.#context.knownPatient(identifiers);
    if (handle === undefined) return undefined;
    const answer = { handle };
    this.#answers.set(key, answer);
    return answer;
  }
}
