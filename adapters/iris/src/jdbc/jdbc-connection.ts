import {
  SqlFailure,
  type PageSize,
  type SqlAnswer,
  type SqlColumn,
  type SqlConnection,
  type SqlCursor,
  type SqlDescription,
  type SqlPage,
  type SqlType,
  type SqlValue,
  type TransactionModes,
} from '@medrex/sql-driver';
import { FrameReader } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { writeValues } from './write-values.ts';

/** The connection's access to the bridge. */
export interface JdbcLine {
  frame(type: string): FrameWriter;
  send(frame: Buffer): void;
  over(): void;
  cancelProcess(product: string, processId: string): Promise<void>;
}

interface Waiting {
  readonly resolve: (body: FrameReader) => void;
  readonly reject: (failure: SqlFailure) => void;
}

/** The constants of java.sql.Connection. */
const isolations = { 'read uncommitted': 1, 'read committed': 2, 'repeatable read': 4, serializable: 8 } as const;

/** A connection of the bridge: each call and each answer is a frame. */
export class JdbcConnection implements SqlConnection {
  processId = '';
  readonly #line: JdbcLine;
  readonly #lost: () => void;
  readonly #waiting: Waiting[] = [];
  #product = '';
  #lastCursor = 0;
  #isOver = false;
  #isOpen = false;

  constructor(line: JdbcLine, lost: () => void) {
    this.#line = line;
    this.#lost = lost;
  }

  async open(url: string, properties: Readonly<Record<string, string>>): Promise<void> {
    const frame = this.#line.frame('O').text(url).integer(Object.keys(properties).length);
    for (const [name, value] of Object.entries(properties)) frame.text(name).text(value);
    const answer = await this.#ask(frame);
    this.processId = answer.text();
    this.#product = answer.text();
    this.#isOpen = true;
  }

  async describe(sql: string): Promise<SqlDescription> {
    const answer = await this.#ask(this.#line.frame('D').text(sql));
    const columns = readColumns(answer);
    const parameters = answer.list(answer.integer(), (): SqlType | undefined => {
      const type = { code: answer.integer(), name: answer.text() };
      return type.code === 0 ? undefined : type;
    });
    return { columns, parameters };
  }

  async run(sql: string, parameters: readonly SqlValue[], page: PageSize): Promise<SqlAnswer> {
    const cursor = ++this.#lastCursor;
    const frame = this.#line.frame('R').integer(cursor).integer(page.rowsMax).integer(page.bytesMax).text(sql);
    writeValues(frame, parameters);
    const answer = await this.#ask(frame);
    if (answer.kind() === 0) return { kind: 'count', rows: answer.number() };
    const columns = readColumns(answer) ?? [];
    return {
      kind: 'rows',
      columns,
      first: readPage(answer, columns.length),
      cursor: this.#cursor(cursor, columns.length),
    };
  }

  async runMany(sql: string, batch: readonly (readonly SqlValue[])[]): Promise<number> {
    const frame = this.#line.frame('B').text(sql).integer(batch.length);
    for (const parameters of batch) writeValues(frame, parameters);
    return (await this.#ask(frame)).number();
  }

  async begin({ isolation, isReadOnly }: TransactionModes): Promise<void> {
    const frame = this.#line
      .frame('T')
      .kind(0)
      .integer(isolations[isolation])
      .kind(isReadOnly ? 1 : 0);
    await this.#ask(frame);
  }

  async commit(): Promise<void> {
    await this.#ask(this.#line.frame('T').kind(1));
  }

  async rollback(): Promise<void> {
    await this.#ask(this.#line.frame('T').kind(2));
  }

  async cancel(): Promise<void> {
    if (!this.#isOver) await this.#line.cancelProcess(this.#product, this.processId);
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    const closed = this.#ask(this.#line.frame('C'));
    this.#isOver = true;
    await closed.catch(() => undefined); // it is closed anyway
    this.#line.over();
  }

  /** Takes a frame for this connection. */
  take(type: string, body: Buffer): void {
    const waiting = this.#waiting.shift();
    const reader = new FrameReader(body);
    if (type !== 'e' && type !== 'l') {
      waiting?.resolve(reader);
      return;
    }
    const sqlcode = reader.integer();
    const [sqlstate, message] = [reader.text(), reader.text()];
    const isFatal = type === 'l';
    waiting?.reject(
      new SqlFailure(message, {
        ...(sqlcode === 0 ? {} : { sqlcode }),
        ...(sqlstate === '' ? {} : { sqlstate }),
        isFatal,
      }),
    );
    if (isFatal) this.gone('the connection is gone');
  }

  /** The connection or the bridge has ended. */
  gone(why: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new SqlFailure(why, { sqlstate: '08006', isFatal: true }));
    if (this.#isOver) return;
    this.#isOver = true;
    this.#line.over();
    if (this.#isOpen) this.#lost();
  }

  async #ask(frame: FrameWriter): Promise<FrameReader> {
    if (this.#isOver) throw new SqlFailure('the connection is closed', { sqlstate: '08003', isFatal: true });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#line.send(frame.end());
    });
  }

  #cursor(id: number, columns: number): SqlCursor {
    return {
      next: async ({ rowsMax, bytesMax }) =>
        readPage(await this.#ask(this.#line.frame('F').integer(id).integer(rowsMax).integer(bytesMax)), columns),
      close: async () => {
        await this.#ask(this.#line.frame('X').integer(id));
      },
    };
  }
}

function readColumns(frame: FrameReader): SqlColumn[] | undefined {
  const count = frame.integer();
  if (count < 0) return undefined;
  return frame.list(count, () => ({
    label: frame.text(),
    code: frame.integer(),
    name: frame.text(),
    precision: frame.integer(),
    scale: frame.integer(),
  }));
}

function readPage(frame: FrameReader, columns: number): SqlPage {
  const isLast = frame.kind() === 1;
  const rows = frame.list(frame.integer(), () => frame.list(columns, () => frame.bytes()));
  return { rows, isLast };
}
