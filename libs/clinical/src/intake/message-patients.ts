import type { IntakeContext, PatientHandle, PatientIdentifier } from '@medrex/contracts';

/**
 * Thrown where a patient is asked for whom the vault has to be asked about first, and caught by `ifKnown`. One for all: it says
 * nothing of where it was thrown, and a stack for each costs as much as sealing a body.
 */
const notLookedUp = new Error('a patient is still to be looked up');

/** The result of `make`; undefined if it needs a patient that must be looked up first. */
export function ifKnown<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch (error) {
    if (error === notLookedUp) return undefined;
    throw error;
  }
}

type Answer = { readonly handle: PatientHandle } | { readonly error: unknown };

/**
 * The patients of one message. Nearly all are known without waiting, so translating does not wait: whoever asks for one who is
 * not gives up, the vault is asked for all of those together, and the message is translated again.
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

  /** The patient with one of these identifiers; made when there is none. @throws what the vault threw for this patient */
  find(identifiers: readonly PatientIdentifier[]): PatientHandle {
    const key = JSON.stringify(identifiers.map(({ system, value }) => [system, value]));
    const answer = this.#answers.get(key) ?? this.#known(key, identifiers);
    if (answer === undefined) {
      this.#missing.set(key, identifiers);
      throw notLookedUp;
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
