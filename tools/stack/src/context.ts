import type { Configuration, Ports } from './configuration.ts';
import type { Processes } from './processes/processes.ts';
import type { StateFile } from './state.ts';

/** What `up` was asked for; kept, so that the next one needs no flags. */
export interface UpOptions {
  readonly ledger: 'fabric' | 'devnet' | 'both';
  readonly batchTimeout: string;
  /** `messages,preferred bytes,absolute bytes` of a block; empty for those of deploy/stack.json. */
  readonly blockSize: string;
  readonly organizations: number;
  /** Of each organisation; the ones after the first are its reserves. */
  readonly peers: number;
  /** Peers and orderer take clients with a certificate only. */
  readonly isTlsMutual: boolean;
  readonly stateDatabase: 'goleveldb' | 'couchdb';
  /** `default` is our own, `none` starts none, anything else is a command line. */
  readonly chaincode: string;
  /** How far all ports are moved. */
  readonly offset: number;
}

export const partNames = ['kafka', 'redis', 'postgres', 'fabric', 'devnet'] as const;
export type PartName = (typeof partNames)[number];

/** What every part of the stack needs to bring itself up. */
export interface Context {
  readonly root: string;
  /** The stack's own folder: data, keys, logs, state. */
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
