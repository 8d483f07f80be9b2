import { Contract, JSONSerializer } from 'fabric-contract-api';
import { DataMarshall, type ShimMarshall } from './shim/shim-internals.ts';

/** A transaction function as the runtime describes it. */
export interface TransactionFunction {
  readonly name: string;
  /** Absent for functions that take any arguments as text. */
  readonly parameters?: readonly { readonly name: string; readonly schema: { readonly type?: string } }[];
}

interface Metadata {
  getMetadata(key: string, target: object): unknown;
  defineMetadata(key: string, value: unknown, target: object): void;
}

// fabric-contract-api includes reflect-metadata, which extends the global object.
const metadata = Reflect as unknown as Metadata;
const decorated = 'fabric:transactions';

/** The functions declared by decorators; undefined for a class without them, whose methods are all functions. */
export function decoratedFunctions(prototype: object): readonly TransactionFunction[] | undefined {
  const declared = metadata.getMetadata(decorated, prototype) as readonly TransactionFunction[] | undefined;
  return declared === undefined || declared.length === 0 ? undefined : declared;
}

export function describeFunctions(prototype: object, functions: readonly object[]): void {
  metadata.defineMetadata(decorated, functions, prototype);
}

/** The transaction functions of a class without decorators, found like the runtime does. */
export function methodsOf(prototype: object): TransactionFunction[] {
  const inherited = new Set(Object.getOwnPropertyNames(Contract.prototype));
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => !inherited.has(name) && !name.startsWith('_'))
    .flatMap((name) => {
      const value = (prototype as Readonly<Record<string, unknown>>)[name];
      return typeof value === 'function' ? [{ name, ...parametersOf(value.length) }] : [];
    });
}

function parametersOf(length: number): Pick<TransactionFunction, 'parameters'> {
  if (length <= 1) return {};
  const names = Array.from({ length: length - 1 }, (_, at) => `arg${at}`);
  return { parameters: names.map((name) => ({ name, schema: { type: 'string' } })) };
}

/**
 * Converts an operation's arguments for the function.
 * @throws Error with the runtime's message if they do not fit
 */
export function parametersFor(fn: TransactionFunction, args: readonly string[]): readonly unknown[] {
  const { parameters } = fn;
  if (parameters === undefined) return args;
  const isText = parameters.every(({ schema }) => schema.type === 'string');
  if (isText && parameters.length === args.length) return args;
  return marshall().handleParameters(
    fn,
    args.map((arg) => Buffer.from(arg)),
    '',
  );
}

let made: ShimMarshall | undefined;

function marshall(): ShimMarshall {
  const components = metadata.getMetadata('fabric:objects', globalThis) ?? {};
  made ??= new DataMarshall('jsonSerializer', { jsonSerializer: JSONSerializer }, components);
  return made;
}
