import { createHmac } from 'node:crypto';
import type { IntakeContext, PatientHandle, PatientIdentifier } from '@medrex/contracts';

/**
 * An intake context for tests, because this package has neither the vault nor keys. Ids are keyed as the real ones are.
 * Bodies are encoded, not sealed, so that tests can read them.
 */
export class IntakeStandIn implements IntakeContext {
  readonly tenant = { seal: encoded };
  /** The identifiers of each patient that was looked up, in the given order. */
  readonly asked: (readonly PatientIdentifier[])[] = [];
  readonly #pseudonyms = new Map<string, string>();
  readonly #onPatient: (pseudonym: string) => void;

  /** @param onPatient called before a patient is returned; what it throws is thrown as by the vault */
  constructor(onPatient: (pseudonym: string) => void = () => undefined) {
    this.#onPatient = onPatient;
  }

  mintId(...parts: readonly string[]): string {
    const hmac = createHmac('sha256', 'identity key of tests');
    for (const part of parts) hmac.update(`${part.length}:`).update(part);
    return hmac.digest('hex').slice(0, 32);
  }

  async patient(identifiers: readonly PatientIdentifier[]): Promise<PatientHandle> {
    this.asked.push(identifiers);
    const pseudonym = this.pseudonymOf(identifiers) ?? this.mintId('pseudonym', JSON.stringify(identifiers));
    for (const name of identifiers.map(nameOf)) {
      if (!this.#pseudonyms.has(name)) this.#pseudonyms.set(name, pseudonym);
    }
    this.#onPatient(pseudonym);
    return { pseudonym, seal: encoded };
  }

  /** No patient is cached, so that a test sees every look-up. */
  knownPatient(): undefined {
    return undefined;
  }

  /** The pseudonym of the first identifier that is known. */
  pseudonymOf(identifiers: readonly PatientIdentifier[]): string | undefined {
    return identifiers.map((one) => this.#pseudonyms.get(nameOf(one))).find((pseudonym) => pseudonym !== undefined);
  }
}

const nameOf = ({ system, value }: PatientIdentifier): string => JSON.stringify([system, value]);

/** Replaces sealing by base64. */
function encoded(body: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64'));
}
