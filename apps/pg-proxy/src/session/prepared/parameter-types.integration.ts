import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import {
  backend as from,
  bind,
  describe as describeIt,
  execute,
  query,
  readParameterDescription,
  readReport,
  sync,
} from '@medrex/pg-wire';
import { prepare, run } from '../../testing/asked.ts';
import { RealRig } from '../../testing/real-rig.ts';
import { WireClient } from '../../testing/wire-client.ts';

/** Others have not prepared it before. */
let own = 0;
const told = (name: string, text: string): Buffer =>
  Buffer.concat([prepare(name, `${text} /* ${own} */`), describeIt({ kind: 'statement', name }), sync()]);
/** Seven, as an int4 in binary. */
const runWithSeven = (statement: string): Buffer =>
  Buffer.concat([
    bind({
      portal: '',
      statement,
      parameterFormats: [1],
      parameters: [Buffer.from([0, 0, 0, 7])],
      resultFormats: [],
    }),
    execute({ portal: '', rowsMax: 0 }),
    sync(),
  ]);

/** Errors are told with the function of the server that says them: drivers go by it. */
function wordOf(type: number, message: Buffer): string | undefined {
  if (type === from.errorResponse) {
    const { sqlstate, routine } = readReport(message, 0, message.length)!;
    return `${sqlstate} ${routine}`;
  }
  if (type === from.readyForQuery) return 'Z';
  if (type === from.commandComplete) return message.toString('latin1', 5, message.length - 1);
  if (type === from.dataRow) return message.toString('latin1', 11);
  if (type === from.parameterDescription) return `t ${readParameterDescription(message, 0, message.length)?.join()}`;
  return undefined;
}

describeReal('POSTGRES', 'a client binds by the types that it was told', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 6);
  });
  afterAll(() => rig.close());

  const open = async (href: string): Promise<WireClient> => {
    const url = new URL(href);
    const [user, password] = [url.username, url.password === '' ? 'secret' : url.password].map(decodeURIComponent);
    const to = { port: Number(url.port), user: user!, password: password!, database: url.pathname.slice(1) };
    const client = WireClient.open({ ...to, wordOf, parameters: { options: `-c search_path=${rig.schema}` } });
    await client.until('Z');
    return client;
  };

  /** Each step meets a backend that nobody had before. */
  const answersOf = async (href: string, steps: readonly (Buffer | string)[]): Promise<string[][]> => {
    own++;
    const ddl = await open(where);
    await ddl.ask(query('drop table if exists p; create table p (a int)'));
    const client = await open(href);
    const holders: WireClient[] = [];
    const answers: string[][] = [];
    for (const step of steps) {
      if (typeof step === 'string') {
        await ddl.ask(query(step));
        continue;
      }
      answers.push(await client.ask(step));
      const holder = await open(rig.url);
      await holder.ask(query('begin; select 1'));
      holders.push(holder);
    }
    for (const each of [ddl, client, ...holders]) each.close();
    return answers;
  };

  it.each(['s', ''])('although the column has another type since, by statement "%s"', async (name) => {
    const insert = told(name, 'insert into p values ($1)');
    const steps = [
      ...[insert, 'alter table p alter a type real', runWithSeven(name)],
      ...[Buffer.concat([describeIt({ kind: 'statement', name }), sync()]), query('select a from p')],
    ];
    const direct = await answersOf(where, steps);
    expect(direct).toEqual([
      ['t 23', 'Z'],
      ['INSERT 0 1', 'Z'],
      ['t 23', 'Z'],
      ['7', 'SELECT 1', 'Z'],
    ]);
    expect(await answersOf(rig.url, steps)).toEqual(direct);
  });

  it('and is told each time as by the server if its search_path finds another table', async () => {
    const other = `${rig.schema}_other`;
    const way = (path: string): Buffer => query(`set search_path to ${path}`);
    const runs = Buffer.concat([run('r'), sync()]);
    const steps = [
      `drop schema if exists ${other} cascade; create schema ${other}; create table ${other}.p (a real)`,
      ...[told('s', 'insert into p values ($1)'), told('r', 'select a from p'), runs],
      ...[way(other), runWithSeven('s'), runs],
      ...[way(rig.schema), runWithSeven('s'), runs],
    ];
    // Six backends: what was held is free again for these.
    const again = [way(other), runs, way(rig.schema), runs];
    const at = async (href: string): Promise<string[][]> => [
      ...(await answersOf(href, steps.slice(0, 6))),
      ...(await answersOf(href, [steps[1]!, steps[2]!, ...again])),
    ];
    const direct = await at(where);
    expect(direct.flat()).toContain('0A000 RevalidateCachedQuery');
    expect(await at(rig.url)).toEqual(direct);
    const ddl = await open(where);
    await ddl.ask(query(`drop schema ${other} cascade`));
    ddl.close();
  });

  it('until tables change outside of the proxy: clients that prepare then are not bound to what others prepared', async () => {
    own++;
    const text = 'insert into changed values ($1)';
    await rig.direct.query(`create table ${rig.schema}.changed (a text)`);
    const [former, later] = [await open(rig.url), await open(rig.url)];
    await former.ask(told('s', text));
    expect(await former.ask(run('s'), sync())).toEqual(['08P01 exec_bind_message', 'Z']);
    await rig.direct.query(`alter table ${rig.schema}.changed alter a type json using a::json`);
    const bound = bind({
      portal: '',
      statement: 's',
      parameterFormats: [0],
      parameters: [Buffer.from('{}')],
      resultFormats: [],
    });
    const runIt = Buffer.concat([bound, execute({ portal: '', rowsMax: 0 }), sync()]);
    expect(await former.ask(runIt)).toEqual(['42804 transformAssignedExpr', 'Z']);
    expect(await later.ask(told('s', text))).toEqual(['t 114', 'Z']);
    expect(await later.ask(runIt)).toEqual(['INSERT 0 1', 'Z']);
    for (const client of [former, later]) client.close();
  });
});
