import { createHmac } from 'node:crypto';
import type { IntakeContext, PatientHandle, PatientIdentifier } from '@medrex/contracts';

/** A context whose ids are keyed as the real ones and whose bodies are not sealed but only encoded, so that a test can read them. */
export class IntakeStandIn implements IntakeContext {
  readonly tenant = { seal: (body: Uint8Array) => encoded(body) };
  readonly #key: string;
  readonly #pseudonyms = new Map<string, string>();
  /** Every lookup, for tests about what is asked and in which order. */
  readonly lookups: (readonly PatientIdentifier[])[] = [];
  /** Pseudonyms of patients being erased: a lookup of one fails as the vault's does. */
  readonly #erasing: (pseudonym: string) => void;

  constructor(options: { readonly key?: string; readonly onLookup?: (pseudonym: string) => void } = {}) {
    this.#key = options.key ?? 'identity key of a test';
    this.#erasing = options.onLookup ?? (() => undefined);
  }

  mintId(...parts: readonly string[]): string {
    const hmac = createHmac('sha256', this.#key);
    for (const part of parts) hmac.update(`${part.length}:`).update(part);
    return hmac.digest('hex').slice(0, 32);
  }

  patient(identifiers: readonly PatientIdentifier[]): Promise<PatientHandle> {
    this.lookups.push(identifiers);
    const names = identifiers.map(({ system, value }) => JSON.stringify([system, value]));
    const known = names.map((name) => this.#pseudonyms.get(name)).find((pseudonym) => pseudonym !== undefined);
    const pseudonym = known ?? this.mintId('pseudonym', ...names).slice(0, 32);
    for (const name of names) if (!this.#pseudonyms.has(name)) this.#pseudonyms.set(name, pseudonym);
    this.#erasing(pseudonym);
    return Promise.resolve({ pseudonym, seal: encoded });
  }
}

/** Stands in for sealing: base64 without encryption. */
function encoded(body: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64'));
}
