import { privacyError } from '@medrex/privacy';
import { closeSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../folders/make-folder.ts';
import { untilUnlocked } from './sqlite-errors.ts';
import { SqliteVaultRows } from './sqlite-vault-rows.ts';
import { configure, makeTables, schemaProblem } from './vault-schema.ts';

/** How long SQLite itself may block this thread for a lock; longer waits are asynchronous. */
const blockMs = 20;

/** An open vault file. */
export class VaultConnection {
  readonly db: DatabaseSync;
  readonly rows: SqliteVaultRows;
  readonly #file: string;
  readonly #inode: bigint;

  private constructor(file: string, db: DatabaseSync) {
    this.db = db;
    this.rows = new SqliteVaultRows(db);
    this.#file = file;
    this.#inode = statSync(file, { bigint: true }).ino;
  }

  /** Opens the file; creates it, readable by its owner only, if there is none. */
  static async make(file: string): Promise<VaultConnection> {
    makeFolder(dirname(file), { mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600)); // SQLite gives its write-ahead log the permissions of this file
    return VaultConnection.open(file);
  }

  /**
   * Opens an existing file.
   * @throws CodedError VAULT_UNREADABLE if it is not a vault, and errors of SQLite
   */
  static async open(file: string): Promise<VaultConnection> {
    const db = new DatabaseSync(file, { timeout: blockMs });
    try {
      await untilUnlocked(() => {
        configure(db);
        makeTables(db);
      });
      const problem = schemaProblem(db);
      if (problem !== undefined) throw privacyError('vaultUnreadable', `vault file ${file}: ${problem}`);
      return new VaultConnection(file, db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /**
   * Whether the file at the path is the one that is open. SQLite continues to write to a file that was deleted or moved
   * away, and what it then calls durable is lost with the process.
   * @throws CodedError VAULT_UNAVAILABLE if there is no file
   */
  isInPlace(): boolean {
    const stat = statSync(this.#file, { bigint: true, throwIfNoEntry: false });
    if (!stat) throw privacyError('vaultUnavailable', `the vault file ${this.#file} is gone`);
    return stat.ino === this.#inode;
  }
}
