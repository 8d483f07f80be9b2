import { KeyValueNetwork, NetworkClients } from '@medrex/fabric/testing/real-network';
import { RealNetwork, type RealNetworkOptions } from './real-network.ts';

/** A real Fabric network for one suite, with clients of the key-value contract. */
export class OwnFabric {
  readonly stack: RealNetwork;
  #opened:
    { readonly profile: string; readonly network: KeyValueNetwork; readonly clients: NetworkClients } | undefined;

  constructor(options: Omit<RealNetworkOptions, 'parts'>) {
    this.stack = new RealNetwork({ parts: ['fabric'], ...options });
  }

  async up(): Promise<void> {
    const profile = (await this.stack.up()).env['MEDREX_FABRIC_PROFILE'] ?? '';
    const network = await KeyValueNetwork.open(profile);
    this.#opened = { profile, network, clients: new NetworkClients(network, profile) };
  }

  get profile(): string {
    return this.#up.profile;
  }

  /** Closed after each test. */
  get clients(): NetworkClients {
    return this.#up.clients;
  }

  async remove(): Promise<void> {
    await this.#opened?.network.close();
    await this.stack.remove();
  }

  get #up() {
    if (this.#opened === undefined) throw new Error('the network is not up');
    return this.#opened;
  }
}
