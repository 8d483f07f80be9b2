import { IrisCursor } from './iris-cursor.ts';
import { IrisExpressionReader, type IrisExpressionReaderOptions } from './iris-expression-reader.ts';
import { irisTokens } from './iris-tokens.ts';

/**
 * Parses a query or a change in IRIS SQL and returns PostgreSQL SQL that does what IRIS would do: integer division yields fractions, NULL
 * sorts first, CAST truncates, texts compare by the collation of their column unless %EXACT is used. Written from the documentation of
 * IRIS, independently of the printer under test.
 */
export function postgresOfIris(
  sql: string,
  values: readonly (string | null)[] = [],
  exactColumns: ReadonlySet<string> = new Set(),
): string {
  const reader = new Reader(new IrisCursor(irisTokens(sql)), { values, exactColumns });
  const query = reader.statement();
  reader.expectEnd();
  return query;
}

const joins: readonly (readonly string[])[] = [
  ['INNER', 'JOIN'],
  ['LEFT', 'OUTER', 'JOIN'],
  ['RIGHT', 'OUTER', 'JOIN'],
  ['FULL', 'OUTER', 'JOIN'],
  ['CROSS', 'JOIN'],
];

class Reader {
  readonly #cursor: IrisCursor;
  readonly #expressions: IrisExpressionReader;

  constructor(cursor: IrisCursor, given: Pick<IrisExpressionReaderOptions, 'values' | 'exactColumns'>) {
    this.#cursor = cursor;
    this.#expressions = new IrisExpressionReader({ ...given, cursor, query: () => this.query() });
  }

