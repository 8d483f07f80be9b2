import { asRegex, calls, extreme, inOrder, jsonOf, literal, sameRows, types } from './iris-functions.ts';
import type { IrisCursor } from './iris-cursor.ts';

export interface IrisExpressionReaderOptions {
  readonly cursor: IrisCursor;
  /** Values of the placeholders, in order. */
  readonly values: readonly (string | null)[];
  /** Columns with a case-sensitive collation. */
  readonly exactColumns: ReadonlySet<string>;
  /** Parses a subquery. */
  readonly query: () => string;
}

/** Parses expressions. */
export class IrisExpressionReader {
  readonly #cursor: IrisCursor;
  readonly #values: readonly (string | null)[];
  readonly #exactColumns: ReadonlySet<string>;
  readonly #query: () => string;

  constructor({ cursor, values, exactColumns, query }: IrisExpressionReaderOptions) {
    this.#cursor = cursor;
    this.#values = values;
    this.#exactColumns = exactColumns;
    this.#query = query;
  }

  expression(): string {
    return this.#chain('OR', () => this.#chain('AND', () => this.#not()));
  }

  order(): string {
    if (!this.#cursor.take('ORDER')) return '';
    this.#cursor.expect('BY');
    return ` ORDER BY ${this.#cursor.list(() => {
      const read = this.expression();
      const key = this.#isExact(read) && !read.startsWith('CASE') ? inOrder(read) : read;
      return this.#cursor.take('DESC') ? `${key} DESC NULLS LAST` : `${key} ASC NULLS FIRST`;
    })}`;
  }

  #chain(word: string, next: () => string): string {
    const parts = [next()];
    while (this.#cursor.take(word)) parts.push(next());
    return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(` ${word} `)})`;
  }

  #not(): string {
    return this.#cursor.take('NOT') ? `(NOT ${this.#not()})` : this.#comparison();
  }

  #comparison(): string {
    const left = this.#sum();
    const operator = this.#cursor.takeOne('=', '<>', '<=', '>=', '<', '>');
    if (operator !== undefined) {
      const word = this.#cursor.takeOne('ANY', 'ALL');
      return word === undefined
        ? this.#compared(left, operator, this.#sum())
        : `(${left} ${operator} ${word} (${this.#cursor.inParentheses(() => this.#query())}))`;
    }
    if (this.#cursor.take('IS')) {
      const not = this.#cursor.take('NOT') ? 'NOT ' : '';
      this.#cursor.expect('NULL');
      return `(${left} IS ${not}NULL)`;
    }
    return this.#wordTest(left, this.#cursor.take('NOT') ? 'NOT ' : '');
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
    if (this.#cursor.take('IN')) {
      const inner = this.#cursor.inParentheses(() =>
        this.#cursor.isNext('SELECT') ? this.#query() : this.#cursor.list(() => this.expression()),
      );
      return `(${left} ${not}IN (${inner}))`;
    }
    if (this.#cursor.take('BETWEEN')) {
      const low = this.#sum();
      this.#cursor.expect('AND');
      const high = this.#sum();
      const sides = [left, low, high].some((side) => this.#isExact(side))
        ? [left, low, high].map(inOrder)
        : [left, low, high];
      return `(${sides[0] ?? ''} ${not}BETWEEN ${sides[1] ?? ''} AND ${sides[2] ?? ''})`;
    }
    if (this.#cursor.take('LIKE')) return this.#like(left, not);
    if (this.#cursor.take('%PATTERN')) return `(${left} ~ ${literal(`^${asRegex(this.#cursor.next().text)}$`)})`;
    if (this.#cursor.take('%INLIST')) {
      // A row keeps its %ID in IRIS when it is updated, unlike its ctid.
      if (left.endsWith('ctid')) return `(${left} = ANY (${sameRows(left, this.#place())}))`;
      return `(${left} = ANY (${this.#place()}))`;
    }
    return left;
  }

  /** LIKE by the collation of the left operand: case-insensitive unless it is EXACT. There is no default escape character. */
  #like(left: string, not: string): string {
    const pattern = this.#sum();
    const escape = this.#cursor.take('ESCAPE') ? this.#sum() : "''";
    const [text, like] = this.#isExact(left) ? [left, pattern] : [`upper((${left}) COLLATE "C")`, `upper(${pattern})`];
    return `(${text} ${not}LIKE ${like} ESCAPE ${escape})`;
  }

  #sum(): string {
    let sql = this.#product();
    for (
      let sign = this.#cursor.takeOne('+', '-', '||');
      sign !== undefined;
      sign = this.#cursor.takeOne('+', '-', '||')
    ) {
      sql = `(${sql} ${sign} ${this.#product()})`;
    }
    return sql;
  }

