import { expect } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from './real-rig.ts';

export type Connect = (options?: pg.ClientConfig) => Promise<pg.Client>;
export type Asked = string | pg.QueryConfig;

/** Everything that a driver can show about an answer; names of the rig's schema are the same on both sides. */
export async function answer(client: pg.Client, asked: Asked): Promise<unknown> {
  try {
    const results = (await client.query(asked)) as unknown as pg.QueryResult | pg.QueryResult[];
    return [results].flat().map(({ command, rowCount, rows, fields }) => {
      const columns = fields.map(({ name, dataTypeID, dataTypeSize, format }) => [
        name,
        dataTypeID,
        dataTypeSize,
        format,
      ]);
      return { command, rowCount, rows: rows as unknown, columns };
    });
  } catch (error) {
    const { code, message, detail, hint, position, severity, constraint, table, column, routine } =
      error as pg.DatabaseError;
    return { code, message, detail, hint, position, severity, constraint, table, column, routine };
  }
}

/**
 * Runs what a driver does, once directly and once through the proxy in transaction mode, where another client makes sure that it gets
 * another backend after each step.
 */
export class BothWays {
  readonly rig: RealRig;
  readonly other: pg.Client;
  #isBusy = false;

  private constructor(rig: RealRig, other: pg.Client) {
    this.rig = rig;
    this.other = other;
  }

  static async start(where: string): Promise<BothWays> {
    const rig = await RealRig.start(where, 'transaction', 4);
    return new BothWays(rig, await rig.client());
  }

  close(): Promise<void> {
    return this.rig.close();
  }

  /** Gives the next request another backend than before. */
  async shuffle(): Promise<void> {
    await this.other.query(this.#isBusy ? 'commit' : 'begin; select 1');
    this.#isBusy = !this.#isBusy;
  }

  async run(connect: Connect, steps: readonly Asked[], options?: pg.ClientConfig): Promise<unknown[]> {
    const client = await connect(options);
    const answers: unknown[] = [];
    for (const step of steps) {
      answers.push(await answer(client, step));
      await this.shuffle();
    }
    return answers;
  }

  async alone(script: (connect: Connect) => Promise<unknown>, connect: Connect): Promise<unknown> {
    const clients: pg.Client[] = [];
    const answers = await script(async (options) => {
      const client = await connect(options);
      clients.push(client);
      return client;
    });
    await Promise.all(clients.map((client) => client.end()));
    return answers;
  }

  async tables(): Promise<void> {
    const { direct, schema } = this.rig;
    await direct.query(`drop table if exists ${schema}.serial, ${schema}.plain`);
    await direct.query(`create table ${schema}.serial (id serial primary key, note text not null unique)`);
    await direct.query(`create table ${schema}.plain (a int check (a > 0), b text)`);
  }

  unpinned(): Promise<unknown> {
    return eventually(() => this.rig.running.proxy.host.pools.totals(0).pinned === 0);
  }

  /** Expects the same result directly and through the proxy. */
  async same(script: (connect: Connect) => Promise<unknown>): Promise<unknown> {
    await this.tables();
    const direct = await this.alone(script, (options) => this.rig.directClient(options));
    await this.tables();
    expect(await this.alone(script, (options) => this.rig.client(options))).toEqual(direct);
    return direct;
  }

  sameSteps(steps: readonly Asked[], options?: pg.ClientConfig): Promise<unknown> {
    return this.same((connect) => this.run(connect, steps, options));
  }
}
