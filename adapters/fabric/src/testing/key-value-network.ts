import { randomBytes } from 'node:crypto';
import { freePort } from '@medrex/contracts/testing';
import type { BlockCutterLimits } from '@medrex/ledger';
import { keyValueChaincode, type LedgerUnderTest } from '@medrex/ledger/testing';
import { FabricLedger } from '../fabric-ledger.ts';
import type { FabricLedgerOptions } from '../fabric-options.ts';
import { chaincodePackage, type ChaincodePackage } from './chaincode-package.ts';
import { ChaincodeService } from './chaincode-service.ts';
import { NetworkAdmin } from './network-admin.ts';

/** A real network with the chaincode of the ledger contract, under as many names as needed. */
export class KeyValueNetwork {
  readonly admin: NetworkAdmin;
  readonly #profile: string;
  readonly #before: BlockCutterLimits;
  #pack: ChaincodePackage;
  #service: ChaincodeService;
  #now: string | undefined;

  private constructor(parts: {
    admin: NetworkAdmin;
    profile: string;
    before: BlockCutterLimits;
    pack: ChaincodePackage;
    service: ChaincodeService;
  }) {
    this.admin = parts.admin;
    this.#profile = parts.profile;
    this.#before = parts.before;
    this.#pack = parts.pack;
    this.#service = parts.service;
  }

  /** Starts the chaincode as a service and installs its package. */
  static async open(profile: string): Promise<KeyValueNetwork> {
    const admin = await NetworkAdmin.open(profile);
    const address = `127.0.0.1:${await freePort()}`;
    const pack = chaincodePackage('ledger-contract', address);
    const service = await ChaincodeService.start({ address, chaincode: keyValueChaincode(), packageId: pack.id });
    await admin.install(pack);
    const before = await cutterOf(profile, admin.channel);
    return new KeyValueNetwork({ admin, profile, before, pack, service });
  }

  get packageId(): string {
    return this.#pack.id;
  }

  /** A ledger on a new namespace, with blocks cut by these limits. */
  async ledger(
    limits?: BlockCutterLimits,
    options: Partial<FabricLedgerOptions> = {},
  ): Promise<LedgerUnderTest & { ledger: FabricLedger; chaincode: string }> {
    await this.#cutBy({ ...this.#before, batchTimeoutMs: 10, maxMessageCount: 500 });
    const chaincode = `kv-${randomBytes(6).toString('hex')}`;
    await this.admin.commit({ name: chaincode, packageId: this.#pack.id });
    if (limits !== undefined) await this.#cutBy(limits);
    const ledger = await FabricLedger.open({ profile: this.#profile, channel: this.admin.channel, ...options });
    return { ledger, chaincode, creator: ledger.mspId, close: () => ledger.close() };
  }

  /** Stops or restarts the chaincode. */
  async serve(isServed: boolean): Promise<void> {
    this.#service.close();
    if (isServed) this.#service = await this.#service.again();
  }

  async close(): Promise<void> {
    await this.#cutBy(this.#before);
    await this.admin.close();
    this.#service.close();
  }

  async #cutBy(limits: BlockCutterLimits): Promise<void> {
    const wanted = JSON.stringify(limits);
    if (wanted === this.#now) return;
    await this.admin.cutBlocksBy(limits);
    this.#now = wanted;
  }
}

async function cutterOf(profile: string, channel: string): Promise<BlockCutterLimits> {
  const ledger = await FabricLedger.open({ profile, channel });
  try {
    return (await ledger.cutterLimits()) as BlockCutterLimits;
  } finally {
    await ledger.close();
  }
}
