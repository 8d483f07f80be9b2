import { parse, parseKey } from '@medrex/pg-wire';
import type { Analysis } from '@medrex/sql';
import { leavesState, start } from '../left-behind/leaves-state.ts';
import { notLooked, type CodeLook, type UnseenCode } from '../code/unseen-code.ts';
import type { Undo } from '../backend/expected-answers.ts';
import { maySpeakOfNames } from './names-in-sql.ts';

/** Constants that mean the moment at which their text is prepared: each client has its own. */
const ofMoment = /'\s*(?:now|today|tomorrow|yesterday)\b/i;
/** Its rows are those of a cursor, which each client and each transaction declares for itself. */
const fetches = new RegExp(`${start}fetch\\b`, 'i');

/** What names of statements begin with at the upstream. */
export const statementPrefix = 'medrex_';

/** A prepared statement that all clients with the same text and types share, under one name on every backend. */
export interface Statement {
  readonly name: string;
  /** Text and parameter types as a Parse carries them, in latin1. */
  readonly key: string;
  /** By which settings it is read: what names and constants in its text mean, and so of what types its columns are. */
  readonly reading: string;
  readonly leavesState: boolean;
  readonly codeLook: CodeLook;
  /** In latin1. */
  readonly text: string;
  readonly isWhole: true;
  analysis: Analysis | undefined;
  /** Other rows are no fault: what it gives is told as it is run, and `told` stays undefined. */
  readonly ofCursor: boolean;
  /** It may speak of prepared statements by their names. */
  readonly speaksOfNames: boolean;
  /** What holds on all backends that have it, once somebody has been told. */
  told: Told | undefined;
  /** Names of clients that mean it. */
  users: number;
}

/** What the server has said of a prepared statement. */
export interface Told {
  /** OIDs of its parameters, those that its Parse leaves open among them. */
  readonly parameterTypes: readonly number[];
  /** How its parameters and rows look, as one word. */
  readonly shape: string;
  readonly hasRows: boolean;
}

/** Of one database: counts when tables, views and types there became others. */
export interface Shapes {
  version: number;
  /** What its functions and triggers may leave behind; undefined: the server is none that could be asked. */
  readonly code?: UnseenCode | undefined;
}

/** Of the statements that no client names: so many, and so long together. */
interface UnusedMax {
  readonly count: number;
  readonly bytes: number;
}

/** Every statement of one pool, by how it is read and by text. Those that no client names any more are forgotten first. */
export class Statements {
  readonly #byReading = new Map<string, Map<string, Statement>>();
  readonly #unusedMax: UnusedMax;
  readonly #unused = new Set<Statement>();
  #unusedBytes = 0;
  #shapes: Shapes;
  #version = 0;
  #lastId = 0;
  /** A client of this pool has asked for currval or lastval: from now on all are kept with what they may have advanced. */
  asksSequences = false;

  constructor(unusedMax: UnusedMax, shapes: Shapes = { version: 0 }) {
    this.#unusedMax = unusedMax;
    this.#shapes = shapes;
  }

  /** What functions and triggers of the database may leave behind. */
  get code(): UnseenCode | undefined {
    return this.#shapes.code;
  }

  /** Another number each time that tables became others, as far as it is known. */
  get version(): number {
    return this.#shapes.version;
  }

