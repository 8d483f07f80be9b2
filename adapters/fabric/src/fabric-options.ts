import type { CodedError } from '@medrex/coded-error';
import type { PinTrouble } from './endorse/lag-watch.ts';
import type { KeyFiles } from './profile/connection-profile.ts';

/** What a Fabric ledger tells while it works. */
export interface FabricObserver {
  /** A block stream broke; it is opened again. */
  readonly streamBroken?: (peer: string, error: CodedError) => void;
  /** Another peer of an organisation is pinned from now on. */
  readonly pinned?: (change: { organisation: string; from: string; to: string; why: PinTrouble }) => void;
  readonly identityReloaded?: (validUntilMs: number) => void;
  /** Changed files of the identity cannot be used; the old one stays. */
  readonly identityFailed?: (error: unknown) => void;
}

/** The kinds of calls that are bounded, each by a limit of its own. */
export const fabricPools = ['endorser', 'orderer', 'gateway'] as const;

/** How many calls of one kind may be under way and wait. */
export interface PoolLimits {
  readonly limit: number;
  readonly waitingMax: number;
}

/** What a Fabric ledger is opened with. */
export interface FabricLedgerOptions {
  /** File of the connection profile. */
  readonly profile: string;
  readonly channel: string;
  /** Instead of the identity that the profile names. */
  readonly identity?: KeyFiles;
  readonly fabricVersion?: string;
  readonly observer?: FabricObserver;
  readonly limits?: Partial<FabricLimits>;
}

/** Everything that bounds a Fabric ledger; times in ms. */
export interface FabricLimits {
  /** Proposals under way at all peers together; a peer takes 2,500 by default, of all its clients. */
  readonly endorserCalls: number;
  /** Envelopes without an acknowledgement. */
  readonly ordererCalls: number;
  /** Submissions by a gateway, which takes 500 by default, of all its clients. */
  readonly gatewayCalls: number;
  readonly waitingCalls: number;
  /** Above the time that a caller gives the endorsers, so that the caller judges. */
  readonly endorseDeadlineMs: number;
  readonly ackDeadlineMs: number;
  readonly blockDeadlineMs: number;
  /** No answer for so long, or so long behind: another peer of the organisation is pinned. */
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
