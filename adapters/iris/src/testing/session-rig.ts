import { backend, backendSession, Framer, readDataRow, readReport, readRowDescription } from '@medrex/pg-wire';
import { SqlAnalyser } from '@medrex/sql';
import { IrisDatabase, type IrisDatabaseOptions } from '../database/iris-database.ts';
import type { SessionStream } from '../session/session-stream.ts';
import { ScriptedDriver, type Script } from './scripted-driver.ts';

type Row = readonly (string | null)[];
/** Rows of INFORMATION_SCHEMA by table. */
type Schema = Readonly<Record<string, readonly Row[]>>;

/** Columns in INFORMATION_SCHEMA of the table patients: id integer (key), name varchar(50), active bit. */
const columns: readonly Row[] = [
  ['SQLUser', 'patients', 'id', 'integer', null, null, null, 'NO', 'NO', 'EXACT'],
  ['SQLUser', 'patients', 'name', 'varchar', '50', null, null, 'YES', 'NO', 'SQLUPPER'],
  ['SQLUser', 'patients', 'active', 'bit', null, null, null, 'YES', 'NO', 'EXACT'],
  ['SQLUser', 'patients', 'e', 'vector', '3', null, null, 'YES', 'NO', 'EXACT'],
];
const schema: Schema = {
  TABLES: [['SQLUser', 'patients', 'BASE TABLE']],
  COLUMNS: columns,
  KEY_COLUMN_USAGE: [['SQLUser', 'patients', 'patients_pkey', 'id', 'PRIMARY KEY']],
};

/** Default options of the database for tests. */
export const plainly: Omit<IrisDatabaseOptions, 'driver' | 'analyser'> = {
  version: '2025.2',
  schemas: { public: 'SQLUser' },
  hazards: 'notice',
  skipped: [],
  isOrderKept: true,
  normalised: [],
  tablesMs: 60_000,
  lockTimeoutMs: 10_000,
  now: () => 0,
};

/** A session on a scripted driver, whose messages are returned in readable form. */
export class SessionRig {
  readonly driver: ScriptedDriver;
  readonly database: IrisDatabase;
  readonly stream: SessionStream;
  readonly #framer = new Framer(backendSession);
  readonly #words: string[] = [];
  #wake: (() => void) | undefined;

  private constructor(driver: ScriptedDriver, database: IrisDatabase, stream: SessionStream) {
    this.driver = driver;
    this.database = database;
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#framer.feed(chunk);
      while (this.#framer.next()) this.#words.push(wordOf(this.#framer));
      this.#wake?.();
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      this.#words.push('closed');
      this.#wake?.();
    });
  }

  static async start(
    answer: (sql: string) => Script,
    options: Partial<Omit<IrisDatabaseOptions, 'driver'>> = {},
    tables = (): Schema => schema,
  ): Promise<SessionRig> {
    const driver = new ScriptedDriver((sql) => {
      const [, table] = /INFORMATION_SCHEMA\.(\w+)/.exec(sql) ?? [];
      if (/^SET (?:TRANSACTION|OPTION) /.test(sql)) return 0;
      return table === undefined ? answer(sql) : (tables()[table] ?? []);
    });
    const database = await IrisDatabase.load({
      ...plainly,
      driver,
      analyser: await SqlAnalyser.load(),
      ...options,
    });
    const login = { user: 'proxy', password: 'secret', database: 'ward' };
    const { stream } = await database.open(login);
    driver.heard.length = 0;
    return new SessionRig(driver, database, stream);
  }

  /** Returns the messages up to the first that begins with `last`. */
  async until(last: string): Promise<string[]> {
    for (;;) {
      const at = this.#words.findIndex((word) => word.startsWith(last));
      if (at >= 0) return this.#words.splice(0, at + 1);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  send(...messages: readonly Buffer[]): void {
    this.stream.write(Buffer.concat(messages));
  }

  async ask(...messages: readonly Buffer[]): Promise<string[]> {
    this.send(...messages);
    return this.until('Z');
  }

  /** The calls of the driver since the last call of this. */
  heard(): string[] {
    return this.driver.heard.splice(0);
  }

  async close(): Promise<void> {
    this.stream.destroy();
    await this.database.close();
  }
}

function wordOf({ type, buffer, start, end }: Framer): string {
  const letter = String.fromCharCode(type);
  switch (type) {
    case backend.rowDescription: {
      const described = readRowDescription(buffer, start, end) ?? [];
      return `T ${described.map(({ name, type: oid, format }) => `${name}:${oid}${format === 1 ? 'b' : ''}`).join(' ')}`;
    }
    case backend.dataRow:
      return `D ${(readDataRow(buffer, start, end) ?? []).map((cell) => cell?.toString('latin1') ?? 'NULL').join('|')}`;
    case backend.errorResponse:
    case backend.noticeResponse: {
      const { severity = '', sqlstate = '', message = '' } = readReport(buffer, start, end) ?? {};
      return `${letter} ${severity} ${sqlstate} ${message}`;
    }
    case backend.commandComplete:
      return `C ${buffer.toString('latin1', start + 5, end - 1)}`;
    case backend.readyForQuery:
      return `Z ${buffer.toString('latin1', start + 5, end)}`;
    case backend.parameterStatus:
      return `S ${buffer.toString('latin1', start + 5, end - 1).replace('\0', '=')}`;
    case backend.parameterDescription:
      return `t ${Array.from({ length: (end - start - 7) / 4 }, (_, at) => buffer.readUInt32BE(start + 7 + 4 * at)).join(' ')}`;
    case backend.copyData:
      return `d ${buffer.toString('utf8', start + 5, end).trimEnd()}`;
    default:
      return letter;
  }
}