  /** Until `release`. */
  use(key: string, reading = ''): Statement {
    this.#renew();
    const known = this.#byReading.get(reading)?.get(key);
    const statement = known ?? this.#add(key, reading);
    statement.users++;
    if (this.#unused.delete(statement)) this.#unusedBytes -= statement.key.length;
    return statement;
  }

  release(statement: Statement): void {
    statement.users--;
    if (statement.users > 0) return;
    this.#unused.add(statement);
    this.#unusedBytes += statement.key.length;
    for (const oldest of this.#unused) {
      if (this.#unused.size <= this.#unusedMax.count && this.#unusedBytes <= this.#unusedMax.bytes) return;
      this.#unused.delete(oldest);
      this.#unusedBytes -= oldest.key.length;
      this.#forget(oldest);
    }
  }

  /** The pool is at another server, and nothing is known of that. */
  move(shapes: Shapes): void {
    this.#shapes = shapes;
    this.#forgetAll();
  }

  /** Columns may be others now. Who has prepared something already is told by the server; who prepares from now on has seen nothing yet. */
  reshaped(): void {
    this.#shapes.version++;
  }

  /** What was prepared before tables became others is not for those who prepare the same text now. */
  #renew(): void {
    if (this.#version === this.#shapes.version) return;
    this.#forgetAll();
  }

  #forgetAll(): void {
    this.#version = this.#shapes.version;
    this.#byReading.clear();
    this.#unused.clear();
    this.#unusedBytes = 0;
  }

  #add(key: string, reading: string): Statement {
    const name = `${statementPrefix}${++this.#lastId}`;
    const text = key.slice(0, key.indexOf('\0'));
    const state = leavesState(key);
    const ofCursor = fetches.test(text);
    const common = {
      isWhole: true,
      leavesState: state,
      ofCursor,
      speaksOfNames: maySpeakOfNames(text),
      codeLook: notLooked(),
      analysis: undefined,
      told: undefined,
      users: 0,
    } as const;
    const statement: Statement = { name, key, reading, text, ...common };
    if (!ofCursor && !ofMoment.test(text)) this.#share(statement);
    return statement;
  }

  #share(statement: Statement): void {
    const alike = this.#byReading.get(statement.reading) ?? new Map<string, Statement>();
    this.#byReading.set(statement.reading, alike.set(statement.key, statement));
  }

  #forget({ reading, key, name }: Statement): void {
    const alike = this.#byReading.get(reading);
    if (alike?.get(key)?.name !== name) return;
    alike.delete(key);
    if (alike.size === 0) this.#byReading.delete(reading);
  }
}

/**
 * As `key`, with the types that its clients bind by: a server keeps them for as long as a statement is prepared, whatever the columns
 * have become that they were guessed from.
 */
export function keyAsTold({ key, text, told }: Pick<Statement, 'key' | 'text' | 'told'>): string {
  if (told === undefined || told.parameterTypes.length === 0) return key;
  const message = parse({ name: '', text, parameterTypes: told.parameterTypes });
  return parseKey(message, 0, message.length);
}

/** Types of its parameters, by their OIDs; 0 where that is not said. */
export function parametersOf(key: string): number[] {
  const textEnd = key.indexOf('\0');
  const declared = Buffer.from(key.slice(textEnd + 1), 'latin1');
  const numbers = [...key.slice(0, textEnd).matchAll(/\$(\d{1,5})/g)].map(([, number]) => Number(number));
  const count = Math.max(declared.readUInt16BE(0), 0, ...numbers);
  return Array.from({ length: count }, (_, at) =>
    2 + 4 * at < declared.length ? declared.readUInt32BE(2 + 4 * at) : 0,
  );
}

/**
 * Which statements one backend has prepared, by our names; at most so many, the one used longest ago goes. The statements are not here: all
 * backends together would keep many more texts than anybody names.
 */
export class PreparedStatements {
  readonly #max: number;
  readonly #usedAt = new Map<string, number>();
  #uses = 0;
  /** Of those whose Parse is under way. */
  readonly undos = new Map<string, Undo>();

  constructor(max: number) {
    this.#max = max;
  }

  /** True when it is there. */
  touch(name: string): boolean {
    if (!this.#usedAt.has(name)) return false;
    this.#usedAt.set(name, ++this.#uses);
    return true;
  }

  add(name: string): void {
    this.#usedAt.set(name, ++this.#uses);
  }

  /** For one more. @returns the one that must be closed for it. */
  makeRoom(): string | undefined {
    if (this.#usedAt.size < this.#max) return undefined;
    const [oldest] = [...this.#usedAt].reduce((least, one) => (one[1] < least[1] ? one : least));
    this.delete(oldest);
    return oldest;
  }

  get size(): number {
    return this.#usedAt.size;
  }

  all(): string[] {
    return [...this.#usedAt.keys()];
  }

  /** All but these. */
  except(names: readonly string[]): string[] {
    const gone = new Set(names);
    return this.all().filter((name) => !gone.has(name));
  }

  delete(name: string): void {
    this.undos.delete(name);
    this.#usedAt.delete(name);
  }

  /** DISCARD ALL, DEALLOCATE ALL. */
  clear(): void {
    this.undos.clear();
    this.#usedAt.clear();
  }
}
