import { expect, it } from '@jest/globals';
import { describeReal, eventually, seededRandom } from '@medrex/contracts/testing';
import { Pools } from '@medrex/pool';
import pg from 'pg';
import { Classifier } from './scheduling/classifier.ts';
import { ClassRoutes } from './scheduling/class-routes.ts';
import { BackendAnswers } from './session/backend/backend-answers.ts';
import { ExpectedAnswers } from './session/backend/expected-answers.ts';
import { ClientMessages } from './session/client/client-messages.ts';
import { ClientRequests } from './session/client/client-requests.ts';
import { ClientSession } from './session/client/client-session.ts';
import { Request } from './session/client/request.ts';
import { DatabaseCode } from './session/code/database-code.ts';
import { SessionTracker } from './session/state/session-tracker.ts';
import { ClientStatements } from './session/prepared/client-statements.ts';
import { holds } from './testing/proxy-rig.ts';
import { RealRig } from './testing/real-rig.ts';

const seed = Number(process.env['MEDREX_FAULT_SEED'] ?? 1);
const faultsMin = Number(process.env['MEDREX_FAULTS'] ?? 150);
/** One call in so many fails. */
const rate = 400;
/** On a busy machine. */
const longMs = 60_000;

const parts = {
  BackendAnswers,
  Classifier,
  ClassRoutes,
  ClientMessages,
  ClientRequests,
  ClientSession,
  ClientStatements,
  ExpectedAnswers,
  Pools,
  Request,
  SessionTracker,
  DatabaseCode,
};
/** What opens a backend and what ends one: nobody is there yet, or any more, whose error it could be. */
const left = new Set(['constructor', 'abandon', 'closed', 'isClassUpstream', 'left', 'clientLeft']);

/** Makes methods of the data path fail at random, before they have done their work or after it. */
class Faults {
  isOn = false;
  count = 0;
  readonly #random = seededRandom(seed);

  constructor() {
    for (const { prototype } of Object.values(parts))
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
        if (typeof value === 'function' && !left.has(name)) this.#disturb(prototype, name, value as () => unknown);
  }

  #disturb(prototype: object, name: string, method: (...given: unknown[]) => unknown): void {
    const isDue = (): boolean => this.isOn && this.#random() < 1 / rate;
    const fail = (): never => {
      this.count++;
      throw new TypeError(`${name} fails`);
    };
    const value = function (this: unknown, ...given: unknown[]): unknown {
      if (isDue()) fail();
      const done = method.apply(this, given);
      if (isDue()) fail();
      return done;
    };
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

describeReal('POSTGRES', 'internal errors at random places of the data path', (where) => {
  it('affect only those concerned: nobody gets a wrong answer, nothing is lost or leaked, and the others go on', async () => {
    const faults = new Faults();
    const rig = await RealRig.start(where, 'transaction', 4);
    const table = `${rig.schema}.counters`;
    let [committed, unknown, isOver] = [0, 0, false];
    const wrong: unknown[] = [];
    const client = async (): Promise<pg.Client> => {
      const one = new pg.Client({ connectionString: rig.url });
      one.on('error', () => undefined);
      await one.connect();
      return one;
    };
    const count = async (one: pg.Client, place: number): Promise<void> => {
      await one.query('begin');
      await one.query({ name: 'count', text: `update ${table} set n = n + 1 where id = $1`, values: [place] });
      unknown++;
      await one.query('commit');
      unknown--;
      committed++;
    };
    const ask = async (one: pg.Client, place: number): Promise<void> => {
      const { rows } = await one.query<{ n: number }>({
        name: 'ask',
        text: 'select $1::int + 1 as n',
        values: [place],
      });
      const simple = await one.query<{ n: number }>(`select ${place} as n`);
      if (rows[0]?.n !== place + 1 || simple.rows[0]?.n !== place) wrong.push(rows, simple.rows);
    };
    const work = async (place: number): Promise<void> => {
      for (let one: pg.Client | undefined; !isOver;) {
        try {
          one ??= await client();
          await ask(one, place);
          await count(one, place);
        } catch {
          one?.end().catch(() => undefined);
          one = undefined;
        }
      }
    };
    try {
      await rig.direct.query(`create table ${table} as select id, 0 as n from generate_series(1, 12) id`);
      const workers = Array.from({ length: 12 }, (_, place) => work(place + 1));
      faults.isOn = true;
      await eventually(() => faults.count > faultsMin, longMs);
      faults.isOn = false;
      const soFar = committed;
      await eventually(() => committed > soFar + 100, longMs);
      isOver = true;
      await Promise.all(workers);
      expect(wrong).toEqual([]);
      const { rows } = await rig.direct.query<{ n: number }>(`select sum(n)::int as n from ${table}`);
      expect(rows[0]?.n).toBeGreaterThanOrEqual(committed);
      expect(rows[0]?.n).toBeLessThanOrEqual(committed + unknown);
      await holds(() => {
        const { active, resetting, waiting } = rig.running.proxy.host.pools.totals(0);
        expect({ active, resetting, waiting }).toEqual({ active: 0, resetting: 0, waiting: 0 });
      });
    } finally {
      faults.isOn = false;
      isOver = true;
      await rig.close();
    }
  }, 120_000);
});
