import type { DevelopmentNetwork, SignaturePolicy } from '@medrex/devnet';
import { resolve } from 'node:path';
import { interrupted } from '../terminal/interrupted.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { makeDataFolder } from './data-folder.ts';
import type { ChaincodeFlag } from './devnet-options.ts';

export interface DevnetFlags {
  readonly chaincode: readonly ChaincodeFlag[];
  readonly channel: string;
  readonly orgs: number;
  readonly policy?: string;
  readonly port: number;
  readonly batchTimeout: number;
  readonly maxMessageCount: number;
  readonly executeTimeout: number;
  readonly fabric: '3.1' | '2.5';
  readonly lag: Readonly<Record<string, number>>;
  readonly data?: string;
  readonly json: boolean;
}

/** `medrex devnet`: runs a development network until Ctrl-C. Returns the exit code. */
export async function devnet(flags: DevnetFlags): Promise<number> {
  // Imported here, as no other command needs it.
  const { DevelopmentNetwork, parsePolicy } = await import('@medrex/devnet');
  const policy = flags.policy === undefined ? undefined : policyFrom(flags.policy, parsePolicy);
  checkLags(flags);
  if (flags.data !== undefined) makeDataFolder(resolve(flags.data));
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  failed.catch(() => undefined);
  const signal = interrupted();
  const network = await DevelopmentNetwork.start(
    {
      chaincodes: flags.chaincode.map((chaincode) => (policy === undefined ? chaincode : { ...chaincode, policy })),
      channel: flags.channel,
      organisations: flags.orgs,
      port: flags.port,
      cutter: { batchTimeoutMs: flags.batchTimeout, maxMessageCount: flags.maxMessageCount },
      executeTimeoutMs: flags.executeTimeout,
      fabric: flags.fabric,
      lagMs: flags.lag,
      ...(flags.data === undefined ? {} : { directory: resolve(flags.data) }),
    },
    fail,
  );
  try {
    const missing = await network.missingChaincodes();
    console.log(flags.json ? JSON.stringify(summary(network, flags, missing)) : text(network, flags, missing));
    await Promise.race([aborted(signal), failed]);
    return 0;
  } finally {
    await network.close();
  }
}

function policyFrom(text: string, parse: (text: string) => SignaturePolicy): SignaturePolicy {
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function checkLags({ lag, orgs }: DevnetFlags): void {
  const known = Array.from({ length: orgs }, (_, at) => `Org${at + 1}MSP`);
  const unknown = Object.keys(lag).find((mspId) => !known.includes(mspId));
  if (unknown !== undefined) throw new UsageError(`--lag: there is no ${unknown}; known are ${known.join(', ')}`);
}

function summary(network: DevelopmentNetwork, flags: DevnetFlags, missing: readonly string[]): object {
  return {
    label: network.label,
    channel: network.channel,
    height: network.height,
    profile: network.profile,
    folder: network.folder,
    nodes: network.nodes,
    chaincodes: flags.chaincode.map((chaincode) => ({ ...chaincode, isConnected: !missing.includes(chaincode.name) })),
  };
}

function text(network: DevelopmentNetwork, flags: DevnetFlags, missing: readonly string[]): string {
  const chaincodes = flags.chaincode.map(({ name, address }) => [
    `chaincode ${name}`,
    `${address}${missing.includes(name) ? '  (does not answer yet; each proposal tries to connect again)' : '  (connected)'}`,
  ]);
  const rows = [
    ...network.nodes.map(({ name, mspId, address }) => [name, `${address}  ${mspId}`]),
    ['channel', `${network.channel}, ${network.height} blocks`],
    ...chaincodes,
    ['profile', network.profile],
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length));
  const lines = rows.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}`);
  const head = `The development network is up: ${network.label}; no number here is one of a Fabric network.`;
  return [head, '', ...lines, '', 'Press Ctrl-C to stop.'].join('\n');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
