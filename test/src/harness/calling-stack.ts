import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FabricLedger } from '@medrex/fabric';
import { setsOf, type CommittedTransaction, type NamespaceSet } from '@medrex/ledger';
import type { AssetNetwork } from './asset-network.ts';
import { eventually } from './eventually.ts';
import { allBlocks } from './left-behind.ts';
import { Stack } from './stack.ts';

const intake = `${new URL('../../dist/harness/asset-calls-intake.js', import.meta.url).href}#assetCallsIntake`;

export interface CallingStackOptions {
  readonly network: AssetNetwork;
  /** Key templates by chaincode and function. */
  readonly templates?: object;
}

/** A call as written by its sender. */
export interface AssetCall {
  readonly chaincode: string;
  readonly function: string;
  readonly args: readonly string[];
  readonly keys?: readonly object[];
}

/** The services over a network with contracts like those of the samples, and access to the calls in its blocks. */
export class CallingStack {
  readonly stack: Stack;
  /** A client of the network, independent of the services. */
  readonly ledger: FabricLedger;
  readonly #network: AssetNetwork;
  readonly #folder: string;
  #sent = 0;

  private constructor(network: AssetNetwork, ledger: FabricLedger, stack: Stack, folder: string) {
    this.#network = network;
    this.ledger = ledger;
    this.stack = stack;
    this.#folder = folder;
  }

  static async start({ network, templates = {} }: CallingStackOptions): Promise<CallingStack> {
    const { profile, names } = network;
    const folder = mkdtempSync(join(tmpdir(), 'medrex-calls-'));
    const file = join(folder, 'templates.json');
    writeFileSync(file, JSON.stringify(templates));
    const ledger = await FabricLedger.open({ profile, channel: 'ehr' });
    const stack = await new Stack({
      MEDREX_LEDGER: 'fabric',
      MEDREX_FABRIC_PROFILE: profile,
      MEDREX_CHAINCODE: names.fused,
      MEDREX_INTAKE_CONTRACTS: intake,
      MEDREX_CALL_TEMPLATES: file,
    }).start();
    return new CallingStack(network, ledger, stack, folder);
  }

  /** Sends a call until it is accepted; returns the id of its operation. */
  async call(call: AssetCall): Promise<string> {
    const body = { source: 'urn:app', id: `call-${(this.#sent += 1)}`, ...call };
    const said = await eventually('a receipt', async () => {
      const answer = await this.stack.client.post('/v1/channels/ehr/transactions', body);
      return answer.status === 202 && answer.body;
    });
    return String(said['transactionId']);
  }

  ended(opId: string) {
    return eventually('an end', async () => {
      const status = await this.stack.client.status(opId);
      return status !== undefined && status.state !== 'pending' && status;
    });
  }

  /** The transactions of chaincodes in all blocks, in order. */
  async transactionsOf(...chaincodes: readonly string[]): Promise<readonly CommittedTransaction[]> {
    const blocks = await allBlocks(this.ledger);
    return blocks.flatMap(({ transactions }) => transactions.filter((one) => chaincodes.includes(one.chaincode)));
  }

  async close(): Promise<void> {
    await this.stack.remove();
    await this.ledger.close();
    await this.#network.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Number of transactions by validation code. Copies of an envelope that was sent again are ignored. */
export function codesOf(transactions: readonly CommittedTransaction[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { code } of transactions) if (code !== 'DUPLICATE_TXID') counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** The state of a chaincode from the last valid write of each key. */
export function stateIn(
  chaincode: string,
  transactions: readonly CommittedTransaction[],
): ReadonlyMap<string, Uint8Array> {
  const state = new Map<string, Uint8Array>();
  for (const one of transactions) {
    if (one.code !== 'VALID') continue;
    for (const { key, value } of setIn(chaincode, one)?.readWriteSet.writes ?? []) {
      if (value === undefined) state.delete(key);
      else state.set(key, value);
    }
  }
  return state;
}

/** The read-write set of a transaction in a chaincode, its own or a called one. */
const setIn = (chaincode: string, one: CommittedTransaction): NamespaceSet | undefined =>
  setsOf(one).find((set) => set.chaincode === chaincode);

/** The values of the assets of a chaincode. */
export function valuesIn(
  chaincode: string,
  transactions: readonly CommittedTransaction[],
): Readonly<Record<string, number>> {
  const values = [...stateIn(chaincode, transactions)].flatMap(([key, bytes]) => {
    const value = JSON.parse(Buffer.from(bytes).toString()) as { readonly AppraisedValue?: number };
    return value.AppraisedValue === undefined ? [] : [[key, value.AppraisedValue] as const];
  });
  return Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1)));
}
