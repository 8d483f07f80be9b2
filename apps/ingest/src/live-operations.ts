import type { MessageName } from './message-name.ts';

/** The identity by which outcomes are matched: the same id with another digest is another message under the same name. */
export interface OperationIdentity {
  readonly opId: string;
  readonly digest: string;
}

/** The identity as a map key. Both parts have a fixed length. */
export function identityText({ opId, digest }: OperationIdentity): string {
  return opId + digest;
}

/**
 * The live operations (accepted and not terminal) with their messages. A restart rebuilds it from the `operations` log. Admission
 * bounds its size.
 */
export class LiveOperations {
  readonly #names = new Map<string, MessageName | undefined>();

  get size(): number {
    return this.#names.size;
  }

  /** @param name absent for operations of an earlier process, whose sealed name is opened on demand @returns false when it was already live */
  add(identity: OperationIdentity, name: MessageName | undefined): boolean {
    const text = identityText(identity);
    if (this.#names.has(text)) return false;
    this.#names.set(text, name);
    return true;
  }

  nameOf(identity: OperationIdentity): MessageName | undefined {
    return this.#names.get(identityText(identity));
  }

  /** @returns false when it was not live: a repeated report, or an operation of another instance */
  remove(identity: OperationIdentity): boolean {
    return this.#names.delete(identityText(identity));
  }
}
