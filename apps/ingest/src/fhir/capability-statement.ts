/** What the capability statement says beyond constants. */
export interface Capabilities {
  readonly version: string;
  /** Base address of the FHIR endpoint. */
  readonly url: string;
  readonly startedAt: string;
  /** Resource types with rules of their own; every other R4 type is kept as an append-only record. */
  readonly resourceTypes: readonly string[];
  readonly bytesMax: number;
}

/** What this endpoint does, as a FHIR R4 CapabilityStatement: it takes writes; reads are not served here. */
export function capabilityStatement({
  version,
  url,
  startedAt,
  resourceTypes,
  bytesMax,
}: Capabilities): Record<string, unknown> {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: startedAt,
    kind: 'instance',
    software: { name: 'Medrex ingest', version },
    implementation: { description: 'Writes to the ledger through Medrex', url },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        documentation:
          'Every interaction waits for the ledger and is answered with its outcome, or at once with 202 under Prefer: respond-async. ' +
          'Idempotency-Key (or ce-source and ce-id) makes a repeat safe: it gets the first answer. ' +
          `A transaction has at most ${bytesMax} bytes; types that are not listed are taken, too, and kept as append-only records.`,
        resource: resourceTypes.map(resourceCapability),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

function resourceCapability(type: string): Record<string, unknown> {
  return {
    type,
    interaction: [{ code: 'create' }, { code: 'update' }, { code: 'delete' }],
    versioning: 'versioned-update',
    readHistory: false,
    updateCreate: true,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: 'single',
  };
}
