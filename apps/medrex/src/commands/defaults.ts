/** Default values of the commands. */
export const defaults = {
  /** Data folder of the embedded stack, relative to the current folder. */
  dataDir: '.medrex',
  port: 8080,
  url: 'http://127.0.0.1:8080',
  channel: 'ehr',
} as const;

/** Label of the embedded ledger, shown with every number measured on it. */
export const embeddedLedgerLabel = 'model of Fabric (embedded); no number here is one of a Fabric network';
