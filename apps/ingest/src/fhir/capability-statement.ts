import type { ResourceModule } from '@medrex/clinical';

/** The variable parts of the capability statement. */
export interface Capabilities {
  readonly version: string;
  /** Base address of the FHIR endpoint. */
  readonly url: string;
  readonly startedAt: string;
  /** Resource types with specific rules; every other R4 type is stored as an append-only record. */
  readonly modules: readonly Pick<ResourceModule, 'type' | 'isWrittenOnce'>[];
  readonly bytesMax: number;
}

/** The FHIR R4 CapabilityStatement of this endpoint, which serves writes only. */
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
          'Every interaction is answered with its outcome on the ledger, or at once with 202 under Prefer: respond-async. ' +
          'Idempotency-Key (or ce-source and ce-id) makes a repeat safe: it gets the first answer again. ' +
          `A transaction has at most ${bytesMax} bytes; types that are not listed are accepted too, and stored as append-only records.`,
        resource: modules.map(resourceCapability),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

/** `versioned`: If-Match is honoured but not required. */
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
