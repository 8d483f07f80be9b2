import type { NamespaceKey, TouchedKey } from './touched-keys.ts';

/** One text of a pattern: itself, or an argument by its place. */
type Piece = string | number;

interface Pattern {
  readonly chaincode: string;
  readonly pieces: readonly Piece[];
  readonly mode: TouchedKey['mode'];
}

interface Learned {
  /** Keys that follow from the arguments, as the last call showed them. */
  readonly fromArguments: readonly Pattern[];
  /** Keys of the last call that hold no argument, by chaincode and name; predicted once two calls in a row touched them. */
  readonly constant: ReadonlyMap<string, TouchedKey & { readonly isRepeated: boolean }>;
}

/** Functions remembered, the longest unused forgotten first; keys of one call looked at. */
const functionsMax = 1_000;
const keysMax = 64;

/**
 * What the keys of a function's calls look like in terms of its arguments, learned from what was endorsed: `asset1` for the
 * arguments `asset1, 5` becomes "argument 0". A prediction only saves a second endorsement: what it misses is discovered, what it
 * names too much is waited for. The same calls in the same order always predict the same.
 */
export class LearnedKeys {
  readonly #functions = new Map<string, Learned>();

  /** The keys that a call is expected to touch; undefined when nothing is known of its function. */
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
 * A key in terms of the arguments: each part of a composite key (they stand between U+0000) that is an argument, or else the
 * longest argument that the part holds. Undefined for a key that holds none.
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
