import type { EventLog, IntakeContract, StatusStore } from '@medrex/contracts';
import type { PatientVault } from '@medrex/privacy';
import type { Telemetry } from '@medrex/telemetry';

/** Ports of ingest; the embedded default of each that is not given. The caller closes the ports it gives. */
export interface IngestPorts {
  readonly log: EventLog;
  readonly statuses: StatusStore;
  readonly vault: PatientVault;
  readonly telemetry: Telemetry;
  /** Secret of per-transaction mode, 32 bytes; without it the mode is off. */
  readonly callSecret?: Uint8Array;
  /** Contracts instead of those of MEDREX_INTAKE_CONTRACTS; used on the main thread only. */
  readonly contracts?: readonly IntakeContract[];
  /** The clock, epoch ms. */
  readonly nowMs?: () => number;
}
