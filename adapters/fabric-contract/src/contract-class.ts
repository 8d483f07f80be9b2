import type { Context, Contract } from 'fabric-contract-api';

/** A contract class in the form of fabric-contract-api's runtime: its constructor takes no arguments. */
// A mixin's constructor has to take any arguments: the language asks for it.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ContractClass = new (...args: any[]) => Contract;

/** What the runtime adds to a context, beyond its types. */
export interface RuntimeContext extends Context {
  setChaincodeStub(stub: Context['stub']): void;
  setClientIdentity(identity: Context['clientIdentity']): void;
}

/** Contract, with types corrected and completed. */
export interface RuntimeContract {
  getName(): string;
  createContext(): RuntimeContext;
  beforeTransaction(ctx: Context): Promise<void>;
  aroundTransaction(ctx: Context, fn: string, parameters: readonly unknown[]): Promise<unknown>;
  afterTransaction(ctx: Context, result: unknown): Promise<void>;
  unknownTransaction(ctx: Context): Promise<void>;
}
