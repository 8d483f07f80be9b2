import { FabricLedger } from '@medrex/fabric';
import { ChaincodeService } from '@medrex/fabric/testing';
import { keyValueChaincode } from '@medrex/ledger/testing/key-value-chaincode';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Network } from './carry-out.ts';
import { fabricNetwork } from './fabric-network.ts';
import { historyLimits, organisations } from './history.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');
const run = promisify(execFile);

/** A network of real peers, used for histories only, on separate ports. */
export class RealPeers {
  readonly network: Network;
  readonly #ledger: FabricLedger;
  readonly #service: ChaincodeService;
  readonly #folder: string;

  private constructor(folder: string, network: Network, ledger: FabricLedger, service: ChaincodeService) {
    this.#folder = folder;
    this.network = network;
    this.#ledger = ledger;
    this.#service = service;
  }

  /**
   * @param batchTimeoutMs BatchTimeout in ms; a round must be sent within half of it
   * @param offset port offset from the usual stack
   */
  static async up(batchTimeoutMs = historyLimits.batchTimeoutMs, offset = 3_000): Promise<RealPeers> {
    const folder = await mkdtemp(join(tmpdir(), 'medrex-histories-'));
    try {
      const { maxMessageCount, preferredMaxBytes, absoluteMaxBytes } = historyLimits;
      const size = `${maxMessageCount},${preferredMaxBytes / 1024} KB,${absoluteMaxBytes / 1024} KB`;
      const limits = ['--batch-timeout', `${batchTimeoutMs}ms`, '--block-size', size];
      const shape = ['--orgs', String(organisations.length), '--chaincode', 'none', '--offset', String(offset)];
      const up = ['up', '--only', 'fabric', ...shape, ...limits];
      const { env } = (await stack(folder, up)) as { env: { MEDREX_FABRIC_PROFILE: string } };
      const address = `127.0.0.1:${19_400 + offset}`;
      const deploy = ['chaincode', 'deploy', '--name', 'kv', '--address', address];
      const { packageId } = (await stack(folder, deploy)) as { packageId: string };
      const service = await ChaincodeService.start({ address, packageId, chaincode: keyValueChaincode() });
      const profile = env.MEDREX_FABRIC_PROFILE;
      const ledger = await FabricLedger.open({ profile, channel: 'ehr' });
      return new RealPeers(folder, await fabricNetwork(ledger, { profile, batchTimeoutMs }), ledger, service);
    } catch (error) {
      await down(folder);
      throw error;
    }
  }

  get label(): string {
    return this.#ledger.label;
  }

  async down(): Promise<void> {
    await this.#ledger.close();
    this.#service.close();
    await down(this.#folder);
  }
}

async function stack(folder: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(
    process.execPath,
    [join(root, 'tools', 'stack', 'dist', 'main.js'), ...args, '--dir', folder, '--json'],
    { cwd: root },
  );
  return JSON.parse(stdout);
}

async function down(folder: string): Promise<void> {
  await stack(folder, ['down', '--clean']);
  await rm(folder, { recursive: true, force: true });
}
