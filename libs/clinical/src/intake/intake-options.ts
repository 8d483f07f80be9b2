/** What a hospital sets about its clinical intake. */
export interface IntakeOptions {
  /**
   * Identifier systems that name patients, the most trusted first: the first one present names the patient, the others
   * become aliases. Without the list every identifier of a Patient counts, medical record numbers first.
   */
  readonly patientSystems?: readonly string[];
  /** Entries of one transaction Bundle. Default 1,000: what one Fabric transaction carries within its time limit. */
  readonly entriesMax?: number;
  /**
   * Bytes of one operation as compact JSON. Default 2 MiB: a quarter of what a channel's default AbsoluteMaxBytes
   * leaves.
   */
  readonly bytesMax?: number;
  /** Entries of a batch, collection or history Bundle, each an operation of its own. Default 10,000. */
  readonly itemsMax?: number;
}

export interface IntakeLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly itemsMax: number;
}

/** The limits with their defaults. */
export function limitsOf({
  entriesMax = 1000,
  bytesMax = 2 * 1024 * 1024,
  itemsMax = 10_000,
}: IntakeOptions): IntakeLimits {
  return { entriesMax, bytesMax, itemsMax };
}
