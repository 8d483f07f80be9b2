import type { Configuration, Ports } from './configuration.ts';
import type { Processes } from './processes/processes.ts';
import type { StateFile } from './state.ts';

/** The options of `up`, which are stored so that the next one needs no flags. */
export interface UpOptions {
  readonly ledger: 'fabric' | 'devnet' | 'both';
  readonly batchTimeout: string;
  /** Limits of a block as `messages,preferred bytes,absolute bytes`; empty for those of deploy/stack.json. */
  readonly blockSize: string;
  readonly organizations: number;
  /** Peers per organisation; those after the first are spares. */
  readonly peers: number;
  /** Whether peers and orderer require client certificates. */
  readonly isTlsMutual: boolean;
  readonly stateDatabase: 'goleveldb' | 'couchdb';
  /** Command line of the chaincode server; `default` for the one of this repository, `none` for none. */
  readonly chaincode: string;
  /** Offset of all ports. */
  readonly offset: number;
}

export const partNames = ['kafka', 'redis', 'postgres', 'fabric', 'devnet'] as const;
export type PartName = (typeof partNames)[number];

/** Passed to every part of the stack. */
export interface Context {
  readonly root: string;
  /** Folder of the stack: data, keys, logs, state. */
  readonly folder: string;
  /** Downloads, shared by all stacks of this user. */
  readonly cache: string;
  readonly configuration: Configuration;
  readonly ports: Ports;
  readonly options: UpOptions;
  readonly processes: Processes;
  readonly file: StateFile;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}
