import { ContractClient } from '@medrex/ledger/testing';
import { FabricLedger } from '../fabric-ledger.ts';
import type { FabricLedgerOptions } from '../fabric-options.ts';
import type { Profile } from '../profile/profile-schema.ts';
import { changedProfile } from './changed-profile.ts';
import type { KeyValueNetwork } from './key-value-network.ts';

/** Clients of a real network that has the chaincode of the ledger contract, closed together after each test. */
export class NetworkClients {
  readonly #network: KeyValueNetwork;
  readonly #profile: string;
  readonly #closing: (() => unknown)[] = [];

  constructor(network: KeyValueNetwork, profile: string) {
    this.#network = network;
    this.#profile = profile;
  }

  /** A client on a namespace of its own. */
  async open(): Promise<ContractClient> {
    const { ledger, chaincode, close } = await this.#network.ledger();
    this.closes(close);
    return this.on(ledger, chaincode);
  }

  /** A ledger on a modified profile. */
  async ledgerOn(
    change: (changed: Profile) => void,
    options: Partial<FabricLedgerOptions> = {},
  ): Promise<FabricLedger> {
    const { file, remove } = await changedProfile(this.#profile, change);
    this.closes(remove);
    const ledger = await FabricLedger.open({ profile: file, channel: this.#network.admin.channel, ...options });
    this.closes(() => ledger.close());
    return ledger;
  }

  /** A client of a chaincode through a ledger. */
  async on(ledger: FabricLedger, chaincode: string): Promise<ContractClient> {
    const client = await new ContractClient(ledger, chaincode, ledger.mspId).start();
    this.closes(() => client.stop());
    return client;
  }

  /** Registers something to close; the last one opened is closed first. */
  closes(close: () => unknown): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }
}
