import type { EventLog, IntakeContract, StatusStore } from '@medrex/contracts';
import type { PatientVault } from '@medrex/privacy';
import type { Telemetry } from '@medrex/telemetry';

/** What ingest stands on; each is the embedded default unless it is given. Whoever gives a port closes it. */
export interface IngestPorts {
  readonly log: EventLog;
  readonly statuses: StatusStore;
  readonly vault: PatientVault;
  readonly telemetry: Telemetry;
  /** The secret of per-transaction mode, 32 bytes; without it this mode is off. */
  readonly callSecret?: Uint8Array;
  /** In place of those that MEDREX_INTAKE_CONTRACTS names; they are then translated on the main thread only. */
  readonly contracts?: readonly IntakeContract[];
  /** The clock, epoch ms. */
  readonly nowMs?: () => number;
}
