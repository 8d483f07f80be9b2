/** A query with its parameters; `isOrdered`: the order of its rows is determined. */
export interface WrittenQuery {
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  readonly isOrdered: boolean;
}

const columns = {
  patients: { id: 'number', name: 'text', born: 'date', active: 'bool', score: 'number' },
  encounters: { id: 'number', patient_id: 'number', status: 'text', started: 'time', cost: 'number', code: 'text' },
  wards: { id: 'number', parent: 'number', label: 'text' },
} as const;

type Kind = 'number' | 'text' | 'date' | 'time' | 'bool';
interface Source {
  readonly alias: string;
  readonly columns: Readonly<Record<string, Kind>>;
}

const texts = ['Ann', 'ann', 'ANN', 'bob', 'Bob ', 'Zoë', '', "O'Hara", 'open', 'Open', 'closed', 'a_c', 'abc'];

const regexes = ["'^(A|b)'", "'ann|bob'", "'[ao]'", "'n?$'", "'^[A-C].*n'", "'(n|b)+$'", "'o?n'", "'^$'"];
const digitRegexes = ["'^[0-9]+$'", "'^-?\\d'", "'n{2}'", "'^.?[0-9]{1,2}$'", "'^(A|B)(n|o).?'", "'^O.Hara$'"];

/** Generates random PostgreSQL queries over the ward tables by a grammar. */
export class QueryWriter {
  readonly #random: () => number;
  #parameters: (string | null)[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  query(): WrittenQuery {
    this.#parameters = [];
    const form = this.#below(10);
    const written =
      form < 5 ? this.#plain() : form < 7 ? this.#grouped() : form < 8 ? this.#setOperation() : this.#distinct();
    return { ...written, parameters: this.#parameters };
  }

  #plain(): Omit<WrittenQuery, 'parameters'> {
    const { from, sources } = this.#from();
    const list = this.#some(1, 4, () => this.#anything(sources)).map((sql, place) => `${sql} AS r${place + 1}`);
    const keys = sources.map(({ alias, columns: own }) => `${alias}.${'id' in own ? 'id' : 'n'}`);
    const isKeyed = sources.every(({ columns: own }) => 'id' in own);
    const order = this.#isLikely(0.6) ? [this.#sortKey(sources), ...keys] : [];
    const isOrdered = order.length > 0 && isKeyed && !from.includes('OUTER') && !from.includes('LEFT');
    const end = order.length > 0 && isOrdered ? this.#limits() : '';
    return {
      sql: `SELECT ${list.join(', ')} FROM ${from}${this.#where(sources)}${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`}${end}`,
      isOrdered,
    };
  }

  #grouped(): Omit<WrittenQuery, 'parameters'> {
    const { from, sources } = this.#from();
    const key = this.#column(sources, this.#pick(['text', 'number', 'bool'] as const));
    const aggregates = this.#some(1, 3, () => this.#aggregate(sources));
    const having = this.#isLikely(0.3) ? ` HAVING count(*) > ${this.#below(3)}` : '';
    const order = this.#isLikely(0.5) ? ` ORDER BY ${this.#pick([key, '1', `1${this.#direction()}`])}` : '';
    const list = [key, ...aggregates].map((sql, place) => `${sql} AS r${place + 1}`).join(', ');
    return {
      sql: `SELECT ${list} FROM ${from}${this.#where(sources)} GROUP BY ${this.#isLikely(0.3) ? '1' : key}${having}${order}${order === '' ? '' : this.#limits()}`,
      isOrdered: order !== '',
    };
  }

