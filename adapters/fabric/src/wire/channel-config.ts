import { common, orderer } from '@hyperledger/fabric-protos';
import type { BlockCutterLimits } from '@medrex/ledger';

/** Block cutting limits in the channel's configuration; missing ones are left out. */
export function cutterLimitsOf(config: Uint8Array): Partial<BlockCutterLimits> {
  const group = common.Config.deserializeBinary(config).getChannelGroup()?.getGroupsMap().get('Orderer');
  const value = (name: string): Uint8Array | undefined => group?.getValuesMap().get(name)?.getValue_asU8();
  const [size, timeout] = [value('BatchSize'), value('BatchTimeout')];
  const batch = size === undefined ? undefined : orderer.BatchSize.deserializeBinary(size);
  const timeoutMs =
    timeout === undefined ? undefined : durationMs(orderer.BatchTimeout.deserializeBinary(timeout).getTimeout());
  return {
    ...(batch !== undefined && {
      maxMessageCount: batch.getMaxMessageCount(),
      absoluteMaxBytes: batch.getAbsoluteMaxBytes(),
      preferredMaxBytes: batch.getPreferredMaxBytes(),
    }),
    ...(timeoutMs !== undefined && { batchTimeoutMs: timeoutMs }),
  };
}

const units: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/** A duration in Go's format: `2s`, `1m30s`, `20ms`. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0);
}
