import { randomBytes } from 'node:crypto';
import {
  loadTranslator,
  PlainClient,
  runSetup,
  seededRandom,
  type Load,
  type LoadMessage,
  type PlainOperation,
  type SideResult,
} from '@medrex/cli';
import { FabricLedger } from '@medrex/fabric';
import type { PatientVault } from '@medrex/privacy';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';
import type { BenchNetwork } from '../fabric/bench-network.ts';
import { GatewayClient } from '../fabric/gateway-client.ts';

export const channel = 'ehr';
/** Transactions in flight; the gateway of a peer allows 500. */
const concurrency = 256;

export interface GatewayOptions {
  readonly seconds: number;
  readonly retries: number;
  readonly seed: number;
}

/** Runs a load through Fabric's gateway client, with a separate vault so that clients share no keys. */
export async function gatewaySide(network: BenchNetwork, load: Load, options: GatewayOptions): Promise<SideResult> {
  const vault = new InMemoryPatientVault({ random: randomBytes });
  const translate = await loadTranslator(vault, channel);
  return withGateway(network, async (ledger, gateway) => {
    await runSetup(ledger, load.setup, translate);
    const operations: PlainOperation[] = [];
    for (const { atMs, message } of load.stream())
      for (const item of await translate(message)) operations.push({ atMs, item });
    return clientOf(ledger, gateway, options).run(operations, options.seconds);
  });
}

/**
 * A foreign writer that writes each resource of a load `perSecond` times per second, and retries until each write is VALID. With the
 * vault of the measured client it writes the same keys.
 */
export class ForeignSide {
  readonly #network: BenchNetwork;
  readonly #operations: readonly PlainOperation[];
  readonly #seconds: number;
  #running: Promise<SideResult> | undefined;

  private constructor(network: BenchNetwork, operations: readonly PlainOperation[], seconds: number) {
    this.#network = network;
    this.#operations = operations;
    this.#seconds = seconds;
  }

  static async of(
    network: BenchNetwork,
    vault: PatientVault,
    {
      setup,
      perSecond,
      seconds,
    }: { readonly setup: readonly LoadMessage[]; readonly perSecond: number; readonly seconds: number },
  ): Promise<ForeignSide> {
    const translate = await loadTranslator(vault, channel);
    const operations: PlainOperation[] = [];
    const everyMs = 1_000 / (perSecond * setup.length);
    for (let write = 0; write * everyMs < seconds * 1_000; write += 1) {
      const message = setup[write % setup.length];
      if (message === undefined) break;
      const again = { ...message, id: `foreign-${write}-${message.id}`, time: new Date().toISOString() };
      for (const item of await translate(again)) operations.push({ atMs: write * everyMs, item });
    }
    return new ForeignSide(network, operations, seconds);
  }

  /** Starts; later calls do nothing. */
  begin(): void {
    this.#running ??= withGateway(this.#network, (ledger, gateway) =>
      clientOf(ledger, gateway, { seconds: this.#seconds, retries: 50, seed: 1 }).run(this.#operations, this.#seconds),
    );
  }

  ended(): Promise<SideResult> {
    this.begin();
    return this.#running as Promise<SideResult>;
  }
}

function clientOf(
  ledger: FabricLedger,
  gateway: GatewayClient,
  { seconds, retries, seed }: GatewayOptions,
): PlainClient {
  const name = retries === 0 ? 'gateway client' : `retrying gateway client (${retries})`;
  return new PlainClient({
    name,
    ledger: gateway,
    blocks: ledger,
    chaincode: 'medrex',
    retries,
    concurrency,
    random: seededRandom(seed),
    signal: AbortSignal.timeout(3_000 * seconds),
  });
}

async function withGateway<T>(
  network: BenchNetwork,
  work: (ledger: FabricLedger, gateway: GatewayClient) => Promise<T>,
): Promise<T> {
  const ledger = await FabricLedger.open({ profile: network.profile, channel });
  const gateway = new GatewayClient(network.profile, channel, 'medrex');
  try {
    return await work(ledger, gateway);
  } finally {
    await gateway.close();
    await ledger.close();
  }
}
