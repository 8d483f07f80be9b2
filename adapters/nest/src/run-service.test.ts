import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';

const fileOf = (program: string): string => fileURLToPath(new URL(`./testing/${program}`, import.meta.url));
const execArgv = ['--conditions=@medrex/source'];

interface Running {
  readonly child: ChildProcess;
  readonly messages: unknown[];
  /** Exit code, or the signal that ended it, and everything it printed. */
  readonly ended: Promise<{ readonly code: number | string; readonly out: string; readonly err: string }>;
}

function run(behaviour: string, program = 'service.ts'): Running {
  const child = fork(fileOf(program), [behaviour], { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const messages: unknown[] = [];
  const printed = { out: '', err: '' };
  child.on('message', (message) => messages.push(message));
  child.stdout?.on('data', (text) => (printed.out += String(text)));
  child.stderr?.on('data', (text) => (printed.err += String(text)));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: (code ?? signal) as number | string,
    ...printed,
  }));
  return { child, messages, ended };
}

const ready = { kind: 'ready', urls: { api: 'http://localhost:1' } };

describe('runService', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('says when it is ready, and closes the service at %s', async (signal) => {
    const { child, messages, ended } = run('well');
    await eventually(() => messages.length > 0);
    expect(messages).toEqual([ready]);
    child.kill(signal);
    expect(await ended).toEqual({ code: 0, out: 'closed\n', err: '' });
  });

  it('finishes its start before it stops', async () => {
    const { child, messages, ended } = run('slow start');
    await eventually(() => messages.includes('starting'));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, out: 'closed\n', err: '' });
    expect(messages).toEqual(['starting']);
  });

  it('ends at once on a second signal, and after the limit when the service does not close', async () => {
    const impatient = run('hangs');
    await eventually(() => impatient.messages.length > 0);
    impatient.child.kill('SIGTERM');
    impatient.child.kill('SIGINT');
    expect(await impatient.ended).toMatchObject({ code: 1, out: '' });
    const patient = run('hangs');
    await eventually(() => patient.messages.length > 0);
    patient.child.kill('SIGTERM');
    expect(await patient.ended).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^SERVICE_CLOSE_TIMEOUT: .*500 ms/),
    });
  });

  it('prints why it could not start', async () => {
    expect(await run('wrong configuration').ended).toEqual({ code: 1, out: '', err: 'PORT must be a number\n' });
  });

  it('ends with the exit code that the service chooses', async () => {
    expect(await run('ends itself').ended).toMatchObject({ code: 3, out: 'closed\n' });
  });

  it('prints an error of ours that nobody handled once, with its remedy', async () => {
    const err = 'VAULT_UNAVAILABLE: the vault is gone\nStart the vault.\n';
    expect(await run('rejects').ended).toEqual({ code: 1, out: '', err });
  });

  it('prints the place of any other error, but not its message, which may quote patient data', async () => {
    const { code, err } = await run('throws').ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^SyntaxError .*withheld/);
    expect(err).toMatch(/at .*trouble /);
    expect(err).not.toContain('Smith');
  });

  it('also runs as a thread, and stops at a message of its parent', async () => {
    const thread = new Worker(fileOf('service.ts'), { execArgv, workerData: 'well', stdout: true });
    expect((await once(thread, 'message'))[0]).toEqual(ready);
    thread.postMessage('stop');
    expect((await once(thread, 'exit'))[0]).toBe(0);
  });

  it('prints the error that ends a thread, although the thread ends at once', async () => {
    const err = 'VAULT_UNAVAILABLE: the vault is gone\nStart the vault.\n';
    expect(await run('rejects', 'service-in-thread.ts').ended).toEqual({ code: 1, out: '', err });
    expect(await run('ends itself', 'service-in-thread.ts').ended).toMatchObject({ code: 3, err: '' });
  });
});
