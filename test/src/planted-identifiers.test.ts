import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { medrex } from './harness/command-line.ts';
import { eventually } from './harness/eventually.ts';
import { filesBelow, plantedAnywhereIn, plantedIn, plantedInFiles } from './harness/find-planted.ts';
import { readLeftBehind } from './harness/left-behind.ts';
import { OtlpReceiver } from './harness/otlp-receiver.ts';
import { planted } from './harness/planted.ts';
import { PlantedTraffic } from './harness/planted-traffic.ts';
import { serviceNames, Stack } from './harness/stack.ts';

let stack: Stack;
let traces: OtlpReceiver;
let traffic: PlantedTraffic;
let stream = '';
const commands: string[] = [];

/** Collects all streamed outcomes until the signal aborts. */
async function listen(signal: AbortSignal): Promise<void> {
  const response = await fetch(`${stack.url('ingest', 'api')}/v1/outcomes`, { signal });
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of response.body ?? []) stream += decoder.decode(chunk as Uint8Array, { stream: true });
  })().catch(() => undefined);
}

async function command(...args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await medrex(args);
  commands.push(stdout, stderr);
}

/** Sends, settles and stops everything before the first test. */
beforeAll(async () => {
  traces = await OtlpReceiver.start();
  const env = { MEDREX_OTLP_URL: traces.url, MEDREX_TRACE_RATIO: '1', INGEST_OFFLOAD_BYTES: '30000' };
  stack = new Stack(env);
  await stack.start();
  traffic = new PlantedTraffic(stack);
  const listening = new AbortController();
  await listen(listening.signal);
  await traffic.everyTypeOverFhir();
  await traffic.everyTypeInBundlesAndLines();
  await traffic.intakeTopics();
  await traffic.namedByIdentifiers();
  const dead = await traffic.duplicatesAndDead();
  await traffic.wrongRequests();
  await eventually('everything is terminal', async () => {
    const text = await (await fetch(`${stack.url('ingest', 'api')}/metrics`)).text();
    return /^medrex_ingest_live_operations 0$/m.test(text);
  });
  await traffic.pages();
  const url = ['--url', stack.url('ingest', 'api')];
  await command('dlq', 'list', ...url);
  await command('dlq', 'show', dead, ...url);
  await command('dlq', 'resend', dead, ...url);
  await command('tx', dead, ...url);
  await command('erase', '--patient', `urn:hospital:mrn|${planted.recordNumber}`, '--yes', '--data', stack.folder);
  listening.abort();
  await stack.stop();
}, 180_000);

afterAll(async () => {
  await stack.remove();
  await traces.close();
});

describe('identifiers planted in messages', () => {
  it('are found by the search where they must be: in the intake topics', () => {
    const intake = filesBelow(join(stack.folder, 'log', 'intake'));
    const found = plantedInFiles(join(stack.folder, 'log', 'intake'), intake).map((one) => one.replace(/.*: /, ''));
    expect(new Set(found)).toEqual(new Set(Object.keys(planted)));
    const coded = Buffer.from(`{"a":"${planted.family}"}`);
    expect(plantedIn(coded.toString('base64'))).toEqual(['family']);
    expect(plantedIn(`..${coded.subarray(1).toString('base64')}..${coded.subarray(2).toString('base64')}`)).toEqual([
      'family',
    ]);
    expect(plantedIn(coded.toString('hex'))).toEqual(['family']);
    expect(plantedAnywhereIn([new Map([['a', { [planted.given]: { b: coded } }]])])).toEqual(['given', 'family']);
  });

  it('are in no file, including the vault, except for the topics of hospitals', () => {
    const files = filesBelow(stack.folder).filter((path) => !path.startsWith(join('log', 'intake')));
    for (const part of ['log/medrex.operations.v1', 'log/medrex.dead-letters.v1', 'ledger/', 'status/', 'vault/'])
      expect(files.some((path) => path.startsWith(part))).toBe(true);
    expect(plantedInFiles(stack.folder, files)).toEqual([]);
  });

  it('are nowhere in the decoded content of the files', async () => {
    const written = await readLeftBehind(stack);
    const { operations, receipts, blocks, state } = written;
    const counts = [operations.length, receipts.length, state.size, blocks.length];
    expect(counts.map((count, at) => count > ([150, 50, 200, 20][at] ?? 0))).toEqual([true, true, true, true]);
    // A receipt only contains the name of its message.
    expect(receipts.some(({ source }) => source === `urn:${planted.family}`)).toBe(true);
    const unnamed = receipts.map(({ source, id, ...rest }) => [source.length, id.length, rest]);
    expect(plantedAnywhereIn({ ...written, receipts: unnamed })).toEqual([]);
  });

  it.each(serviceNames)('are not in the output of %s', (name) => {
    const { output } = stack.service(name);
    expect(output.length).toBeGreaterThan(100);
    expect(plantedIn(output)).toEqual([]);
  });

  it('are in no span, with every message traced', () => {
    const { received } = traces;
    for (const service of ['ingest', 'orderer-dag']) expect(received.includes(service)).toBe(true);
    expect(plantedIn(received)).toEqual([]);
  });

  it('are in no answer except that of FHIR to the sender of a resource', () => {
    const errors = traffic.exchanges.filter(({ status }) => status >= 400);
    expect(errors.length).toBeGreaterThan(150);
    const answers = traffic.exchanges.filter(({ status, what }) => status >= 400 || !/\/fhir/.test(what));
    const leaks = answers.flatMap(({ what, text, headers }) =>
      plantedIn(text + headers).map((name) => `${what}: ${name}`),
    );
    expect(leaks).toEqual([]);
  });

  it('are in no streamed outcome, except for the name of its message', () => {
    expect(stream.match(/^event: outcome$/gm)?.length).toBeGreaterThan(100);
    expect(plantedIn(stream.replaceAll(/"source":"[^"]*","id":"[^"]*"/g, ''))).toEqual([]);
  });

  it('are not in the output of the command line about operations', () => {
    expect(commands.join('')).toContain('EXPIRED');
    expect(plantedIn(commands.join('\n'))).toEqual([]);
  });
});
