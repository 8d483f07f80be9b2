/** What the commands take where nothing is said. */
export const defaults = {
  /** Data of the embedded stack, below the folder that the command is started in. */
  dataDir: '.medrex',
  port: 8080,
  url: 'http://127.0.0.1:8080',
  channel: 'ehr',
} as const;

/** Label of the ledger that `medrex start` runs on, wherever a number of it is shown. */
export const embeddedLedgerLabel = 'model of Fabric (embedded); no number here is one of a Fabric network';
