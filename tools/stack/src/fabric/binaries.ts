import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { stackError } from '../errors.ts';
import { findProgram } from '../processes/find-program.ts';

const names = ['peer', 'orderer', 'configtxgen', 'cryptogen', 'osnadmin'] as const;

/** Paths of Fabric's programs, and the folder of their `core.yaml` and `orderer.yaml`. */
export type Binaries = Readonly<Record<(typeof names)[number], string>> & { readonly config: string };

const howToGet =
  "They come in Fabric's release archive for your system (bin/ and config/): either unpack it yourself, or use the install script of\n" +
  'fabric-samples ("install-fabric.sh binary"). Then put its bin/ on PATH, or name that folder in FABRIC_BIN.\n' +
  'Without them: npm run stack -- up --ledger devnet, the development network (a model of Fabric) in their place.';

export const missingBinaries = (): readonly string[] => names.filter((name) => find(name) === undefined);

export function findBinaries(): Binaries {
  const missing = missingBinaries();
  const where = process.env['FABRIC_BIN'] === undefined ? 'on PATH' : `in FABRIC_BIN (${process.env['FABRIC_BIN']})`;
  if (missing.length > 0)
    throw stackError('missing', `fabric: not found ${where}: ${missing.join(', ')}.\n${howToGet}`);
  const found = Object.fromEntries(names.map((name) => [name, find(name) ?? ''])) as Record<
    (typeof names)[number],
    string
  >;
  return { ...found, config: sampleConfig(found.peer) };
}

function find(name: string): string | undefined {
  const folder = process.env['FABRIC_BIN'];
  return findProgram(name, folder === undefined || folder === '' ? undefined : [resolve(folder)]);
}

function sampleConfig(peer: string): string {
  const given = process.env['FABRIC_CFG_PATH'];
  const beside = join(dirname(realpathSync(peer)), '..', 'config');
  const folder = [given, beside].find(
    (path): path is string =>
      path !== undefined && existsSync(join(path, 'core.yaml')) && existsSync(join(path, 'orderer.yaml')),
  );
  if (folder === undefined)
    throw stackError(
      'missing',
      `fabric: no core.yaml and orderer.yaml in ${given === undefined ? '' : `FABRIC_CFG_PATH (${given}) or `}${beside}.\n${howToGet}`,
    );
  return resolve(folder);
}