  #product(): string {
    let sql = this.#unary();
    for (
      let sign = this.#cursor.takeOne('*', '/', '\\');
      sign !== undefined;
      sign = this.#cursor.takeOne('*', '/', '\\')
    ) {
      const right = this.#unary();
      if (sign === '*') sql = `(${sql} * ${right})`;
      else if (sign === '/') sql = `((${sql})::numeric / ${right})`;
      else sql = `div((${sql})::numeric, ${right})`;
    }
    return sql;
  }

  #unary(): string {
    if (!this.#cursor.take('-')) return this.#primary();
    const operand = this.#unary();
    return /^\(*(?:'|NULL)/.test(operand) ? `(- (${operand})::numeric)` : `(- ${operand})`; // a parameter is text here, and a number in IRIS
  }

  #primary(): string {
    const token = this.#cursor.token;
    if (token.kind === 'text') return literal(this.#cursor.next().text);
    if (token.kind === 'number') return this.#cursor.next().text;
    if (token.kind === 'place') return this.#place();
    if (this.#cursor.isNext('(')) {
      return `(${this.#cursor.inParentheses(() => (this.#cursor.isNext('SELECT') ? this.#query() : this.expression()))})`;
    }
    if (this.#cursor.take('{')) {
      this.#cursor.expect('FN');
      const call = this.#call(this.#cursor.next().text);
      this.#cursor.expect('}');
      return call;
    }
    if (token.kind === 'name') return this.#reference();
    return this.#word();
  }

  #word(): string {
    if (this.#cursor.take('NULL')) return 'NULL';
    if (this.#cursor.take('CASE')) return this.#case();
    if (this.#cursor.take('EXISTS')) return `EXISTS (${this.#cursor.inParentheses(() => this.#query())})`;
    if (this.#cursor.take('CAST')) return this.#cursor.inParentheses(() => this.#cast());
    if (this.#cursor.take('CURRENT_TIMESTAMP')) {
      const digits = this.#cursor.isNext('(')
        ? `(${this.#cursor.inParentheses(() => this.#cursor.next().text)})`
        : '(0)';
      return `LOCALTIMESTAMP${digits}`;
    }
    if (this.#cursor.take('CURRENT_TIME')) return 'LOCALTIME(0)';
    if (this.#cursor.take('CURRENT_DATE')) return 'CURRENT_DATE';
    const name = this.#cursor.token.text;
    if (this.#cursor.textAt(1) !== '(') return this.#reference();
    this.#cursor.next();
    return this.#call(name);
  }

  #reference(): string {
    let sql = this.#cursor.name();
    while (this.#cursor.take('.')) sql += this.#cursor.take('*') ? '.*' : `.${this.#cursor.name()}`;
    return sql;
  }

  #case(): string {
    let sql = 'CASE';
    if (!this.#cursor.isNext('WHEN')) sql += ` ${this.expression()}`;
    while (this.#cursor.take('WHEN')) {
      sql += ` WHEN ${this.expression()}`;
      this.#cursor.expect('THEN');
      sql += ` THEN ${this.expression()}`;
    }
    if (this.#cursor.take('ELSE')) sql += ` ELSE ${this.expression()}`;
    this.#cursor.expect('END');
    return `${sql} END`;
  }

  #cast(): string {
    const value = this.expression();
    this.#cursor.expect('AS');
    const name = this.#cursor.next().text;
    const size = this.#cursor.isNext('(')
      ? `(${this.#cursor.inParentheses(() => this.#cursor.list(() => this.#cursor.next().text))})`
      : '';
    if (['INTEGER', 'BIGINT', 'SMALLINT'].includes(name)) return `trunc((${value})::numeric)::${name}`;
    if (name === 'VARCHAR' || name === 'CHAR') return `left((${value})::text, ${size === '' ? '(1)' : size})`;
    return `(${value})::${types[name] ?? name}${name === 'NUMERIC' ? size : ''}`;
  }

  #call(name: string): string {
    if (name === 'TRIM') return this.#cursor.inParentheses(() => this.#trim());
    if (name === 'POSITION') return this.#cursor.inParentheses(() => this.#position());
    if (name === 'JSON_OBJECT' || name === 'JSON_ARRAY') return this.#json(name === 'JSON_OBJECT');
    const [distinct, args] = this.#cursor.inParentheses(
      () => [this.#cursor.take('DISTINCT') ? 'DISTINCT ' : '', this.#arguments()] as const,
    );
    const isExtreme = (name === 'MIN' || name === 'MAX') && args[0]?.includes('COLLATE "C"') === true;
    if (isExtreme && !this.#cursor.isNext('OVER')) return extreme(args[0] ?? '', name === 'MAX');
    const call =
      name === 'LIST'
        ? `string_agg(${distinct}(${args[0] ?? ''})::text, ',')`
        : (calls[name]?.(args) ?? `${name}(${distinct}${args.join(', ')})`);
    return this.#cursor.take('OVER') ? `${call} OVER (${this.#cursor.inParentheses(() => this.#window())})` : call;
  }

  #json(isObject: boolean): string {
    const members = this.#cursor.inParentheses(() => {
      const all: string[] = [];
      do {
        const key = isObject ? `to_json(${literal(this.#cursor.next().text)}::text)::text || ':' || ` : '';
        if (isObject) this.#cursor.expect(':');
        const isJson = ['JSON_OBJECT', 'JSON_ARRAY'].includes(this.#cursor.token.text);
        all.push(key + (isJson ? this.expression() : jsonOf(this.expression())));
      } while (this.#cursor.take(','));
      return all;
    });
    const [first, last] = isObject ? '{}' : '[]';
    return `('${first ?? ''}' || ${members.join(` || ',' || `)} || '${last ?? ''}')`;
  }

  #arguments(): readonly string[] {
    if (this.#cursor.isNext(')')) return [];
    const args: string[] = [];
    do args.push(this.#cursor.take('*') ? '*' : this.expression());
    while (this.#cursor.take(','));
    return args;
  }

  #window(): string {
    const partition = this.#cursor.take('PARTITION')
      ? this.#cursor.after('BY', () => `PARTITION BY ${this.#cursor.list(() => this.expression())}`)
      : '';
    const order = this.order();
    return partition + order + (order === '' ? '' : ' ROWS UNBOUNDED PRECEDING'); // the default frame of IRIS is by rows
  }

  #trim(): string {
    const side = this.#cursor.next().text;
    const characters = this.expression();
    this.#cursor.expect('FROM');
    return `trim(${side} ${characters} FROM ${this.expression()})`;
  }

  #position(): string {
    const part = this.#sum();
    this.#cursor.expect('IN');
    return `position((${part}) IN ((${this.expression()}) COLLATE "C"))`;
  }

  #place(): string {
    const value = this.#values[this.#cursor.nextPlace()];
    return value === null || value === undefined ? 'NULL' : literal(value);
  }
}
