import { defaultBlockCutterLimits, type BlockCutterLimits } from '@medrex/ledger';
import type { SignaturePolicy } from './policy/signature-policy.ts';

/** A chaincode of the network: it runs as a service at its address, and is defined on the channel from the start. */
export interface ChaincodeOption {
  readonly name: string;
  /** host:port at which it listens. */
  readonly address: string;
  /** '1.0' by default; another one than the channel's is an upgrade. */
  readonly version?: string;
  /** The majority of the organisations' peers by default. */
  readonly policy?: SignaturePolicy;
}

/** What a development network is made of. Everything has a default. */
export interface NetworkOptions {
  readonly chaincodes?: readonly ChaincodeOption[];
  /** 'ehr' by default. */
  readonly channel?: string;
  /** Number of peer organisations, one peer each; 1 by default. */
  readonly organisations?: number;
  /** Holds certificates, blocks and the connection profile; a temporary folder that goes with the network by default. */
  readonly directory?: string;
  /** Port of the first peer, the other peers behind it, the orderer last; any free ones by default. */
  readonly port?: number;
  readonly host?: string;
  readonly cutter?: Partial<BlockCutterLimits>;
  /** Which Fabric the peers behave like towards chaincodes: 3.1 offers batch messages, 2.5 does not. 3.1 by default. */
  readonly fabric?: FabricVersion;
  /** A chaincode's answer is awaited no longer (Fabric's `executetimeout`); 30,000 by default. */
  readonly executeTimeoutMs?: number;
  /** By MSP id, how much later than the others a peer commits. */
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