  #distinct(): Omit<WrittenQuery, 'parameters'> {
    const { from, sources } = this.#from();
    const column = this.#column(sources, this.#pick(['text', 'number'] as const));
    const order = this.#isLikely(0.6) ? ` ORDER BY ${this.#pick([column, '1', 'r1'])}${this.#direction()}` : '';
    const limits = order === '' ? '' : this.#limits();
    return {
      sql: `SELECT DISTINCT ${column} AS r1 FROM ${from}${this.#where(sources)}${order}${limits}`,
      isOrdered: order !== '',
    };
  }

  #setOperation(): Omit<WrittenQuery, 'parameters'> {
    const kind = this.#pick(['text', 'number'] as const);
    const branch = (): string => {
      const { from, sources } = this.#from();
      return `SELECT ${this.#column(sources, kind)} AS r1 FROM ${from}${this.#where(sources)}`;
    };
    const word = this.#pick(['UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT']);
    const order = this.#isLikely(0.6) ? ` ORDER BY ${this.#pick(['1', 'r1'])}${this.#direction()}` : '';
    return {
      sql: `${branch()} ${word} ${branch()}${order}${order === '' ? '' : this.#limits()}`,
      isOrdered: order !== '',
    };
  }

  #from(): { readonly from: string; readonly sources: readonly Source[] } {
    const one = (alias: string): { sql: string; source: Source } => {
      const table = this.#pick(['patients', 'encounters', 'wards'] as const);
      return { sql: `${table} ${alias}`, source: { alias, columns: columns[table] } };
    };
    const a = one('a');
    if (this.#isLikely(0.5)) return { from: a.sql, sources: [a.source] };
    if (this.#isLikely(0.2)) return this.#lateral(a.sql, a.source);
    const b = one('b');
    const sources = [a.source, b.source];
    const kind = this.#pick(['number', 'text'] as const);
    const condition = `${this.#column([a.source], kind)} = ${this.#column([b.source], kind)}`;
    if (this.#isLikely(0.2)) return { from: `${a.sql}, ${b.sql}`, sources };
    return {
      from: `${a.sql} ${this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT OUTER JOIN'])} ${b.sql} ON ${condition}`,
      sources,
    };
  }

  #lateral(sql: string, source: Source): { readonly from: string; readonly sources: readonly Source[] } {
    const own = { alias: 'x', columns: columns.encounters };
    const number = this.#column([source], 'number');
    const rows = (limit: string): string =>
      `SELECT x.* FROM encounters x WHERE x.patient_id = ${number}${this.#isLikely(0.5) ? ` AND ${this.#condition([own], 0)}` : ''}${limit}`;
    const forms: readonly (() => { sql: string; columns: Source['columns'] })[] = [
      () => ({
        sql: `SELECT count(*) AS n, ${this.#pick(['max', 'sum', 'min'])}(x.cost) AS m FROM encounters x WHERE x.patient_id = ${number}`,
        columns: { n: 'number', m: 'number' },
      }),
      () => ({
        sql: `SELECT ${this.#number([source])} AS n, ${this.#column([source], 'text')} AS t`,
        columns: { n: 'number', t: 'text' },
      }),
      () => ({
        sql: `VALUES (1, ${this.#column([source], 'text')}), (2, NULL), (NULL, upper(${this.#column([source], 'text')}))`,
        columns: { n: 'number', t: 'text' },
      }),
      () => ({
        sql: rows(` ORDER BY x.cost${this.#direction()}, x.id LIMIT ${this.#below(3)}`),
        columns: columns.encounters,
      }),
      () => ({ sql: rows(''), columns: columns.encounters }),
    ];
    const form = this.#pick(forms)();
    const names = form.sql.startsWith('VALUES') ? '(n, t)' : '';
    const from = `${sql} ${this.#pick(['CROSS JOIN LATERAL', 'LEFT JOIN LATERAL'])} (${form.sql}) b${names}`;
    const isOuter = from.includes('LEFT JOIN LATERAL');
    return { from: isOuter ? `${from} ON true` : from, sources: [source, { alias: 'b', columns: form.columns }] };
  }

  #where(sources: readonly Source[]): string {
    return this.#isLikely(0.7) ? ` WHERE ${this.#condition(sources, 2)}` : '';
  }

  #condition(sources: readonly Source[], depth: number): string {
    if (depth > 0 && this.#isLikely(0.4)) {
      const word = this.#pick(['AND', 'OR']);
      return `(${this.#condition(sources, depth - 1)} ${word} ${this.#condition(sources, depth - 1)})`;
    }
    if (depth > 0 && this.#isLikely(0.1)) return `NOT ${this.#condition(sources, depth - 1)}`;
    const tests: readonly (() => string)[] = [
      () => `${this.#number(sources)} ${this.#comparison()} ${this.#number(sources)}`,
      () => `${this.#column(sources, 'text')} ${this.#comparison()} ${this.#textValue()}`,
      () =>
        `${this.#column(sources, 'text')} ${this.#pick(['LIKE', 'NOT LIKE', 'ILIKE'])} ${this.#pick(["'%n%'", "'A%'", "'a\\_%'", "'%'", "'_nn'"])}`,
      () => `${this.#column(sources, 'text')} ${this.#pick(['', 'NOT '])}IN ('ann', 'Open', ${this.#textValue()})`,
      () =>
        `${this.#column(sources, 'number')} ${this.#pick(['', 'NOT '])}BETWEEN ${this.#below(5)} AND ${this.#below(20)}`,
      () => `${this.#column(sources, this.#pick(['text', 'number']))} IS ${this.#pick(['', 'NOT '])}NULL`,
      () => `${this.#column(sources, 'text')} IS ${this.#pick(['', 'NOT '])}DISTINCT FROM ${this.#textValue()}`,
      () => `${this.#column(sources, 'number')} = ANY ('{1,2,${this.#below(9)}}')`,
      () =>
        `${this.#column(sources, 'number')} = ANY (${this.#parameter(`{${this.#below(9)},${this.#below(9)}}`)}::int[])`,
      () =>
        `${this.#pick(['', 'NOT '])}EXISTS (SELECT 1 FROM encounters x WHERE x.patient_id = ${this.#column(sources, 'number')})`,
      () =>
        `${this.#column(sources, 'number')} ${this.#pick(['', 'NOT '])}IN (SELECT x.parent FROM wards x WHERE x.id > ${this.#below(5)})`,
      () => `${this.#column(sources, 'text')} IN (SELECT x.status FROM encounters x)`,
      () => this.#boolean(sources),
      () => `${this.#column(sources, 'text')} ${this.#pick(['~', '!~', '~*'])} ${this.#pick(regexes)}`,
      () => `${this.#column(sources, 'text')} ${this.#pick(['~', '!~'])} ${this.#pick(digitRegexes)}`,
    ];
    return this.#pick(tests)();
  }

  #boolean(sources: readonly Source[]): string {
    const column = find(sources, 'bool');
    if (column === undefined) return `${this.#number(sources)} > ${this.#below(9)}`;
    return this.#pick([
      column,
      `NOT ${column}`,
      `${column} IS TRUE`,
      `${column} IS NOT TRUE`,
      `${column} IS UNKNOWN`,
      `${column} IS NOT FALSE`,
    ]);
  }

  #anything(sources: readonly Source[]): string {
    const forms: readonly (() => string)[] = [
      () => this.#number(sources),
      () => this.#text(sources),
      () => `(${this.#condition(sources, 1)})`,
      () => `CASE WHEN ${this.#condition(sources, 1)} THEN ${this.#number(sources)} ELSE ${this.#below(9)} END`,
      () => `CASE ${this.#column(sources, 'text')} WHEN 'ann' THEN 1 WHEN 'Open' THEN 2 END`,
      () => `coalesce(${this.#column(sources, 'text')}, 'none')`,
      () => `nullif(${this.#column(sources, 'text')}, ${this.#textValue()})`,
      () =>
        `(SELECT ${this.#pick(['max(x.cost)', 'count(*)', 'min(x.status)'])} FROM encounters x WHERE x.patient_id = ${this.#column(sources, 'number')})`,
      () => this.#time(sources),
    ];
    return this.#pick(forms)();
  }

  #time(sources: readonly Source[]): string {
    const [date, time] = [find(sources, 'date'), find(sources, 'time')];
    if (date !== undefined) {
      return this.#pick([
        `${date} + ${this.#below(40)}`,
        `${date} - date '2000-02-29'`,
        `extract(year from ${date})::int`,
        `${date} + interval '1 month'`,
      ]);
    }
    if (time === undefined) return this.#number(sources);
    return this.#pick([
      `${time} + interval '1 month 2 days'`,
      `date_trunc('month', ${time})`,
      `date_trunc('hour', ${time})`,
      `extract(dow from ${time})::int`,
    ]);
  }

  #number(sources: readonly Source[]): string {
    const column = this.#column(sources, 'number');
    return this.#pick([
      column, column, `${column} + ${this.#below(9)}`, `${column} * 2 - 1`, `-${column}`, `(${column} + 7) % 3`, `(${column} - 9) % 4`,
      `length(${this.#column(sources, 'text')})`, `abs(${column} - 5)`, String(this.#below(20)),
      `${find(sources, 'number') ?? '1'} / 2`, `width_bucket(${column}, 1, ${4 + this.#below(9)}, ${1 + this.#below(5)})`,
    ]); // prettier-ignore
  }

  #text(sources: readonly Source[]): string {
    const column = this.#column(sources, 'text');
    return this.#pick([
      column, `upper(${column})`, `lower(${column})`, `${column} || '!'`, `trim(${column})`, `concat(${column}, 'x', 1)`,
      `substr(${column}, 2, 2)`, `replace(${column}, 'n', 'm')`, `${this.#column(sources, 'number')}::text`, this.#textValue().replace(/^\$\d+$/, "'p'"),
      `left(${column}, ${this.#pick([2, -1, -2])})`, `right(${column}, ${this.#pick([1, -1])})`,
      `split_part(${column}, ${this.#pick(["'n'", "' '", "'o'"])}, ${1 + this.#below(3)})`,
      `translate(${column}, 'anZ', ${this.#pick(["'AN'", "''", "'xyz'"])})`,
      `concat_ws(${this.#pick(["', '", "''", "'-'"])}, ${column}, ${this.#column(sources, this.#pick(['text', 'number'] as const))}::text)`,
      `regexp_replace(${column}, ${this.#pick(["'[^a-z]'", "'[aeiou]+'", "'\\d'", "'nn'"])}, '', 'g')`,
      `${this.#pick(['greatest', 'least'])}(${column}, ${this.#pick(["'b'", this.#column(sources, 'text'), 'NULL'])})`,
      `to_char(${this.#column(sources, 'number')}, ${this.#pick(["'FM990.00'", "'9,990.9'", "'0000'", "'FM99'"])})`,
      `(${this.#column(sources, 'number')}::numeric(9,2))::text`,
    ]); // prettier-ignore
  }

  #aggregate(sources: readonly Source[]): string {
    const [number, text] = [this.#column(sources, 'number'), this.#column(sources, 'text')];
    return this.#pick([
      'count(*)', `count(${text})`, `count(DISTINCT ${text})`, `sum(${number})`, `min(${text})`, `max(${text})`, `max(${number})`,
      `count(*) FILTER (WHERE ${this.#condition(sources, 0)})`,
    ]); // prettier-ignore
  }

  #sortKey(sources: readonly Source[]): string {
    return `${this.#column(sources, this.#pick(['text', 'number'] as const))}${this.#direction()}`;
  }

  #direction(): string {
    return this.#pick(['', ' ASC', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST']);
  }

  #limits(): string {
    const form = this.#below(5);
    if (form < 2) return '';
    const limit = form === 4 ? '' : ` LIMIT ${this.#below(6)}`;
    return `${limit}${form > 2 ? ` OFFSET ${this.#below(4)}` : ''}`;
  }

  #textValue(): string {
    const text = this.#pick(texts);
    return this.#isLikely(0.3) ? this.#parameter(text) : `'${text.replaceAll("'", "''")}'`;
  }

  #parameter(value: string): string {
    this.#parameters.push(value);
    return `$${this.#parameters.length}`;
  }

  #comparison(): string {
    return this.#pick(['=', '<>', '<', '>', '<=', '>=']);
  }

  #column(sources: readonly Source[], kind: Kind): string {
    const all = sources.flatMap(({ alias, columns: own }) =>
      Object.keys(own)
        .filter((name) => own[name] === kind)
        .map((name) => `${alias}.${name}`),
    );
    return all.length === 0 ? this.#column(sources, 'number') : this.#pick(all);
  }

  #some<T>(min: number, max: number, make: () => T): T[] {
    return Array.from({ length: min + this.#below(max - min + 1) }, make);
  }

  #pick<T>(all: readonly T[]): T {
    const one = all[this.#below(all.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #isLikely(share: number): boolean {
    return this.#random() < share;
  }
}

function find(sources: readonly Source[], kind: Kind): string | undefined {
  for (const { alias, columns: own } of sources) {
    const name = Object.keys(own).find((each) => own[each] === kind);
    if (name !== undefined) return `${alias}.${name}`;
  }
  return undefined;
}
