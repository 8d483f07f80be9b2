import type { StateView } from '@medrex/ledger';
import { ChaincodeLink, type BatchOffer } from '../chaincode/chaincode-link.ts';
import type { Organisation } from '../identity/organisation.ts';
import { SigningIdentity } from '../identity/signing-identity.ts';
import { Height } from './height.ts';

/** A chaincode of the network and its address. */
export interface ChaincodePlace {
  readonly name: string;
  readonly address: string;
}

export interface PeerParts {
  readonly organisation: Organisation;
  readonly chaincodes: readonly ChaincodePlace[];
  readonly batches: BatchOffer | undefined;
  readonly height: number;
  readonly view: StateView;
  /** Delay with which this peer commits a block, in ms. */
  readonly lagMs: number;
}

/** An organisation's peer: serves the channel up to its own height, which may lag, and runs chaincodes at it. */
export class NetworkPeer {
  readonly mspId: string;
  readonly name: string;
  readonly identity: SigningIdentity;
  readonly height: Height;
  readonly #links: ReadonlyMap<string, ChaincodeLink>;
  #view: StateView;
  #lagMs: number;
  #isHeld = false;
  /** Blocks committed by the network but not yet by this peer. */
  #arrived: { readonly height: number; readonly view: StateView; readonly atMs: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor({ organisation, chaincodes, batches, height, view, lagMs }: PeerParts) {
    this.mspId = organisation.mspId;
    this.name = organisation.node.name;
    this.identity = new SigningIdentity(organisation.mspId, organisation.node.identity);
    this.height = new Height(height);
    this.#view = view;
    this.#lagMs = lagMs;
    this.#links = new Map(chaincodes.map(({ name, address }) => [name, new ChaincodeLink({ name, address, batches })]));
  }

  /** The state at this peer's height. */
  get view(): StateView {
    return this.#view;
  }

  link(chaincode: string): ChaincodeLink | undefined {
    return this.#links.get(chaincode);
  }

  /** Receives a committed block of the network. */
  receive(height: number, view: StateView): void {
    this.#arrived.push({ height, view, atMs: performance.now() });
    this.#advance();
  }

  /** Stops committing until `resume`, for tests of a lagging peer. */
  hold(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    this.#advance();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const link of this.#links.values()) link.close();
  }

  #advance(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const due = this.#isHeld ? 0 : this.#arrived.filter(({ atMs }) => atMs + this.#lagMs <= now).length;
    const last = this.#arrived.splice(0, due).at(-1);
    const next = this.#arrived[0];
    if (next !== undefined && !this.#isHeld) {
      this.#timer = setTimeout(() => this.#advance(), Math.ceil(next.atMs + this.#lagMs - now));
    }
    if (last === undefined) return;
    this.#view = last.view;
    this.height.rise(last.height);
  }
}
