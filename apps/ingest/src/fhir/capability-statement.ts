import type { ResourceModule } from '@medrex/clinical';

/** What the capability statement says beyond constants. */
export interface Capabilities {
  readonly version: string;
  /** Base address of the FHIR endpoint. */
  readonly url: string;
  readonly startedAt: string;
  /** Resource types with rules of their own; every other R4 type is kept as an append-only record. */
  readonly modules: readonly Pick<ResourceModule, 'type' | 'isWrittenOnce'>[];
  readonly bytesMax: number;
}

/** What this endpoint does, as a FHIR R4 CapabilityStatement: it takes writes; reads are not served here. */
export function capabilityStatement({
  version,
  url,
  startedAt,
  modules,
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
        resource: modules.map(resourceCapability),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

/** If-Match is honoured and not demanded, which is `versioned`. */
function resourceCapability(module: Capabilities['modules'][number]): Record<string, unknown> {
  const { type } = module;
  const isWrittenOnce = module.isWrittenOnce === true;
  return {
    type,
    interaction: isWrittenOnce ? [{ code: 'create' }] : [{ code: 'create' }, { code: 'update' }, { code: 'delete' }],
    versioning: 'versioned',
    readHistory: false,
    updateCreate: !isWrittenOnce,
    conditionalCreate: true,
    conditionalRead: 'not-supported',
    conditionalUpdate: !isWrittenOnce,
    conditionalDelete: isWrittenOnce ? 'not-supported' : 'single',
    referencePolicy: ['literal', 'logical', 'local'],
  };
}
