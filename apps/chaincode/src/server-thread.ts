import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { serveContracts, type ServerTls } from '@medrex/fabric-contract';
import type { ChaincodeConfig } from './config.ts';
import { loadContracts } from './load-contracts.ts';
import { medrexContract } from './medrex-contract.ts';

/** Passed by the watching thread to the serving thread. */
export interface ServerThreadData {
  readonly config: ChaincodeConfig;
  /** Heartbeat: incremented while the event loop of this thread runs. */
  readonly beats: Int32Array;
}

const beatEveryMs = 50;

const { config, beats } = workerData as ServerThreadData;
setInterval(() => Atomics.add(beats, 0, 1), beatEveryMs);
const contracts = await loadContracts(config.MEDREX_CONTRACTS);
await serveContracts([medrexContract({ contracts })], {
  address: config.CHAINCODE_SERVER_ADDRESS,
  chaincodeId: config.CHAINCODE_ID,
  ...tlsOf(config),
});
parentPort?.postMessage('ready');

function tlsOf(files: ChaincodeConfig): { readonly tls?: ServerTls } {
  const { CHAINCODE_TLS_KEY_FILE: key, CHAINCODE_TLS_CERT_FILE: cert, CHAINCODE_TLS_CLIENT_CA_FILE: ca } = files;
  if (key === undefined || cert === undefined) return {};
  const clientCa = ca === undefined ? {} : { clientCa: readFileSync(ca) };
  return { tls: { key: readFileSync(key), cert: readFileSync(cert), ...clientCa } };
}
