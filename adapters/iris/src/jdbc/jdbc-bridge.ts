import { SqlFailure, type SqlConnection } from '@medrex/sql-driver';
import { BridgeProcess, type BridgeOptions } from './bridge-process.ts';
import { FrameWriter } from './frame-writer.ts';
import type { Frame } from './frames.ts';
import { JdbcConnection } from './jdbc-connection.ts';
import { OneByOne } from './one-by-one.ts';

export interface JdbcOpening {
  readonly url: string;
  /** Connection properties, with user and password. */
  readonly properties: Readonly<Record<string, string>>;
  readonly lost: () => void;
  readonly cancel: (product: string, processId: string) => Promise<void>;
}

/** The Java process and its connections; restarted when it has ended. */
export class JdbcBridge {
  readonly #options: BridgeOptions;
  /** Serializes cancels by user, as the licence allows one more connection only. */
  readonly cancels = new OneByOne();
  readonly #connections = new Map<number, JdbcConnection>();
  #process: Promise<BridgeProcess> | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Starts the process early, so that the first connection does not wait for Java. @throws SqlFailure */
  async start(): Promise<void> {
    await this.#started();
  }

  /** @throws SqlFailure */
  async open({ url, properties, lost, cancel }: JdbcOpening): Promise<SqlConnection> {
    const process = await this.#started();
    const id = ++this.#lastId;
    const connection = new JdbcConnection(
      {
        frame: (type) => new FrameWriter(type, id),
        send: (frame) => process.send(frame),
        over: () => this.#connections.delete(id),
        cancelProcess: cancel,
      },
      lost,
    );
    this.#connections.set(id, connection);
    await connection.open(url, properties);
    return connection;
  }

  /** Kills the process; for tests. */
  kill(): void {
    void this.#process?.then((process) => process.kill());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const process = await this.#process?.catch(() => undefined);
    this.#process = undefined;
    await process?.close();
  }

  async #started(): Promise<BridgeProcess> {
    if (this.#isClosed) throw new SqlFailure('the bridge to JDBC is closed', { sqlstate: '57P01', isFatal: true });
    this.#process ??= BridgeProcess.start(this.#options, {
      frame: (frame) => this.#take(frame),
      ended: (why) => this.#ended(why),
    });
    const process = this.#process;
    try {
      return await process;
    } catch (cause) {
      if (this.#process === process) this.#process = undefined;
      throw new SqlFailure((cause as Error).message, { sqlstate: '08001', isFatal: true, cause });
    }
  }

  #take({ type, connection, body }: Frame): void {
    this.#connections.get(connection)?.take(type, body);
  }

  #ended(why: string): void {
    this.#process = undefined;
    for (const connection of this.#connections.values()) connection.gone(`the bridge to JDBC is gone: ${why}`);
    this.#connections.clear();
  }
}
