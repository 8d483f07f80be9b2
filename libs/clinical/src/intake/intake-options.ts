/** Options of the clinical intake. */
export interface IntakeOptions {
  /**
   * Identifier systems of patients, the most trusted first. The first one present identifies the patient, the others
   * become aliases. Without this list all identifiers of a Patient count, medical record numbers first.
   */
  readonly patientSystems?: readonly string[];
  /**
   * Maximum of entries in a transaction Bundle. Default 1,000: what one Fabric transaction can hold within its time
   * limit.
   */
  readonly entriesMax?: number;
  /**
   * Maximum of bytes of one operation as compact JSON. Default 2 MiB: a quarter of what a channel's default
   * AbsoluteMaxBytes leaves.
   */
  readonly bytesMax?: number;
  /** Maximum of entries in a batch, collection or history Bundle, each of which is an operation. Default 10,000. */
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
