import { defaultBlockCutterLimits, type BlockCutterLimits } from '@medrex/ledger';
import type { SignaturePolicy } from './policy/signature-policy.ts';

/** A chaincode of the network, which runs as a service and is defined on the channel from the start. */
export interface ChaincodeOption {
  readonly name: string;
  /** Its address, host:port. */
  readonly address: string;
  /** '1.0' by default; a version other than that on the channel is an upgrade. */
  readonly version?: string;
  /** Endorsement policy; the majority of the organisations' peers by default. */
  readonly policy?: SignaturePolicy;
}

/** Options of a development network; all have defaults. */
export interface NetworkOptions {
  readonly chaincodes?: readonly ChaincodeOption[];
  /** 'ehr' by default. */
  readonly channel?: string;
  /** Number of peer organisations, one peer each; 1 by default. */
  readonly organisations?: number;
  /** Folder for certificates, blocks and the connection profile; by default a temporary folder that is removed on close. */
  readonly directory?: string;
  /** Port of the first peer, followed by the other peers and the orderer; free ones by default. */
  readonly port?: number;
  readonly host?: string;
  readonly cutter?: Partial<BlockCutterLimits>;
  /** Fabric version that the peers emulate towards chaincodes: 3.1 (default) offers batch messages, 2.5 does not. */
  readonly fabric?: FabricVersion;
  /** Timeout of a chaincode invocation in ms (Fabric's `executetimeout`); 30,000 by default. */
  readonly executeTimeoutMs?: number;
  /** By MSP id, the delay with which a peer commits blocks, in ms. */
  readonly lagMs?: Readonly<Record<string, number>>;
}

export const fabricVersions = ['3.1', '2.5'] as const;
export type FabricVersion = (typeof fabricVersions)[number];

export interface NetworkSettings {
  readonly chaincodes: readonly ChaincodeOption[];
  readonly channel: string;
  readonly organisations: number;
  readonly port: number;
  readonly host: string;
  readonly limits: BlockCutterLimits;
  readonly fabric: FabricVersion;
  readonly executeTimeoutMs: number;
  readonly lagMs: Readonly<Record<string, number>>;
}

export function networkSettings(options: NetworkOptions): NetworkSettings {
  return {
    chaincodes: options.chaincodes ?? [],
    channel: options.channel ?? 'ehr',
    organisations: options.organisations ?? 1,
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    limits: { ...defaultBlockCutterLimits, ...options.cutter },
    fabric: options.fabric ?? '3.1',
    executeTimeoutMs: options.executeTimeoutMs ?? 30_000,
    lagMs: options.lagMs ?? {},
  };
}
