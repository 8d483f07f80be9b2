import { privacyError } from '@medrex/privacy';
import type { DatabaseSync } from 'node:sqlite';
import { findInFiles } from './find-in-files.ts';
import { untilUnlocked } from './sqlite-errors.ts';

/** How long readers may block the truncation of the log, ms. Reads of a vault take microseconds. */
const readersMaxMs = 2_000;

/**
 * Ensures that no file of the vault contains these bytes any more, and proves it by searching the files.
 * `secure_delete` has overwritten the deleted rows, but the write-ahead log contains earlier pages until it is
 * truncated. If a page was split while it contained a row, a copy may remain in its unused part: the search finds it,
 * and VACUUM rewrites the whole file.
 * @throws CodedError ERASURE_UNPROVEN
 */
export async function scrub(
  db: DatabaseSync,
  file: string,
  secrets: readonly Uint8Array[],
  isThorough: boolean,
): Promise<void> {
  const files = [file, `${file}-wal`];
  if (isThorough) await rewrite(db);
  await truncateLog(db, file);
  if (findInFiles(files, secrets) === undefined) return;
  await rewrite(db);
  await truncateLog(db, file);
  const holder = findInFiles(files, secrets);
  if (holder !== undefined) throw privacyError('erasureUnproven', `${holder} still holds bytes of what was destroyed`);
}

async function rewrite(db: DatabaseSync): Promise<void> {
  await untilUnlocked(() => db.exec('VACUUM'));
}

async function truncateLog(db: DatabaseSync, file: string): Promise<void> {
  try {
    await untilUnlocked(() => {
      const { busy } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
      if (busy !== 0) throw Object.assign(new Error('the log is being read'), { errcode: 5 });
    }, readersMaxMs);
  } catch (cause) {
    throw privacyError(
      'erasureUnproven',
      `the write-ahead log of ${file} could not be truncated: somebody is reading it`,
      cause,
    );
  }
}
