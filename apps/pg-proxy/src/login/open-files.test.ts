import { afterEach, describe, expect, it } from '@jest/globals';
import { query, terminate } from '@medrex/pg-wire';
import { execFileSync } from 'node:child_process';
import { ProxyRig } from '../testing/proxy-rig.ts';
import { connectionsMax, openFilesMax } from './open-files.ts';

describe('the limit of open files', () => {
  let rig: ProxyRig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  it('is read from the process', () => {
    const module = new URL('./open-files.ts', import.meta.url).href;
    const script = `import(${JSON.stringify(module)}).then(({ openFilesMax }) => console.log(openFilesMax()))`;
    const shell = `ulimit -n 123 && exec "${process.execPath}" -e '${script}'`;
    expect(execFileSync('sh', ['-c', shell], { encoding: 'utf8' }).trim()).toBe('123');
    expect(openFilesMax()).toBeGreaterThan(123);
  });

  it('leaves room for the next backend, and for at least one client', () => {
    expect(connectionsMax(1_024)).toBe(892);
    expect(connectionsMax(20)).toBe(1);
    expect(connectionsMax(Infinity)).toBe(Infinity);
  });

  it('refuses the client that would use the last file, and admits the next when one has left', async () => {
    rig = await ProxyRig.start({ filesMax: 36, config: { admin: { users: ['app'] } } });
    const first = await rig.in();
    await first.ask(query('select 1'));
    const second = await rig.in();
    const refused = 'FATAL 53300 sorry, too many clients already: pg-proxy may open only 36 files';
    expect(await rig.open().until('closed')).toEqual([refused]);
    expect(await rig.in({ database: 'pgbouncer' }).then((console) => console.ask(query('show version')))).toContain(
      'Z I',
    );
    expect(await second.ask(query('select 1'))).toContain('Z I');
    second.send(terminate());
    await second.until('closed');
    expect(await (await rig.in()).ask(query('select 1'))).toContain('Z I');
  });
});
