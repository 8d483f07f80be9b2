import { clinicalIntake } from '@medrex/clinical';
import { mintId, operationId, sourceHash, type IntakeContext } from '@medrex/contracts';
import { encodeOperation, operationItem } from '@medrex/execute-batch';
import { PatientDirectory, type PatientVault } from '@medrex/privacy';
import type { LoadMessage } from '../load/message.ts';

/** Translates messages into items of `executeBatch`, one per operation. */
export type TranslateLoad = (message: LoadMessage) => Promise<readonly Uint8Array[]>;

/**
 * The translation of ingest for clients without ingest: the same validation, pseudonyms, sealed bodies and key templates. With the
 * vault of ingest it gives the same keys.
 */
export async function loadTranslator(vault: PatientVault, channel: string): Promise<TranslateLoad> {
  const identityKey = await vault.identityKey(channel);
  const directory = await PatientDirectory.open({ vault, order: ['*'], nowMs: () => Date.now() });
  const context: IntakeContext = {
    mintId: (...parts) => mintId(identityKey, ...parts),
    patient: (identifiers) => directory.patient(identifiers),
    knownPatient: (identifiers) => directory.knownPatient(identifiers),
    tenant: directory.tenant,
  };
  const clinical = clinicalIntake();
  return async (message) => {
    const { source, id, time, resource, request } = message;
    const intake = {
      source,
      id,
      time,
      contract: 'clinical',
      contentType: 'application/fhir+json',
      body: resource,
      ...(request && { request }),
    };
    const { operations, refusals } = await clinical.translate(intake, context);
    const [refusal] = refusals;
    if (refusal !== undefined)
      throw new Error(
        `the load made a message that is refused: ${refusal.code} ${refusal.issues[0]?.diagnostics ?? ''}`,
      );
    const hash = sourceHash(identityKey, Buffer.from(JSON.stringify(resource)));
    return operations.map(({ item, templateVersion, keys, facts, bodies }) => {
      const opId = operationId(identityKey, { source, id, item, attempt: 0 });
      return operationItem(
        encodeOperation({ opId, sourceHash: hash, contract: 'clinical', templateVersion, keys, time, facts, bodies }),
      );
    });
  };
}
