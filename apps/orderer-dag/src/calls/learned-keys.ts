import type { NamespaceKey, TouchedKey } from './touched-keys.ts';

/** A literal piece of a pattern, or the index of an argument. */
type Piece = string | number;

interface Pattern {
  readonly chaincode: string;
  readonly pieces: readonly Piece[];
  readonly mode: TouchedKey['mode'];
}

interface Learned {
  /** Patterns of keys that contain arguments, from the last call. */
  readonly fromArguments: readonly Pattern[];
  /** Keys of the last call without arguments, by chaincode and name; predicted once two consecutive calls touched them. */
  readonly constant: ReadonlyMap<string, TouchedKey & { readonly isRepeated: boolean }>;
}

/** Maximum functions remembered (least recently used dropped first), and maximum keys learned per call. */
const functionsMax = 1_000;
const keysMax = 64;

/**
 * Learns from endorsements how the keys of a function depend on its arguments: key `asset1` for the arguments `asset1, 5` becomes
 * "argument 0". A prediction only saves a second endorsement: missed keys are discovered, and superfluous keys only cause waiting.
 * Deterministic: the same calls in the same order give the same predictions.
 */
export class LearnedKeys {
  readonly #functions = new Map<string, Learned>();

  /** The keys that a call is expected to touch; undefined for an unknown function. */
  predict(chaincode: string, fn: string, args: readonly string[]): readonly TouchedKey[] | undefined {
    const learned = this.#functions.get(nameOf(chaincode, fn));
    if (learned === undefined) return undefined;
    const keys = new Map<string, TouchedKey>();
    for (const { chaincode: of, pieces, mode } of learned.fromArguments) {
      const key = fill(pieces, args);
      if (key !== undefined) keys.set(placeOf({ chaincode: of, key }), { chaincode: of, key, mode });
    }
    for (const [place, { isRepeated, ...key }] of learned.constant) if (isRepeated) keys.set(place, key);
    return [...keys.values()];
  }

  observe(chaincode: string, fn: string, args: readonly string[], touched: readonly TouchedKey[]): void {
    const name = nameOf(chaincode, fn);
    const before = this.#functions.get(name);
    const fromArguments: Pattern[] = [];
    const constant = new Map<string, TouchedKey & { readonly isRepeated: boolean }>();
    for (const one of touched.slice(0, keysMax)) {
      const pieces = piecesOf(one.key, args);
      const place = placeOf(one);
      if (pieces !== undefined) fromArguments.push({ chaincode: one.chaincode, pieces, mode: one.mode });
      else constant.set(place, { ...one, isRepeated: before?.constant.has(place) === true });
    }
    this.#functions.delete(name);
    this.#functions.set(name, { fromArguments, constant });
    const [oldest] = this.#functions.keys();
    if (this.#functions.size > functionsMax && oldest !== undefined) this.#functions.delete(oldest);
  }
}

const nameOf = (chaincode: string, fn: string): string => `${chaincode}\0${fn}`;
const placeOf = ({ chaincode, key }: NamespaceKey): string => `${chaincode}\0${key}`;

/**
 * The pattern of a key: each part of a composite key (separated by U+0000) that equals an argument, or else contains one, the longest
 * first. Undefined for a key that contains no argument.
 */
function piecesOf(key: string, args: readonly string[]): readonly Piece[] | undefined {
  const pieces = key
    .split('\0')
    .flatMap((part, at): Piece[] => [...(at === 0 ? [] : ['\0']), ...piecesOfPart(part, args)]);
  return pieces.some((piece) => typeof piece === 'number') ? pieces : undefined;
}

function piecesOfPart(part: string, args: readonly string[]): readonly Piece[] {
  if (part === '') return [];
  const whole = args.indexOf(part);
  if (whole >= 0) return [whole];
  let longest = -1;
  args.forEach((arg, at) => {
    if (arg !== '' && part.includes(arg) && arg.length > (args[longest]?.length ?? 0)) longest = at;
  });
  if (longest < 0) return [part];
  const arg = args[longest] as string;
  const start = part.indexOf(arg);
  return [part.slice(0, start), longest, part.slice(start + arg.length)];
}

function fill(pieces: readonly Piece[], args: readonly string[]): string | undefined {
  let key = '';
  for (const piece of pieces) {
    const text = typeof piece === 'string' ? piece : args[piece];
    if (text === undefined) return undefined;
    key += text;
  }
  return key;
}
