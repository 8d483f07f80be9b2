import { asRegex, calls, extreme, inOrder, jsonOf, literal, sameRows, types } from './iris-functions.ts';
import { irisTokens, type IrisToken } from './iris-tokens.ts';

/**
 * Reads a query or a change in the SQL of IRIS and says in PostgreSQL's what IRIS would do with it: integers divide into fractions, NULL
 * sorts below everything, CAST cuts fractions off, text compares by the collation of its column unless %EXACT says otherwise.
 * Written from the documentation of IRIS, not from the printer that it judges.
 */
export function postgresOfIris(
  sql: string,
  values: readonly (string | null)[] = [],
  exactColumns: ReadonlySet<string> = new Set(),
): string {
  const reader = new Reader(irisTokens(sql), values, exactColumns);
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
  readonly #tokens: readonly IrisToken[];
  readonly #values: readonly (string | null)[];
  readonly #exactColumns: ReadonlySet<string>;
  #at = 0;
  #places = 0;

  constructor(tokens: readonly IrisToken[], values: readonly (string | null)[], exactColumns: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#values = values;
    this.#exactColumns = exactColumns;
  }

  statement(): string {
    if (this.#take('INSERT')) return this.#insert();
    if (this.#take('UPDATE')) return this.#update();
    return this.#take('DELETE') ? this.#delete() : this.query();
  }

  /** INSERT OR UPDATE goes by the one key there is; here it is the first column. */
  #insert(): string {
    const isUpsert = this.#take('OR');
    if (isUpsert) this.#expect('UPDATE');
    this.#expect('INTO');
    const head = `INSERT INTO ${this.#qualified()}`;
    if (this.#take('DEFAULT')) return this.#after('VALUES', () => `${head} DEFAULT VALUES`);
    const columns = this.#isNext('(') ? this.#inParentheses(() => this.#list(() => this.#name())) : '';
    const list = columns === '' ? '' : ` (${columns})`;
    const rows = this.#take('VALUES')
      ? `VALUES (${this.#inParentheses(() => this.#list(() => this.#expression()))})`
      : this.query();
    const [key = '', ...others] = columns.split(', ');
    const set = others.map((name) => `${name} = EXCLUDED.${name}`).join(', ');
    return `${head}${list} ${rows}${isUpsert ? ` ON CONFLICT (${key}) DO UPDATE SET ${set}` : ''}`;
  }

  #update(): string {
    const target = this.#aliased();
    this.#expect('SET');
    const set = this.#list(() => {
      const name = this.#name();
      this.#expect('=');
      return `${name} = ${this.#expression()}`;
    });
    const from = this.#take('FROM') ? ` FROM ${this.#list(() => this.#item())}` : '';
    return `UPDATE ${target} SET ${set}${from}${this.#where()}`;
  }

  #delete(): string {
    this.#take('%NOCHECK');
    this.#expect('FROM');
    const target = this.#aliased();
    const using = this.#take('FROM') ? ` USING ${this.#list(() => this.#item())}` : '';
    return `DELETE FROM ${target}${using}${this.#where()}`;
  }

  #where(): string {
    return this.#take('WHERE') ? ` WHERE ${this.#expression()}` : '';
  }

  #aliased(): string {
    const name = this.#qualified();
    return this.#take('AS') ? `${name} AS ${this.#name()}` : name;
  }

  #qualified(): string {
    let sql = this.#name();
    while (this.#take('.')) sql += `.${this.#name()}`;
    return sql;
  }

  query(): string {
    if (!this.#take('WITH')) return this.#union();
    const parts: string[] = [];
    do {
      const name = this.#name();
      this.#expect('AS');
      parts.push(`${name} AS (${this.#inParentheses(() => this.query())})`);
    } while (this.#take(','));
    return `WITH ${parts.join(', ')} ${this.#union()}`;
  }

  expectEnd(): void {
    if (this.#token.kind !== 'end') this.#fail('the end');
  }

  #union(): string {
    let sql = this.#branch();
    for (
      let word = this.#takeOne('UNION', 'INTERSECT', 'EXCEPT');
      word !== undefined;
      word = this.#takeOne('UNION', 'INTERSECT', 'EXCEPT')
    ) {
      sql += ` ${word}${this.#take('ALL') ? ' ALL' : ''} ${this.#branch()}`;
    }
    return sql;
  }

  #branch(): string {
    return this.#isNext('(') ? `(${this.#inParentheses(() => this.query())})` : this.#select();
  }

  #select(): string {
    this.#expect('SELECT');
    const distinct = this.#take('DISTINCT') ? 'DISTINCT ' : '';
    const top = this.#take('TOP') ? (this.#take('ALL') ? '' : ` LIMIT ${this.#next().text}`) : '';
    const list = this.#list(() => this.#target());
    const from = this.#take('FROM') ? ` FROM ${this.#list(() => this.#item())}` : '';
    const where = this.#where();
    const group = this.#take('GROUP')
      ? this.#after('BY', () => ` GROUP BY ${this.#list(() => this.#expression())}`)
      : '';
    const having = this.#take('HAVING') ? ` HAVING ${this.#expression()}` : '';
    const order = this.#order();
    const limit = this.#take('LIMIT') ? ` LIMIT ${this.#next().text}` : top;
    const offset = this.#take('OFFSET') ? ` OFFSET ${this.#next().text}` : '';
    return `SELECT ${distinct}${list}${from}${where}${group}${having}${order}${limit}${offset}`;
  }

  #order(): string {
    if (!this.#take('ORDER')) return '';
    this.#expect('BY');
    return ` ORDER BY ${this.#list(() => {
      const read = this.#expression();
      const key = this.#isExact(read) && !read.startsWith('CASE') ? inOrder(read) : read;
      return this.#take('DESC') ? `${key} DESC NULLS LAST` : `${key} ASC NULLS FIRST`;
    })}`;
  }

  #target(): string {
    if (this.#take('*')) return '*';
    const sql = this.#expression();
    return this.#take('AS') ? `${sql} AS ${this.#name()}` : sql;
  }

  #item(): string {
    let sql = this.#source();
    for (let words = this.#joinWords(); words !== undefined; words = this.#joinWords()) {
      sql += ` ${words} ${this.#source()}`;
      if (this.#take('ON')) sql += ` ON ${this.#expression()}`;
      else if (this.#take('USING')) sql += ` USING (${this.#inParentheses(() => this.#list(() => this.#name()))})`;
    }
    return sql;
  }

  #joinWords(): string | undefined {
    const words = joins.find((each) => each.every((word, place) => this.#tokens[this.#at + place]?.text === word));
    if (words === undefined) return undefined;
    this.#at += words.length;
    return words.join(' ');
  }

  #source(): string {
    let sql = '';
    if (this.#isNext('(')) {
      sql = `(${this.#inParentheses(() => this.#queryOrItem())})`;
    } else {
      sql = this.#qualified();
    }
    return this.#take('AS') ? `${sql} AS ${this.#name()}` : sql;
  }

  /** What begins as a query may be the first of a join. */
  #queryOrItem(): string {
    const [at, places] = [this.#at, this.#places];
    if (this.#isQuery()) {
      const query = this.query();
      if (this.#isNext(')')) return query;
      [this.#at, this.#places] = [at, places];
    }
    return this.#item();
  }

  /** A query, or one in parentheses with another beside it. */
  #isQuery(): boolean {
    let at = this.#at;
    while (this.#tokens[at]?.text === '(') at++;
    return this.#tokens[at]?.text === 'SELECT';
  }

  #expression(): string {
    return this.#chain('OR', () => this.#chain('AND', () => this.#not()));
  }

  #chain(word: string, next: () => string): string {
    const parts = [next()];
    while (this.#take(word)) parts.push(next());
    return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(` ${word} `)})`;
  }

  #not(): string {
    return this.#take('NOT') ? `(NOT ${this.#not()})` : this.#comparison();
  }

  #comparison(): string {
    const left = this.#sum();
    const operator = this.#takeOne('=', '<>', '<=', '>=', '<', '>');
    if (operator !== undefined) {
      const word = this.#takeOne('ANY', 'ALL');
      return word === undefined
        ? this.#compared(left, operator, this.#sum())
        : `(${left} ${operator} ${word} (${this.#inParentheses(() => this.query())}))`;
    }
    if (this.#take('IS')) {
      const not = this.#take('NOT') ? 'NOT ' : '';
      this.#expect('NULL');
      return `(${left} IS ${not}NULL)`;
    }
    return this.#wordTest(left, this.#take('NOT') ? 'NOT ' : '');
  }

  #compared(left: string, operator: string, right: string): string {
    const isOrder = operator !== '=' && operator !== '<>' && [left, right].some((side) => this.#isExact(side));
    return isOrder ? `(${inOrder(left)} ${operator} ${inOrder(right)})` : `(${left} ${operator} ${right})`;
  }

  #isExact(side: string): boolean {
    const column = /^(?:"\w+"\.)?"(\w+)"$/.exec(side)?.[1];
    return /^(\(\(|CASE ).*COLLATE "C"\)( END)?$/s.test(side) || this.#exactColumns.has(column ?? '');
  }

  #wordTest(left: string, not: string): string {
    if (this.#take('IN')) {
      const inner = this.#inParentheses(() =>
        this.#isNext('SELECT') ? this.query() : this.#list(() => this.#expression()),
      );
      return `(${left} ${not}IN (${inner}))`;
    }
    if (this.#take('BETWEEN')) {
      const low = this.#sum();
      this.#expect('AND');
      const high = this.#sum();
      const sides = [left, low, high].some((side) => this.#isExact(side))
        ? [left, low, high].map(inOrder)
        : [left, low, high];
      return `(${sides[0] ?? ''} ${not}BETWEEN ${sides[1] ?? ''} AND ${sides[2] ?? ''})`;
    }
    if (this.#take('LIKE')) return this.#like(left, not);
    if (this.#take('%PATTERN')) return `(${left} ~ ${literal(`^${asRegex(this.#next().text)}$`)})`;
    if (this.#take('%INLIST')) {
      // Whatever has been changed of it since: a row keeps its %ID in IRIS.
      if (left.endsWith('ctid')) return `(${left} = ANY (${sameRows(left, this.#place())}))`;
      return `(${left} = ANY (${this.#place()}))`;
    }
    return left;
  }

  /** By the collation of what stands on the left: case does not count unless it is exact. Nothing escapes without ESCAPE. */
  #like(left: string, not: string): string {
    const pattern = this.#sum();
    const escape = this.#take('ESCAPE') ? this.#sum() : "''";
    const [text, like] = this.#isExact(left) ? [left, pattern] : [`upper((${left}) COLLATE "C")`, `upper(${pattern})`];
    return `(${text} ${not}LIKE ${like} ESCAPE ${escape})`;
  }

  #sum(): string {
    let sql = this.#product();
    for (let sign = this.#takeOne('+', '-', '||'); sign !== undefined; sign = this.#takeOne('+', '-', '||')) {
      sql = `(${sql} ${sign} ${this.#product()})`;
    }
    return sql;
  }

  #product(): string {
    let sql = this.#unary();
    for (let sign = this.#takeOne('*', '/', '\\'); sign !== undefined; sign = this.#takeOne('*', '/', '\\')) {
      const right = this.#unary();
      if (sign === '*') sql = `(${sql} * ${right})`;
      else if (sign === '/') sql = `((${sql})::numeric / ${right})`;
      else sql = `div((${sql})::numeric, ${right})`;
    }
    return sql;
  }

  #unary(): string {
    if (!this.#take('-')) return this.#primary();
    const operand = this.#unary();
    return /^\(*(?:'|NULL)/.test(operand) ? `(- (${operand})::numeric)` : `(- ${operand})`; // a parameter: text here, a number there
  }

  #primary(): string {
    const token = this.#token;
    if (token.kind === 'text') return literal(this.#next().text);
    if (token.kind === 'number') return this.#next().text;
    if (token.kind === 'place') return this.#place();
    if (this.#isNext('(')) {
      return `(${this.#inParentheses(() => (this.#isNext('SELECT') ? this.query() : this.#expression()))})`;
    }
    if (this.#take('{')) {
      this.#expect('FN');
      const call = this.#call(this.#next().text);
      this.#expect('}');
      return call;
    }
    if (token.kind === 'name') return this.#reference();
    return this.#word();
  }

  #word(): string {
    if (this.#take('NULL')) return 'NULL';
    if (this.#take('CASE')) return this.#case();
    if (this.#take('EXISTS')) return `EXISTS (${this.#inParentheses(() => this.query())})`;
    if (this.#take('CAST')) return this.#inParentheses(() => this.#cast());
    if (this.#take('CURRENT_TIMESTAMP')) {
      const digits = this.#isNext('(') ? `(${this.#inParentheses(() => this.#next().text)})` : '(0)';
      return `LOCALTIMESTAMP${digits}`;
    }
    if (this.#take('CURRENT_TIME')) return 'LOCALTIME(0)';
    if (this.#take('CURRENT_DATE')) return 'CURRENT_DATE';
    const name = this.#token.text;
    if (this.#tokens[this.#at + 1]?.text !== '(') return this.#reference();
    this.#at++;
    return this.#call(name);
  }

  #reference(): string {
    let sql = this.#name();
    while (this.#take('.')) sql += this.#take('*') ? '.*' : `.${this.#name()}`;
    return sql;
  }

  #case(): string {
    let sql = 'CASE';
    if (!this.#isNext('WHEN')) sql += ` ${this.#expression()}`;
    while (this.#take('WHEN')) {
      sql += ` WHEN ${this.#expression()}`;
      this.#expect('THEN');
      sql += ` THEN ${this.#expression()}`;
    }
    if (this.#take('ELSE')) sql += ` ELSE ${this.#expression()}`;
    this.#expect('END');
    return `${sql} END`;
  }

  #cast(): string {
    const value = this.#expression();
    this.#expect('AS');
    const name = this.#next().text;
    const size = this.#isNext('(') ? `(${this.#inParentheses(() => this.#list(() => this.#next().text))})` : '';
    if (['INTEGER', 'BIGINT', 'SMALLINT'].includes(name)) return `trunc((${value})::numeric)::${name}`;
    if (name === 'VARCHAR' || name === 'CHAR') return `left((${value})::text, ${size === '' ? '(1)' : size})`;
    return `(${value})::${types[name] ?? name}${name === 'NUMERIC' ? size : ''}`;
  }

  #call(name: string): string {
    if (name === 'TRIM') return this.#inParentheses(() => this.#trim());
    if (name === 'POSITION') return this.#inParentheses(() => this.#position());
    if (name === 'JSON_OBJECT' || name === 'JSON_ARRAY') return this.#json(name === 'JSON_OBJECT');
    const [distinct, args] = this.#inParentheses(
      () => [this.#take('DISTINCT') ? 'DISTINCT ' : '', this.#arguments()] as const,
    );
    const isExtreme = (name === 'MIN' || name === 'MAX') && args[0]?.includes('COLLATE "C"') === true;
    if (isExtreme && !this.#isNext('OVER')) return extreme(args[0] ?? '', name === 'MAX');
    const call =
      name === 'LIST'
        ? `string_agg(${distinct}(${args[0] ?? ''})::text, ',')`
        : (calls[name]?.(args) ?? `${name}(${distinct}${args.join(', ')})`);
    return this.#take('OVER') ? `${call} OVER (${this.#inParentheses(() => this.#window())})` : call;
  }

  #json(isObject: boolean): string {
    const members = this.#inParentheses(() => {
      const all: string[] = [];
      do {
        const key = isObject ? `to_json(${literal(this.#next().text)}::text)::text || ':' || ` : '';
        if (isObject) this.#expect(':');
        const isJson = ['JSON_OBJECT', 'JSON_ARRAY'].includes(this.#token.text);
        all.push(key + (isJson ? this.#expression() : jsonOf(this.#expression())));
      } while (this.#take(','));
      return all;
    });
    const [first, last] = isObject ? '{}' : '[]';
    return `('${first ?? ''}' || ${members.join(` || ',' || `)} || '${last ?? ''}')`;
  }

  #arguments(): readonly string[] {
    if (this.#isNext(')')) return [];
    const args: string[] = [];
    do args.push(this.#take('*') ? '*' : this.#expression());
    while (this.#take(','));
    return args;
  }

  #window(): string {
    const partition = this.#take('PARTITION')
      ? this.#after('BY', () => `PARTITION BY ${this.#list(() => this.#expression())}`)
      : '';
    const order = this.#order();
    return partition + order + (order === '' ? '' : ' ROWS UNBOUNDED PRECEDING'); // IRIS counts rows one by one
  }

  #trim(): string {
    const side = this.#next().text;
    const characters = this.#expression();
    this.#expect('FROM');
    return `trim(${side} ${characters} FROM ${this.#expression()})`;
  }

  #position(): string {
    const part = this.#sum();
    this.#expect('IN');
    return `position((${part}) IN ((${this.#expression()}) COLLATE "C"))`;
  }

  #place(): string {
    this.#next();
    const value = this.#values[this.#places++];
    return value === null || value === undefined ? 'NULL' : literal(value);
  }

  get #token(): IrisToken {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', at: -1 };
  }

  #next(): IrisToken {
    const token = this.#token;
    this.#at++;
    return token;
  }

  #isNext(text: string): boolean {
    return (this.#token.kind === 'word' || this.#token.kind === 'sign') && this.#token.text === text;
  }

  #take(text: string): boolean {
    if (!this.#isNext(text)) return false;
    this.#at++;
    return true;
  }

  #takeOne(...texts: readonly string[]): string | undefined {
    return texts.find((text) => this.#take(text));
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail(text);
  }

  #after<T>(word: string, read: () => T): T {
    this.#expect(word);
    return read();
  }

  #inParentheses<T>(read: () => T): T {
    this.#expect('(');
    const inner = read();
    this.#expect(')');
    return inner;
  }

  #list(read: () => string): string {
    const parts = [read()];
    while (this.#take(',')) parts.push(read());
    return parts.join(', ');
  }

  /** Delimited or not, IRIS does not look at case. */
  #name(): string {
    const token = this.#next();
    if (token.kind !== 'word' && token.kind !== 'name') return this.#fail('a name');
    if (token.kind === 'word' && token.text === '%ID') return 'ctid';
    return `"${token.text.toLowerCase().replaceAll('"', '""')}"`;
  }

  #fail(expected: string): never {
    throw new Error(`IRIS SQL: ${expected} expected at ${this.#token.at}, not ${this.#token.text}`);
  }
}
