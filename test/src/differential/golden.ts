import type { BlockCutterLimits } from '@medrex/ledger';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Carried } from './carry-out.ts';
import type { History } from './history.ts';

/** Results of histories on real peers. `npm run record -- fabric-histories` regenerates them. */
export interface Golden {
  /** The recorded network, e.g. "Hyperledger Fabric 3.1.5". */
  readonly network: string;
  readonly date: string;
  readonly seed: number;
  readonly limits: BlockCutterLimits;
  readonly recorded: readonly { readonly history: History; readonly carried: Carried }[];
}

/** Folder of the recorded data. */
export const goldenFolder = fileURLToPath(new URL('../../golden/', import.meta.url));

export const goldenFiles = (): string[] => readdirSync(goldenFolder).filter((name) => name.endsWith('.json'));

export const readGolden = (file: string): Golden => JSON.parse(readFileSync(goldenFolder + file, 'utf8')) as Golden;
