import { parse, parseKey } from '@medrex/pg-wire';
import type { Analysis } from '@medrex/sql';
import { leavesState, start } from '../state/leaves-state.ts';
import { notChecked, type CodeCheck, type DatabaseCode } from '../code/database-code.ts';
import type { Undo } from '../backend/expected-answers.ts';
import { mayReferToNames } from './names-in-sql.ts';

/** Constants that mean the moment at which their text is prepared: such a statement is never shared. */
const momentConstant = /'\s*(?:now|today|tomorrow|yesterday)\b/i;
/** Its rows are those of a cursor, which each client declares for itself in each transaction. */
const fetchPattern = new RegExp(`${start}fetch\\b`, 'i');

/** The prefix of statement names at the upstream. */
export const statementPrefix = 'medrex_';

/** A prepared statement that all clients with the same text and types share, under one name on every backend. */
export interface Statement {
  readonly name: string;
  /** Text and parameter types as in a Parse message; UTF-8 read as latin1. */
  readonly key: string;
  /** The settings by which it is read: they decide what names and constants in its text mean, and thus the types of its columns. */
  readonly interpretation: string;
  readonly leavesState: boolean;
  readonly codeCheck: CodeCheck;
  /** UTF-8 read as latin1. */
  readonly text: string;
  readonly isWhole: true;
  analysis: Analysis | undefined;
  /** Its rows may change shape: they are described when it runs, and `told` stays undefined. */
  readonly readsCursor: boolean;
  /** It may refer to prepared statements by name. */
  readonly mayReferToNames: boolean;
  /** Its description, the same on all backends that have it, once somebody has been told. */
  description: StatementDescription | undefined;
  /** How many clients' names mean it. */
  users: number;
}

/** What the server has said about a prepared statement. */
export interface StatementDescription {
  /** OIDs of its parameters, including those that its Parse leaves open. */
  readonly parameterTypes: readonly number[];
  /** The types of its parameters and the columns of its rows, as one string. */
  readonly shape: string;
  readonly hasRows: boolean;
}

/** Of one database: counts the changes of tables, views and types. */
export interface Shapes {
  version: number;
  /** What its functions and triggers may leave behind; undefined: the server cannot be asked. */
  readonly code?: DatabaseCode | undefined;
}

/** Limits for statements that no client names: their number and their total length in bytes. */
interface UnusedMax {
  readonly count: number;
  readonly bytes: number;
}

/** All statements of one pool, by reading and text. Those that no client names any more are forgotten first. */
export class Statements {
  readonly #byInterpretation = new Map<string, Map<string, Statement>>();
  readonly #unusedMax: UnusedMax;
  readonly #unused = new Set<Statement>();
  #unusedBytes = 0;
  #shapes: Shapes;
  #version = 0;
  #lastId = 0;
  /** A client of this pool has called currval or lastval: from now on it is tracked which sequences statements may advance. */
  tracksSequences = false;

  constructor(unusedMax: UnusedMax, shapes: Shapes = { version: 0 }) {
    this.#unusedMax = unusedMax;
    this.#shapes = shapes;
  }

  /** What functions and triggers of the database may leave behind. */
  get code(): DatabaseCode | undefined {
    return this.#shapes.code;
  }

  /** A number that changes with each known change of tables. */
  get version(): number {
    return this.#shapes.version;
  }

  /** In use until `release`. */
  use(key: string, interpretation = ''): Statement {
    this.#renew();
    const known = this.#byInterpretation.get(interpretation)?.get(key);
    const statement = known ?? this.#add(key, interpretation);
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

  /** The pool is at another server, about which nothing is known. */
  move(shapes: Shapes): void {
    this.#shapes = shapes;
    this.#forgetAll();
  }

  /**
   * Columns may have changed. The server tells those who have already prepared something; those who prepare from now on have seen nothing
   * yet.
   */
  tablesChanged(): void {
    this.#shapes.version++;
  }

  /** What was prepared before tables changed is not used for those who prepare the same text now. */
  #renew(): void {
    if (this.#version === this.#shapes.version) return;
    this.#forgetAll();
  }

  #forgetAll(): void {
    this.#version = this.#shapes.version;
    this.#byInterpretation.clear();
    this.#unused.clear();
    this.#unusedBytes = 0;
  }

  #add(key: string, interpretation: string): Statement {
    const name = `${statementPrefix}${++this.#lastId}`;
    const text = key.slice(0, key.indexOf('\0'));
    const readsCursor = fetchPattern.test(text);
    const statement: Statement = {
      name,
      key,
      interpretation,
      text,
      isWhole: true,
      leavesState: leavesState(key),
      readsCursor,
      mayReferToNames: mayReferToNames(text),
      codeCheck: notChecked(),
      analysis: undefined,
      description: undefined,
      users: 0,
    };
    if (!readsCursor && !momentConstant.test(text)) this.#share(statement);
    return statement;
  }

  #share(statement: Statement): void {
    const alike = this.#byInterpretation.get(statement.interpretation) ?? new Map<string, Statement>();
    this.#byInterpretation.set(statement.interpretation, alike.set(statement.key, statement));
  }

  #forget({ interpretation, key, name }: Statement): void {
    const alike = this.#byInterpretation.get(interpretation);
    if (alike?.get(key)?.name !== name) return;
    alike.delete(key);
    if (alike.size === 0) this.#byInterpretation.delete(interpretation);
  }
}

/**
 * As `key`, with the types by which its clients bind: a server keeps these for as long as a statement is prepared, even if the columns from
 * which they were derived have changed.
 */
export function keyWithDescribedTypes({
  key,
  text,
  description,
}: Pick<Statement, 'key' | 'text' | 'description'>): string {
  if (description === undefined || description.parameterTypes.length === 0) return key;
  const message = parse({ name: '', text, parameterTypes: description.parameterTypes });
  return parseKey(message, 0, message.length);
}

/** The types of its parameters, by OID; 0 where the Parse leaves them open. */
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
 * The shared statements, by upstream name, that one backend has prepared; limited in number, and the least recently used one is dropped.
 * Texts are not kept here: all backends together would keep far more than clients name.
 */
export class PreparedStatements {
  readonly #max: number;
  readonly #usedAt = new Map<string, number>();
  #uses = 0;
  /** By name, for statements whose Parse is outstanding. */
  readonly undos = new Map<string, Undo>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Marks it as used. True: the backend has it. */
  touch(name: string): boolean {
    if (!this.#usedAt.has(name)) return false;
    this.#usedAt.set(name, ++this.#uses);
    return true;
  }

  add(name: string): void {
    this.#usedAt.set(name, ++this.#uses);
  }

  /** Makes room for one more. @returns the statement that must be closed for it */
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

  /** All names but these. */
  except(names: readonly string[]): string[] {
    const gone = new Set(names);
    return this.all().filter((name) => !gone.has(name));
  }

  delete(name: string): void {
    this.undos.delete(name);
    this.#usedAt.delete(name);
  }

  /** After DISCARD ALL or DEALLOCATE ALL. */
  clear(): void {
    this.undos.clear();
    this.#usedAt.clear();
  }
}
