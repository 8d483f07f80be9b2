import { mintId, type PatientIdentifier } from '@medrex/contracts';
import { PatientDirectory, type PatientVault, type VaultLookup } from '@medrex/privacy';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { codedError, foreignError } from './foreign-error.ts';
import { loadContracts } from './load-contracts.ts';
import { ContractTranslator, type Translated } from './translator.ts';
import type { ForeignError, ForeignMessage, FromWorker, ToWorker, WorkerSetUp } from './worker-messages.ts';

// A translation worker: parses, validates, seals and encodes large messages, so that they do not block the main thread. The vault
// stays on the main thread, which looks up identifiers for the worker.

type Vault = Pick<PatientVault, 'findOrCreate' | 'tenantSubjectKey'>;

/** A proxy of the vault on the main thread. */
class ForeignVault implements Vault {
  readonly #port: MessagePort;
  readonly #tenantSubjectKey: Uint8Array;
  readonly #asked = new Map<number, PromiseWithResolvers<readonly VaultLookup[]>>();
  #calls = 0;

  constructor(port: MessagePort, tenantSubjectKey: Uint8Array) {
    this.#port = port;
    this.#tenantSubjectKey = tenantSubjectKey;
  }

  findOrCreate(lookups: readonly (readonly PatientIdentifier[])[]): Promise<readonly VaultLookup[]> {
    this.#calls += 1;
    const asked = Promise.withResolvers<readonly VaultLookup[]>();
    this.#asked.set(this.#calls, asked);
    this.#port.postMessage({ kind: 'lookups', call: this.#calls, lookups } satisfies FromWorker);
    return asked.promise;
  }

  async tenantSubjectKey(): Promise<Uint8Array> {
    return this.#tenantSubjectKey;
  }

  found(call: number, found: readonly VaultLookup[]): void {
    this.#take(call)?.resolve(found);
  }

  failed(call: number, error: ForeignError | undefined): void {
    this.#take(call)?.reject(error === undefined ? new Error('the vault failed') : codedError(error));
  }

  #take(call: number): PromiseWithResolvers<readonly VaultLookup[]> | undefined {
    const asked = this.#asked.get(call);
    this.#asked.delete(call);
    return asked;
  }
}

async function serve(port: MessagePort, setUp: WorkerSetUp): Promise<void> {
  const { identityKey, operationBytesMax, identifierSystems: order } = setUp;
  const vault = new ForeignVault(port, setUp.tenantSubjectKey);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'patients') vault.found(message.call, message.found);
    else if (message.kind === 'no patients') vault.failed(message.call, message.error);
    else void translated.then((translator) => translate(port, translator, message));
  });
  const translated = (async () => {
    const directory = await PatientDirectory.open({
      vault: vault,
      order,
      nowMs: () => Date.now(),
    });
    const context = {
      mintId: (...parts: readonly string[]) => mintId(identityKey, ...parts),
      patient: (identifiers: readonly PatientIdentifier[]) => directory.patient(identifiers),
      knownPatient: (identifiers: readonly PatientIdentifier[]) => directory.knownPatient(identifiers),
      tenant: directory.tenant,
    };
    const onUnexpected = (error: unknown): void =>
      port.postMessage({ kind: 'unexpected', error: foreignError(error) } satisfies FromWorker);
    return new ContractTranslator({
      contracts: await loadContracts(setUp.contracts),
      context,
      onUnexpected,
      identityKey,
      operationBytesMax,
    });
  })();
  await translated;
}

async function translate(
  port: MessagePort,
  translator: ContractTranslator,
  { call, message, time }: Extract<ToWorker, { kind: 'translate' }>,
): Promise<void> {
  const result = await translator.translate(unparsed(message), time);
  if ('problem' in result) port.postMessage({ kind: 'problem', call, problem: result.problem } satisfies FromWorker);
  else answer(port, call, result);
}

function unparsed(message: ForeignMessage): Parameters<ContractTranslator['translate']>[0] {
  return { ...message, body: undefined, isUnparsed: message.bytes.length > 0 };
}

/** Answers with the drafts. Small Buffers share a pool that cannot be transferred, so their bytes are packed into one new buffer. */
function answer(port: MessagePort, call: number, { items }: Extract<Translated, { items: unknown }>): void {
  const drafts = items.filter((item) => item.kind === 'draft');
  const packed = new Uint8Array(drafts.reduce((sum, { operationBytes }) => sum + operationBytes.length, 0));
  let at = 0;
  for (const { operationBytes } of drafts) {
    packed.set(operationBytes, at);
    at += operationBytes.length;
  }
  const light = items.map((item) => {
    if (item.kind === 'refused') return item;
    const { kind, item: number, opId, contract, class: operationClass, operationBytes } = item;
    return { kind, item: number, opId, contract, class: operationClass, bytes: operationBytes.length };
  });
  port.postMessage({ kind: 'items', call, items: light, packed } satisfies FromWorker, [packed.buffer]);
}

if (parentPort !== null) await serve(parentPort, workerData as WorkerSetUp);
