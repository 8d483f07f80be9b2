import {
  catalogTables,
  oidOfTable,
  type SessionFacts,
  type SourceColumn,
  type Tables,
  type TableSource,
  type ColumnBounds,
} from '@medrex/sql';
import { consoleVersion, show, viewNames, type ShowContext } from './show.ts';
import type { Table } from './table.ts';

/** The schema of the tables. */
export const schema = 'medrex';
/** The server version of a session without a server. */
export const serverVersion = '15.0';

/** No time is later than infinity. */
const noRows: ColumnBounds = new Map([['time', { min: Infinity }]]);

/** `user` is a keyword in SQL. */
const withoutKeyword = ({ name, type }: SourceColumn): SourceColumn => ({
  name: name === 'user' ? 'user_name' : name,
  type,
});

/** What SHOW shows, as tables; a view is built when a query asks for it. */
export class MedrexTables {
  readonly #showContext: () => ShowContext;

  constructor(showContext: () => ShowContext) {
    this.#showContext = showContext;
  }

  has(name: string): boolean {
    return viewNames.includes(name);
  }

  of(session: { readonly user: string; readonly database: string }): Tables {
    const facts = {
      ...session,
      version: `PostgreSQL ${serverVersion} (${consoleVersion})`,
      setting: (name: string) => settings.get(name),
      oidOf: (name: string) => oidOfTable(name, viewNames),
    };
    return { find: (space, name) => this.#find(space, name, facts), session: facts };
  }

  #find(space: string | undefined, name: string, facts: SessionFacts): TableSource | undefined {
    if ((space === undefined || space === schema) && this.has(name)) return this.#view(name);
    if (space === schema) return undefined;
    const columns = Object.fromEntries(viewNames.map((view) => [view, this.#columns(view).map(withoutKeyword)]));
    const catalog = catalogTables(columns, facts, settings);
    return catalog[`${space ?? 'pg_catalog'}.${name}`];
  }

  #view(name: string): TableSource {
    // Columns are needed when a query is prepared, rows when it runs.
    return { columns: this.#columns(name).map(withoutKeyword), rows: (wanted) => this.#table(name, wanted).rows };
  }

  #columns(name: string): readonly SourceColumn[] {
    return this.#table(name, noRows).columns;
  }

  #table(name: string, wanted: ColumnBounds): Table {
    return show(name, this.#showContext(), wanted) ?? { columns: [], rows: [] };
  }
}

/** The settings of a session without a server. */
export const settings: ReadonlyMap<string, string> = new Map([
  ['server_version', serverVersion],
  ['server_version_num', '150000'],
  ['server_encoding', 'UTF8'],
  ['client_encoding', 'UTF8'],
  ['datestyle', 'ISO, MDY'],
  ['intervalstyle', 'postgres'],
  ['timezone', 'UTC'],
  ['integer_datetimes', 'on'],
  ['standard_conforming_strings', 'on'],
  // A driver that looks for a primary is right here: commands do something.
  ['default_transaction_read_only', 'off'],
  ['transaction_read_only', 'off'],
  ['in_hot_standby', 'off'],
  ['is_superuser', 'off'],
  ['search_path', schema],
  ['transaction_isolation', 'read committed'],
  ['default_transaction_isolation', 'read committed'],
  ['max_identifier_length', '63'],
  ['max_index_keys', '32'],
]);
