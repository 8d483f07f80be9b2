import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { expectFree, isListening } from '../processes/ports.ts';

/** The command of the chaincode server; undefined for none. */
export function chaincodeCommand({ root, configuration, options }: Context): readonly string[] | undefined {
  if (options.chaincode === 'none') return undefined;
  if (options.chaincode !== 'default') return ['/bin/sh', '-c', `exec ${options.chaincode}`];
  const main = join(root, configuration.chaincode.main);
  return existsSync(main) ? [process.execPath, main] : undefined;
}

/** Starts the chaincode as a service on a port, under its package id. */
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
      CORE_CHAINCODE_LOGGING_LEVEL: 'error', // the default logs a line per call
      CORE_CHAINCODE_LOGGING_SHIM: 'error',
    };
    processes.start(name, command, args, { env, cwd: root });
  }
  await processes.ready(name, () => isListening(port), signal);
}
