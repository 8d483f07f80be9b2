import type { CodedError } from '@medrex/coded-error';
import type { PinTrouble } from './endorse/lag-watch.ts';
import type { KeyFiles } from './profile/connection-profile.ts';

/** Events of a Fabric ledger. */
export interface FabricObserver {
  /** A block stream broke and is being reopened. */
  readonly streamBroken?: (peer: string, error: CodedError) => void;
  /** Another peer of an organisation was pinned. */
  readonly pinned?: (change: { organisation: string; from: string; to: string; why: PinTrouble }) => void;
  readonly identityReloaded?: (validUntilMs: number) => void;
  /** Changed identity files are invalid; the previous identity stays. */
  readonly identityFailed?: (error: unknown) => void;
}

/** The kinds of calls, each with a limit of its own. */
export const fabricPools = ['endorser', 'orderer', 'gateway'] as const;

/** Maximum of concurrent and of waiting calls of one kind. */
export interface PoolLimits {
  readonly limit: number;
  readonly waitingMax: number;
}

/** Options of a Fabric ledger. */
export interface FabricLedgerOptions {
  /** File of the connection profile. */
  readonly profile: string;
  readonly channel: string;
  /** Replaces the identity in the profile. */
  readonly identity?: KeyFiles;
  readonly fabricVersion?: string;
  readonly observer?: FabricObserver;
  readonly limits?: Partial<FabricLimits>;
}

/** Limits of a Fabric ledger; times in ms. */
export interface FabricLimits {
  /** Concurrent proposals to all peers together; a peer accepts 2,500 by default, from all its clients. */
  readonly endorserCalls: number;
  /** Envelopes without an acknowledgement. */
  readonly ordererCalls: number;
  /** Concurrent submissions through a gateway, which accepts 500 by default, from all its clients. */
  readonly gatewayCalls: number;
  readonly waitingCalls: number;
  /** Longer than the caller's own limit for endorsers, so that the caller decides. */
  readonly endorseDeadlineMs: number;
  readonly ackDeadlineMs: number;
  readonly blockDeadlineMs: number;
  /** Time without an answer, or behind the others, after which another peer of the organisation is pinned. */
  readonly replaceAfterMs: number;
  readonly lookEveryMs: number;
  readonly identityEveryMs: number;
  readonly recentBlocks: { readonly blocks: number; readonly bytes: number };
  readonly isGatewayUsed: boolean;
}

export const defaultFabricLimits: FabricLimits = {
  endorserCalls: 500,
  ordererCalls: 1_000,
  gatewayCalls: 100,
  waitingCalls: 10_000,
  endorseDeadlineMs: 10_000,
  ackDeadlineMs: 5_000,
  blockDeadlineMs: 10_000,
  replaceAfterMs: 5_000,
  lookEveryMs: 250,
  identityEveryMs: 10_000,
  recentBlocks: { blocks: 256, bytes: 64 << 20 },
  isGatewayUsed: true,
};

/** Options with every default filled in. */
export type FabricSettings = FabricLimits & {
  readonly gates: Readonly<Record<'endorser' | 'orderer' | 'gateway', PoolLimits>>;
  readonly fabricVersion: string | undefined;
  readonly observer: FabricObserver;
};

export function fabricSettings({ limits, fabricVersion, observer = {} }: FabricLedgerOptions): FabricSettings {
  const all = { ...defaultFabricLimits, ...limits };
  const pool = (limit: number): PoolLimits => ({ limit, waitingMax: all.waitingCalls });
  const { endorserCalls, ordererCalls, gatewayCalls } = all;
  const gates = { endorser: pool(endorserCalls), orderer: pool(ordererCalls), gateway: pool(gatewayCalls) };
  return { ...all, gates, fabricVersion, observer };
}
