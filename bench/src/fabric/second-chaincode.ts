import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { chaincodePackage, NetworkAdmin } from '@medrex/fabric/testing';
import { freePort } from '../free-port.ts';

const main = resolve(import.meta.dirname, '..', '..', '..', 'apps', 'chaincode', 'bin', 'medrex-chaincode.js');

/** The clinical chaincode under a second name, which Medrex treats as a foreign chaincode. */
export class SecondChaincode {
  readonly name = 'alone';
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
  }

  static async deploy(profile: string): Promise<SecondChaincode> {
    const address = `127.0.0.1:${await freePort()}`;
    const pack = chaincodePackage('alone', address);
    const env = { ...process.env, CHAINCODE_SERVER_ADDRESS: address, CHAINCODE_ID: pack.id };
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    process.once('exit', () => child.kill()); // also when the benchmark is interrupted
    const failed = once(child, 'exit').then(() => {
      throw new Error('the second chaincode did not start');
    });
    failed.catch(() => undefined);
    await Promise.race([once(child.stdout, 'data'), failed]);
    child.stdout.resume();
    const second = new SecondChaincode(child);
    const admin = await NetworkAdmin.open(profile);
    try {
      await admin.install(pack);
      await admin.commit({ name: second.name, packageId: pack.id });
    } catch (error) {
      await second.stop();
      throw error;
    } finally {
      await admin.close();
    }
    return second;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }
}
