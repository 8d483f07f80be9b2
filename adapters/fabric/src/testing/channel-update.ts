import { randomBytes } from 'node:crypto';
import { common, orderer } from '@hyperledger/fabric-protos';
import type { BlockCutterLimits } from '@medrex/ledger';
import type { FabricIdentity } from '../identity/fabric-identity.ts';
import { signedEnvelope } from '../wire/envelope-message.ts';
import { headerOf } from '../wire/headers.ts';

/** A signed update of a channel's configuration that changes the limits of blocks. */
export function cutterUpdate(
  config: common.Config,
  limits: BlockCutterLimits,
  { channel, identity }: { readonly channel: string; readonly identity: FabricIdentity },
): { readonly envelope: Uint8Array } {
  const update = new common.ConfigUpdate();
  update.setChannelId(channel);
  update.setReadSet(groups(config, {}));
  update.setWriteSet(groups(config, valuesOf(limits)));
  const bytes = update.serializeBinary();
  const header = new common.SignatureHeader();
  header.setCreator(identity.creator);
  header.setNonce(randomBytes(24));
  const signature = new common.ConfigSignature();
  signature.setSignatureHeader(header.serializeBinary());
  signature.setSignature(identity.sign(Buffer.concat([header.serializeBinary(), bytes])));
  const signed = new common.ConfigUpdateEnvelope();
  signed.setConfigUpdate(bytes);
  signed.setSignaturesList([signature]);
  const type = common.HeaderType.CONFIG_UPDATE;
  const outer = headerOf({ type, channel, nowMs: Date.now() }, identity.creator, randomBytes(24));
  return { envelope: signedEnvelope(outer, signed.serializeBinary(), identity.sign).bytes };
}

function valuesOf(limits: BlockCutterLimits): Readonly<Record<string, Uint8Array>> {
  const size = new orderer.BatchSize();
  size.setMaxMessageCount(limits.maxMessageCount);
  size.setAbsoluteMaxBytes(limits.absoluteMaxBytes);
  size.setPreferredMaxBytes(Math.min(limits.preferredMaxBytes, limits.absoluteMaxBytes));
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout(`${limits.batchTimeoutMs}ms`);
  return { BatchSize: size.serializeBinary(), BatchTimeout: timeout.serializeBinary() };
}

/** The path to the orderers' values at their present versions, with new values at the next version. */
function groups(config: common.Config, values: Readonly<Record<string, Uint8Array>>): common.ConfigGroup {
  const channel = config.getChannelGroup() ?? new common.ConfigGroup();
  const standing = channel.getGroupsMap().get('Orderer') ?? new common.ConfigGroup();
  const inner = new common.ConfigGroup();
  inner.setVersion(standing.getVersion());
  for (const [name, bytes] of Object.entries(values)) {
    const before = standing.getValuesMap().get(name);
    const value = new common.ConfigValue();
    value.setVersion((before?.getVersion() ?? 0) + 1);
    value.setModPolicy(before?.getModPolicy() ?? 'Admins');
    value.setValue(bytes);
    inner.getValuesMap().set(name, value);
  }
  const outer = new common.ConfigGroup();
  outer.setVersion(channel.getVersion());
  outer.getGroupsMap().set('Orderer', inner);
  return outer;
}
