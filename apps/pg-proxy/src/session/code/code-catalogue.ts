import { codeKinds, type CodeAnswer, type CodeIds, type CodeKind, type CodeObject } from './code-query.ts';

/** The code in a database, and what runs it, by names. */
export interface CodeRows {
  /** Names of PostgreSQL's own functions; the same array as long as they are the same. */
  readonly builtIn: readonly string[];
  /** Names of all other functions. */
  readonly functions: readonly string[];
  readonly relations: readonly string[];
  /** Sources of functions and procedures; and of views, policies, defaults and checks that call something which leaves state behind. */
  readonly sources: readonly (readonly [name: string, source: string])[];
  /** What runs code under its own name: a table its triggers, a view the functions in it. `*` stands for anything. */
  readonly uses: readonly (readonly [user: string, used: string])[];
}

/** OIDs of what an object depends on. */
interface Uses {
  readonly function: number[];
  readonly relation: number[];
}

interface Held {
  readonly object: CodeObject;
  readonly uses: Uses | undefined;
}

/** Rows are compared by transaction numbers of 32 bits: once half of that range has passed, nobody knows which of two is older. */
const numbersMax = 2 ** 30;
/** Commands that may fire event triggers; INTO stands for SELECT INTO. */
const definers = 'create alter drop comment grant revoke security import refresh reindex into'.split(' ');

const isSame = (one: Held, other: Held | undefined): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The code in a database's catalogue as it was last read; later only changes are read. */
export class CodeCatalogue {
  #of = '';
  #seen: number | undefined;
  #builtIn: readonly string[] = [];
  #anywhere: readonly number[] = [];
  #isOther = false;
  readonly #held = new Map<CodeKind, Map<number, Held>>(codeKinds.map((kind) => [kind, new Map<number, Held>()]));

  /** Transactions from this number on may have changed something; undefined: nothing is known. */
  get since(): number | undefined {
    return this.#seen;
  }

  /** Whether it has changed since the last call of `takeRows`. */
  get isOther(): boolean {
    return this.#isOther;
  }

  /** The next query asks for everything. */
  forget(): void {
    this.#seen = undefined;
  }

  /** False: everything must be asked for. */
  take(answer: CodeAnswer): boolean {
    const isWhole = answer.builtIn !== null;
    const passed = answer.seen - (this.#seen ?? 0);
    if (!isWhole && (answer.of !== this.#of || passed < 0 || passed > numbersMax)) return false;
    if (isWhole) for (const held of this.#held.values()) held.clear();
    this.#builtIn = answer.builtIn ?? this.#builtIn;
    this.#of = answer.of;
    this.#seen = answer.seen;
    const isElsewhere = answer.anywhere.join() !== this.#anywhere.join();
    this.#anywhere = answer.anywhere;
    this.#isOther ||= isWhole || isElsewhere;
    this.#hold(answer);
    return true;
  }

  #hold({ objects, uses }: CodeAnswer): void {
    const usesOf = new Map<string, Uses>();
    for (const [kind, id, used, usedId] of uses) {
      const key = `${kind} ${id}`;
      const known = usesOf.get(key) ?? { function: [], relation: [] };
      usesOf.set(key, known);
      // Dependencies repeat once for each column used, in any order.
      if (!known[used].includes(usedId)) known[used].push(usedId);
    }
    for (const object of objects) {
      const [kind, id] = object;
      const known = usesOf.get(`${kind} ${id}`);
      for (const ids of known === undefined ? [] : [known.function, known.relation])
        ids.sort((one, other) => one - other);
      const held = { object, uses: known };
      const ofKind = this.#held.get(kind);
      // A transaction that was running at the last reading may have ended since.
      this.#isOther ||= !isSame(held, ofKind?.get(id));
      ofKind?.set(id, held);
    }
  }

  /** Kinds of which some objects are gone, judged by the counts; undefined: there are more than are known, which cannot be. */
  gone(counts: readonly number[]): readonly CodeKind[] | undefined {
    const sizes = codeKinds.map((kind, at) => [kind, (this.#held.get(kind)?.size ?? 0) - (counts[at] ?? 0)] as const);
    if (sizes.some(([, more]) => more < 0)) return undefined;
    return sizes.flatMap(([kind, more]) => (more > 0 ? [kind] : []));
  }

  /** Keeps only these objects of the given kinds. */
  keep(ids: CodeIds): void {
    this.#isOther = true;
    for (const [kind, left] of Object.entries(ids) as [CodeKind, readonly number[]][]) {
      const ofKind = this.#held.get(kind);
      const kept = new Set(left);
      for (const id of ofKind?.keys() ?? []) if (!kept.has(id)) ofKind?.delete(id);
    }
  }

  /** Resolves OIDs to names. */
  takeRows(): CodeRows {
    this.#isOther = false;
    const names = { function: this.#namesOf('function'), relation: this.#namesOf('relation') };
    const sources: [string, string][] = [];
    const uses: [string, string][] = [];
    const use = (user: string, kind: keyof Uses, ids: readonly number[]): void => {
      for (const id of ids) {
        const used = names[kind].get(id);
        if (used !== undefined && used !== user) uses.push([user, used]);
      }
    };
    use('*', 'function', this.#anywhere);
    for (const held of this.#held.values())
      for (const { object, uses: depends } of held.values()) {
        const [kind, , relation, name, source, used] = object;
        // A domain belongs to no relation.
        const user = name ?? (relation === 0 ? '*' : names.relation.get(relation ?? 0));
        const users = kind === 'event' ? definers : user === undefined ? [] : [user];
        const usedKind = kind === 'trigger' || kind === 'event' ? 'function' : 'relation';
        for (const each of users) {
          if (source !== null) sources.push([each, source]);
          if (used !== null) use(each, usedKind, [used]);
          use(each, 'function', depends?.function ?? []);
          use(each, 'relation', depends?.relation ?? []);
        }
      }
    return {
      builtIn: this.#builtIn,
      sources,
      uses,
      functions: [...names.function.values()],
      relations: [...names.relation.values()],
    };
  }

  #namesOf(kind: CodeKind): Map<number, string> {
    const names = new Map<number, string>();
    for (const { object } of this.#held.get(kind)?.values() ?? [])
      if (object[3] !== null) names.set(object[1], object[3]);
    return names;
  }
}
