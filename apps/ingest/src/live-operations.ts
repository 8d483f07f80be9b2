import type { MessageName } from './message-name.ts';

/** An operation as outcomes are matched to it: the same id with another digest is another message under the same name. */
export interface OperationIdentity {
  readonly opId: string;
  readonly digest: string;
}

/** One text per identity, for maps. Both parts have a fixed length. */
export function identityText({ opId, digest }: OperationIdentity): string {
  return opId + digest;
}

/**
 * Operations that were accepted and are not terminal, and the message that each belongs to. A restart fills it from the
 * `operations` log. Bounded by admission.
 */
export class LiveOperations {
  readonly #names = new Map<string, MessageName | undefined>();

  get size(): number {
    return this.#names.size;
  }

  /** @param name absent for what an earlier process accepted: its sealed name is opened when it is needed. @returns false when it was live already. */
  add(identity: OperationIdentity, name: MessageName | undefined): boolean {
    const text = identityText(identity);
    if (this.#names.has(text)) return false;
    this.#names.set(text, name);
    return true;
  }

  nameOf(identity: OperationIdentity): MessageName | undefined {
    return this.#names.get(identityText(identity));
  }

  /** @returns false when it was not live: a repeated report, or what another instance accepted. */
  remove(identity: OperationIdentity): boolean {
    return this.#names.delete(identityText(identity));
  }
}
