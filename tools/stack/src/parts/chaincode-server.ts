import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { expectFree, isListening } from '../processes/ports.ts';

/** The command of the chaincode server that `up` runs; undefined when it shall run none. */
export function chaincodeCommand({ root, configuration, options }: Context): readonly string[] | undefined {
  if (options.chaincode === 'none') return undefined;
  if (options.chaincode !== 'default') return ['/bin/sh', '-c', `exec ${options.chaincode}`];
  const main = join(root, configuration.chaincode.main);
  return existsSync(main) ? [process.execPath, main] : undefined;
}

/** Starts the chaincode as a service on a port, under the package id that the peer knows it by. */
export async function startChaincodeServer(
  context: Context,
  name: string,
  port: number,
  packageId: string,
): Promise<void> {
  const { processes, root, signal } = context;
  const [command, ...args] = chaincodeCommand(context) ?? [];
  if (command === undefined) return;
  if (!processes.isAlive(name)) {
    await expectFree(name, [port]);
    const env = {
      CHAINCODE_ID: packageId,
      CHAINCODE_SERVER_ADDRESS: `127.0.0.1:${port}`,
      CORE_CHAINCODE_LOGGING_LEVEL: 'error', // the default writes a line for each call
      CORE_CHAINCODE_LOGGING_SHIM: 'error',
    };
    processes.start(name, command, args, { env, cwd: root });
  }
  await processes.ready(name, () => isListening(port), signal);
}
