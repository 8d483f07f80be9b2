import { privacyError } from './errors.ts';
import { keyLeaseMs } from './patient-directory.ts';
import type { Destroyed, ErasureTarget, PatientVault } from './patient-vault.ts';

/**
 * How long there must be no live operation before keys are destroyed; covers an append in progress when the lease
 * ended.
 */
const quietMs = 1_000;
const pollMs = 250;

export interface ErasePatient {
  readonly vault: PatientVault;
  /** An identifier of the patient, or its pseudonym to continue a pending erasure. */
  readonly identifier: ErasureTarget;
  /** Number of operations of these pseudonyms that are accepted and not terminal. */
  readonly liveOperations: (pseudonyms: readonly string[]) => Promise<number>;
  readonly sleep: (ms: number) => Promise<void>;
  /** The key lease of the ingest instances, ms. */
  readonly leaseMs?: number;
  /** How long to wait for live operations beyond the lease, ms. */
  readonly waitMaxMs?: number;
}

/** The result. `proven` are pseudonyms of an earlier, interrupted erasure that was completed on this occasion. */
export type Erasure = { readonly proven: readonly string[] } & (
  | { readonly kind: 'unknown' }
  | ({ readonly kind: 'erased'; readonly pseudonyms: readonly string[]; readonly waitedMs: number } & Destroyed)
);

/**
 * Erases a patient. From the first step on, messages about it are refused. Once no ingest instance can hold its data
 * key any more and none of its operations is live, the data keys and identifiers are destroyed, and that is proven. The
 * sealed bodies stay but can never be opened. Keyed hashes of them still verify, since the identity key belongs to no
 * patient.
 * If it is interrupted, the next call continues, because the vault keeps the mark.
 * @throws CodedError ERASURE_WAITING (retryable), ERASURE_UNPROVEN, and errors of the vault
 */
export async function erasePatient(erase: ErasePatient): Promise<Erasure> {
  const { vault, identifier, sleep, leaseMs = keyLeaseMs } = erase;
  const proven = await proveInterrupted(vault);
  const marked = await vault.startErasure(identifier);
  const [first] = marked ?? [];
  if (marked === undefined || first === undefined) return { kind: 'unknown', proven };
  await sleep(leaseMs);
  const { pseudonyms, waitedMs } = await untilQuiet(erase, first, marked);
  const destroyed = await vault.finishErasure(pseudonyms);
  await prove(vault, identifier, pseudonyms);
  return { kind: 'erased', proven, pseudonyms, waitedMs: leaseMs + waitedMs, ...destroyed };
}

/**
 * An erasure interrupted between destroying and proving has no identifier left to find it by, so every call looks for
 * such ones.
 */
async function proveInterrupted(vault: PatientVault): Promise<readonly string[]> {
  const destroyed: string[] = [];
  for (const pseudonym of await vault.pendingErasures()) {
    const patient = await vault.byPseudonym(pseudonym);
    if (patient?.state === 'erased') destroyed.push(pseudonym);
  }
  if (destroyed.length > 0) await vault.finishErasure(destroyed);
  return destroyed;
}

/**
 * Waits until the person's operations have ended. A merge among them adds another pseudonym, whose leases are then
 * awaited too.
 */
async function untilQuiet(
  { vault, liveOperations, sleep, leaseMs = keyLeaseMs, waitMaxMs = 60_000 }: ErasePatient,
  first: string,
  marked: readonly string[],
): Promise<{ readonly pseudonyms: readonly string[]; readonly waitedMs: number }> {
  let pseudonyms = marked;
  let waitedMs = 0;
  let quietForMs = 0;
  const wait = async (ms: number): Promise<void> => {
    await sleep(ms);
    waitedMs += ms;
  };
  for (;;) {
    const now = (await vault.startErasure({ pseudonym: first })) ?? pseudonyms;
    if (now.length > pseudonyms.length) {
      quietForMs = 0;
      await wait(leaseMs);
    }
    pseudonyms = now;
    const live = await liveOperations(pseudonyms);
    if (live === 0 && quietForMs >= quietMs) return { pseudonyms, waitedMs };
    if (waitedMs >= waitMaxMs)
      throw privacyError('erasureWaiting', `after ${waitedMs} ms ${live} operations of patient ${first} are live`);
    await wait(pollMs);
    quietForMs = live === 0 ? quietForMs + pollMs : 0;
  }
}

async function prove(vault: PatientVault, identifier: ErasureTarget, pseudonyms: readonly string[]): Promise<void> {
  for (const pseudonym of pseudonyms) {
    const patient = await vault.byPseudonym(pseudonym);
    if (patient?.state !== 'erased')
      throw privacyError('erasureUnproven', `patient ${pseudonym} still has its data key`);
  }
  if (!('pseudonym' in identifier) && (await vault.startErasure(identifier)) !== undefined) {
    throw privacyError(
      'erasureUnproven',
      `the identifier still leads to a patient after ${pseudonyms.length} were erased`,
    );
  }
}
