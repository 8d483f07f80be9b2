import type { ErrorDescription } from '@medrex/coded-error';

/** Errors of the files of the embedded ledger. */
export const embeddedLedgerErrors = {
  locked: {
    code: 'LEDGER_LOCKED',
    retryable: true,
    meaning: 'Another process has the ledger open.',
    remedy: 'Stop the other process, or give this one a directory of its own.',
  },
  corrupt: {
    code: 'LEDGER_CORRUPT',
    retryable: false,
    meaning: 'A durable block cannot be read, or blocks and state do not belong together.',
    remedy: 'Restore the directory from a backup; the disk has lost or changed bytes.',
  },
  unreadable: {
    code: 'LEDGER_FORMAT_UNKNOWN',
    retryable: false,
    meaning: 'The files were written in a format that this version does not know.',
    remedy: 'Open the directory with the version that wrote it.',
  },
} as const satisfies Record<string, ErrorDescription>;
