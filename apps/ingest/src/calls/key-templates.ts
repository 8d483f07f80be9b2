import { CodedError } from '@medrex/coded-error';
import { isChaincodeName } from '@medrex/contracts';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { callTemplatesInvalid } from '../errors.ts';
import { ledgerKey } from './composite-key.ts';

/** How a call may touch a named key. */
export const callKeyModes = ['read', 'write', 'readWrite'] as const;

/** One key of a call, as the chaincode that owns it names it. */
export interface CallLedgerKey {
  /** Undefined for the called chaincode itself. */
  readonly chaincode?: string | undefined;
  readonly key: string;
  readonly mode: (typeof callKeyModes)[number];
}

const chaincodeName = z.string().refine(isChaincodeName, 'is not a chaincode name');
const keyTemplate = z.strictObject({
  key: z.union([z.string().min(1), z.array(z.string()).min(1)]),
  mode: z.enum(callKeyModes),
  chaincode: chaincodeName.optional(),
});
const templatesFile = z.record(chaincodeName, z.record(z.string().min(1), z.array(keyTemplate)));

type KeyTemplate = z.infer<typeof keyTemplate>;

const argument = /\{(\d{1,3})\}/g;

/**
 * The keys that each listed chaincode function touches, in terms of its arguments: `{0}` is the first argument, a list is a
 * composite key. A listed function is taken to touch exactly these keys.
 */
export class KeyTemplates {
  readonly #byChaincode: Readonly<Record<string, Readonly<Record<string, readonly KeyTemplate[]>>>>;

  constructor(byChaincode: KeyTemplates['byChaincode'] = {}) {
    this.#byChaincode = byChaincode;
  }

  get byChaincode(): Readonly<Record<string, Readonly<Record<string, readonly KeyTemplate[]>>>> {
    return this.#byChaincode;
  }

  /**
   * The keys of a call; undefined for a function without a template.
   * @returns the keys, or the number of arguments that the template needs when the call has fewer
   */
  keysOf(
    chaincode: string,
    fn: string,
    args: readonly string[],
  ): readonly CallLedgerKey[] | { needs: number } | undefined {
    const functions = own(this.#byChaincode, chaincode);
    const templates = functions === undefined ? undefined : own(functions, fn);
    if (templates === undefined) return undefined;
    const needs = Math.max(0, ...templates.flatMap(({ key }) => [key].flat().flatMap(placesIn)));
    if (needs > args.length) return { needs };
    const fill = (part: string): string => part.replace(argument, (_, place: string) => args[Number(place)] ?? '');
    return templates.map(({ key, ...rest }) => ({
      ...rest,
      key: ledgerKey(typeof key === 'string' ? fill(key) : key.map(fill)),
    }));
  }
}

/** Reads a file of templates. @throws CodedError CALL_TEMPLATES_INVALID, naming every invalid place */
export function readKeyTemplates(file: string | undefined): KeyTemplates {
  if (file === undefined) return new KeyTemplates();
  const invalid = (why: string): CodedError =>
    new CodedError(callTemplatesInvalid, `MEDREX_CALL_TEMPLATES: ${file} ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw invalid(error instanceof SyntaxError ? 'is not JSON' : 'cannot be read');
  }
  const parsed = templatesFile.safeParse(json);
  if (parsed.success) return new KeyTemplates(parsed.data);
  throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(root)'}: ${message}`).join('; '));
}

/** For each `{n}` in a part, the number of arguments that it needs (n + 1). */
const placesIn = (part: string): number[] => [...part.matchAll(argument)].map(([, place]) => Number(place) + 1);

const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
