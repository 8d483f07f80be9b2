import { privacyError } from './errors.ts';
import { rowSealingOrNew, type Random, type RowSealing } from './row-sealing.ts';
import type { TenantKeyRing } from './tenant-key-ring.ts';
import type { TenantKey } from './tenant-key.ts';
import type { VaultStore, VaultTransaction } from './vault-store.ts';

/** Rows of each kind moved per transaction: few enough that concurrent intake waits for milliseconds only. */
const rowsPerTransaction = 500;

interface Rotation {
  readonly store: VaultStore;
  readonly ring: TenantKeyRing;
  readonly random: Random;
}

/**
 * Moves every row under the next tenant key, some rows per transaction. Each row says which key it stands under and the vault
 * lists the keys in use, so readers and writers go on beside it, and after a `kill -9` at any place the next call goes on
 * with the rows that are left.
 */
export async function rotate({ store, ring, random }: Rotation, next: TenantKey): Promise<{ readonly rows: number }> {
  await store.transaction('write', async (rows) => {
    const { keys } = await rowSealingOrNew(rows, ring, random);
    const others = keys.filter(({ id }) => id !== next.id);
    ring.add(next);
    await rows.setTenantKeys([
      { keyId: next.id, isCurrent: true },
      ...others.map(({ id }) => ({ keyId: id, isCurrent: false })),
    ]);
  });
  let moved = 0;
  for (;;) {
    const batch = await store.transaction('write', async (rows) =>
      moveSome(rows, await sealingOf(rows, { store, ring, random }, next)),
    );
    if (batch === 0) break;
    moved += batch;
  }
  await store.scrub([], true); // rows under the old key may remain in free pages
  return { rows: moved };
}

/** Moves some rows; when none are left, the old keys are struck off the list in the same transaction. */
async function moveSome(rows: VaultTransaction, sealing: RowSealing): Promise<number> {
  const stale = await rows.notUnder(sealing.current.id, rowsPerTransaction);
  await rows.putPatients(stale.patients.map((row) => sealing.patient(row, sealing.dataKey(row))));
  await rows.putSecrets(stale.secrets.map((row) => sealing.secret(row.name, sealing.openSecret(row))));
  const identifiers = stale.identifiers.map((row) => sealing.identifier(sealing.openIdentifier(row), row.pseudonym));
  await rows.dropIdentifiers(stale.identifiers.map(({ digest }) => digest));
  await rows.putIdentifiers(identifiers);
  const moved = stale.patients.length + stale.secrets.length + identifiers.length;
  if (moved === 0) await rows.setTenantKeys([{ keyId: sealing.current.id, isCurrent: true }]);
  return moved;
}

async function sealingOf(rows: VaultTransaction, { ring, random }: Rotation, next: TenantKey): Promise<RowSealing> {
  const sealing = await rowSealingOrNew(rows, ring, random);
  if (sealing.current.id !== next.id) {
    throw privacyError(
      'rotationSuperseded',
      `the vault is being rotated to tenant key ${sealing.current.id}, not to ${next.id}`,
    );
  }
  return sealing;
}