  statement(): string {
    if (this.#cursor.take('INSERT')) return this.#insert();
    if (this.#cursor.take('UPDATE')) return this.#update();
    return this.#cursor.take('DELETE') ? this.#delete() : this.query();
  }

  /** INSERT OR UPDATE uses the only key, which is the first column in the test tables. */
  #insert(): string {
    const isUpsert = this.#cursor.take('OR');
    if (isUpsert) this.#cursor.expect('UPDATE');
    this.#cursor.expect('INTO');
    const head = `INSERT INTO ${this.#qualified()}`;
    if (this.#cursor.take('DEFAULT')) return this.#cursor.after('VALUES', () => `${head} DEFAULT VALUES`);
    const columns = this.#cursor.isNext('(')
      ? this.#cursor.inParentheses(() => this.#cursor.list(() => this.#cursor.name()))
      : '';
    const list = columns === '' ? '' : ` (${columns})`;
    const rows = this.#cursor.take('VALUES')
      ? `VALUES (${this.#cursor.inParentheses(() => this.#cursor.list(() => this.#expressions.expression()))})`
      : this.query();
    const [key = '', ...others] = columns.split(', ');
    const set = others.map((name) => `${name} = EXCLUDED.${name}`).join(', ');
    return `${head}${list} ${rows}${isUpsert ? ` ON CONFLICT (${key}) DO UPDATE SET ${set}` : ''}`;
  }

  #update(): string {
    const target = this.#aliased();
    this.#cursor.expect('SET');
    const set = this.#cursor.list(() => {
      const name = this.#cursor.name();
      this.#cursor.expect('=');
      return `${name} = ${this.#expressions.expression()}`;
    });
    const from = this.#cursor.take('FROM') ? ` FROM ${this.#cursor.list(() => this.#item())}` : '';
    return `UPDATE ${target} SET ${set}${from}${this.#where()}`;
  }

  #delete(): string {
    this.#cursor.take('%NOCHECK');
    this.#cursor.expect('FROM');
    const target = this.#aliased();
    const using = this.#cursor.take('FROM') ? ` USING ${this.#cursor.list(() => this.#item())}` : '';
    return `DELETE FROM ${target}${using}${this.#where()}`;
  }

  #where(): string {
    return this.#cursor.take('WHERE') ? ` WHERE ${this.#expressions.expression()}` : '';
  }

  #aliased(): string {
    const name = this.#qualified();
    return this.#cursor.take('AS') ? `${name} AS ${this.#cursor.name()}` : name;
  }

  #qualified(): string {
    let sql = this.#cursor.name();
    while (this.#cursor.take('.')) sql += `.${this.#cursor.name()}`;
    return sql;
  }

  query(): string {
    if (!this.#cursor.take('WITH')) return this.#union();
    const parts: string[] = [];
    do {
      const name = this.#cursor.name();
      this.#cursor.expect('AS');
      parts.push(`${name} AS (${this.#cursor.inParentheses(() => this.query())})`);
    } while (this.#cursor.take(','));
    return `WITH ${parts.join(', ')} ${this.#union()}`;
  }

  expectEnd(): void {
    if (this.#cursor.token.kind !== 'end') this.#cursor.fail('the end');
  }

  #union(): string {
    let sql = this.#branch();
    for (
      let word = this.#cursor.takeOne('UNION', 'INTERSECT', 'EXCEPT');
      word !== undefined;
      word = this.#cursor.takeOne('UNION', 'INTERSECT', 'EXCEPT')
    ) {
      sql += ` ${word}${this.#cursor.take('ALL') ? ' ALL' : ''} ${this.#branch()}`;
    }
    return sql;
  }

  #branch(): string {
    return this.#cursor.isNext('(') ? `(${this.#cursor.inParentheses(() => this.query())})` : this.#select();
  }

  #select(): string {
    this.#cursor.expect('SELECT');
    const distinct = this.#cursor.take('DISTINCT') ? 'DISTINCT ' : '';
    const top = this.#cursor.take('TOP') ? (this.#cursor.take('ALL') ? '' : ` LIMIT ${this.#cursor.next().text}`) : '';
    const list = this.#cursor.list(() => this.#target());
    const from = this.#cursor.take('FROM') ? ` FROM ${this.#cursor.list(() => this.#item())}` : '';
    const where = this.#where();
    const group = this.#cursor.take('GROUP')
      ? this.#cursor.after('BY', () => ` GROUP BY ${this.#cursor.list(() => this.#expressions.expression())}`)
      : '';
    const having = this.#cursor.take('HAVING') ? ` HAVING ${this.#expressions.expression()}` : '';
    const order = this.#expressions.order();
    const limit = this.#cursor.take('LIMIT') ? ` LIMIT ${this.#cursor.next().text}` : top;
    const offset = this.#cursor.take('OFFSET') ? ` OFFSET ${this.#cursor.next().text}` : '';
    return `SELECT ${distinct}${list}${from}${where}${group}${having}${order}${limit}${offset}`;
  }

  #target(): string {
    if (this.#cursor.take('*')) return '*';
    const sql = this.#expressions.expression();
    return this.#cursor.take('AS') ? `${sql} AS ${this.#cursor.name()}` : sql;
  }

  #item(): string {
    let sql = this.#source();
    for (let words = this.#joinWords(); words !== undefined; words = this.#joinWords()) {
      sql += ` ${words} ${this.#source()}`;
      if (this.#cursor.take('ON')) sql += ` ON ${this.#expressions.expression()}`;
      else if (this.#cursor.take('USING'))
        sql += ` USING (${this.#cursor.inParentheses(() => this.#cursor.list(() => this.#cursor.name()))})`;
    }
    return sql;
  }

  #joinWords(): string | undefined {
    const words = joins.find((each) => each.every((word, place) => this.#cursor.textAt(place) === word));
    for (const word of words ?? []) this.#cursor.expect(word);
    return words?.join(' ');
  }

  #source(): string {
    let sql = '';
    if (this.#cursor.isNext('(')) {
      sql = `(${this.#cursor.inParentheses(() => this.#queryOrItem())})`;
    } else {
      sql = this.#qualified();
    }
    return this.#cursor.take('AS') ? `${sql} AS ${this.#cursor.name()}` : sql;
  }

  /** A parenthesized query, or the first item of a join. */
  #queryOrItem(): string {
    const query = this.#cursor.tries(() => {
      const read = this.#isQuery() ? this.query() : undefined;
      return this.#cursor.isNext(')') ? read : undefined;
    });
    return query ?? this.#item();
  }

  /** Whether a query follows, or a parenthesized one with a set operation. */
  #isQuery(): boolean {
    let distance = 0;
    while (this.#cursor.textAt(distance) === '(') distance++;
    return this.#cursor.textAt(distance) === 'SELECT';
  }
}
