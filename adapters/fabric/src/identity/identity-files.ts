import { readFile, stat } from 'node:fs/promises';
import { CodedError } from '@medrex/coded-error';
import { fabricErrors } from '../errors.ts';
import type { KeyFiles } from '../profile/connection-profile.ts';
import { fabricIdentity, transactionIdOf, type FabricIdentity } from './fabric-identity.ts';

/** Events of the client's identity. */
export interface IdentityEvents {
  readonly onReloaded?: (identity: FabricIdentity) => void;
  /** The new files are invalid; the previous identity stays. */
  readonly onFailed?: (error: unknown) => void;
}

/** The client's identity from files, which are read again when they change. */
export class IdentityFiles {
  readonly #mspId: string;
  readonly #files: KeyFiles;
  readonly #events: IdentityEvents;
  #current: FabricIdentity;
  /** The previous identity: transactions named before a change are still proposed under it. */
  #previous: FabricIdentity | undefined;
  #seen: string;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    mspId: string,
    files: KeyFiles,
    found: { readonly identity: FabricIdentity; readonly seen: string },
    events: IdentityEvents,
  ) {
    this.#mspId = mspId;
    this.#files = files;
    this.#current = found.identity;
    this.#seen = found.seen;
    this.#events = events;
  }

  /** @throws CodedError FABRIC_IDENTITY_UNUSABLE */
  static async open(mspId: string, files: KeyFiles, events: IdentityEvents = {}): Promise<IdentityFiles> {
    return new IdentityFiles(mspId, files, await load(mspId, files), events);
  }

  get current(): FabricIdentity {
    return this.#current;
  }

  /** Days until the certificate expires; negative afterwards. */
  daysLeft(nowMs: number): number {
    return (this.#current.validUntilMs - nowMs) / 86_400_000;
  }

  /** The identity for which this nonce gives this transaction id. */
  named(nonce: Uint8Array, txId: string): FabricIdentity | undefined {
    return [this.#current, this.#previous].find(
      (identity) => identity !== undefined && transactionIdOf(nonce, identity) === txId,
    );
  }

  /** Checks for changed files at this interval until `close`. */
  watch(everyMs: number): void {
    this.#timer = setInterval(() => void this.reload(), everyMs);
    this.#timer.unref();
  }

  /** Reads the files again if they changed; an expired certificate is not accepted. */
  async reload(nowMs = Date.now()): Promise<void> {
    try {
      if ((await stamp(this.#files)) === this.#seen) return;
      const { identity, seen } = await load(this.#mspId, this.#files);
      if (identity.validUntilMs <= nowMs) {
        const until = new Date(identity.validUntilMs).toISOString();
        throw new CodedError(fabricErrors.identityExpired, `the new certificate of ${this.#mspId} ran out at ${until}`);
      }
      this.#seen = seen;
      if (Buffer.compare(identity.creator, this.#current.creator) === 0) return;
      this.#previous = this.#current;
      this.#current = identity;
      this.#events.onReloaded?.(identity);
    } catch (error) {
      this.#events.onFailed?.(error);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function load(mspId: string, files: KeyFiles): Promise<{ identity: FabricIdentity; seen: string }> {
  const seen = await stamp(files);
  const [certificate, privateKey] = await Promise.all([readFile(files.certificate), readFile(files.privateKey)]);
  return { identity: fabricIdentity(mspId, { certificate, privateKey }), seen };
}

async function stamp({ certificate, privateKey }: KeyFiles): Promise<string> {
  const stats = await Promise.all([stat(certificate), stat(privateKey)]);
  return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join(' ');
}
