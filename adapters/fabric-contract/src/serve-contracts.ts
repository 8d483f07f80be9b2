import { CodedError } from '@medrex/coded-error';
import { JSONSerializer } from 'fabric-contract-api';
import { Shim, type ChaincodeServerOpts } from 'fabric-shim';
import type { ContractClass } from './contract-class.ts';
import { fabricContractErrors } from './errors.ts';
import { ChaincodeFromContract } from './shim/shim-internals.ts';

/** Address and identity of a chaincode server. */
export interface ServeOptions {
  /** host:port */
  readonly address: string;
  /** The package id that the peer computed at install. */
  readonly chaincodeId: string;
  readonly tls?: ServerTls;
}

export interface ServerTls {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** If set, only peers with certificates of this CA are served. */
  readonly clientCa?: Buffer;
}

export interface ContractServer {
  /** Ends all connections. */
  close(): void;
}

// As in the shim's own command line: a peer keeps one stream open permanently.
const grpcOptions = {
  'grpc.max_send_message_length': -1,
  'grpc.max_receive_message_length': -1,
  'grpc.keepalive_time_ms': 110_000,
  'grpc.http2.min_time_between_pings_ms': 110_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.http2.max_pings_without_data': 0,
  'grpc.keepalive_permit_without_calls': 1,
};

/**
 * Serves contracts as a service in this process, like `fabric-chaincode-node server`.
 * @throws CodedError CHAINCODE_ADDRESS_INVALID, CHAINCODE_SHIM_UNKNOWN
 */
export async function serveContracts(
  contracts: readonly ContractClass[],
  { address, chaincodeId, tls }: ServeOptions,
): Promise<ContractServer> {
  const serializers = { transaction: 'jsonSerializer', serializers: { jsonSerializer: JSONSerializer } };
  const chaincode = new ChaincodeFromContract([...contracts], serializers, {}, 'medrex', '');
  const tlsProps = tls === undefined ? {} : { tlsProps: { key: tls.key, cert: tls.cert, clientCACerts: tls.clientCa } };
  const options = { ccid: chaincodeId, address, ...grpcOptions, ...tlsProps } as unknown as ChaincodeServerOpts;
  const server = Shim.server(chaincode, options);
  const { _server: grpc } = server as unknown as { readonly _server?: { forceShutdown(): void } };
  if (typeof grpc?.forceShutdown !== 'function')
    throw new CodedError(fabricContractErrors.SHIM_UNKNOWN, 'fabric-shim has no server that can be stopped');
  try {
    await server.start();
  } catch (cause) {
    grpc.forceShutdown();
    throw new CodedError(fabricContractErrors.ADDRESS_INVALID, `chaincode server: cannot listen on ${address}`, {
      cause,
    });
  }
  return { close: () => grpc.forceShutdown() };
}
