import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@medrex/coded-error';
import { createTelemetry, type Telemetry } from './telemetry.ts';

// Identifiers as they stand in FHIR and HL7 input: names, record and insurance numbers, dates, addresses, free text.
const planted = [
  'Abdul Koepp',
  'KOEPP^ABDUL',
  'Koepp',
  'MRN-00471108',
  '00471108',
  '999-12-3456',
  '999123456',
  '1957-03-12',
  '19570312',
  'abdul.koepp@example.org',
  '+1-555-201-7731',
  '12 Elm Street',
  'urn:uuid:e925b0f3-8006-43f6-aa31-94bd215e55e7',
  'Patient reports chest pain since Tuesday',
  'Patient?identifier=urn:mrn|00471108',
  '{"family":"Koepp"}',
];

interface Output {
  readonly telemetry: Telemetry;
  /** Everything that has left so far. */
  readonly text: () => Promise<string>;
}

function observed(isPretty: boolean): Output {
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: 'ingest',
    traceRatio: 1,
    logLevel: 'debug',
    keepSpans: true,
    isPretty,
    writeLog: (line) => lines.push(line),
  });
  const text = async (): Promise<string> =>
    [...lines, JSON.stringify(telemetry.tracing.finished()), await telemetry.metrics.text()].join('\n');
  return { telemetry, text };
}

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Code that was written without the types: whatever it passes must stay inside. */
const untyped = (fields: object | string): never => fields as never;

/** Every way in which a value can be handed to the telemetry. */
function leak({ log, metrics, tracing }: Telemetry, secret: string): void {
  const coded = new CodedError(
    { code: 'X_FAILED', retryable: true, meaning: '', remedy: secret },
    `message of ${secret} failed`,
    { cause: new Error(secret) },
  );
  const foreign = Object.assign(new SyntaxError(`Unexpected token in ${secret}\n    at ${secret} (file:1:1)`), {
    code: secret,
    detail: secret,
  });
  const shapes = [secret, [secret], { [secret]: 1 }, { text: secret }, [{ text: secret }]];
  for (const name of [
    'patient',
    'reason',
    'kind',
    'key',
    'opId',
    'pseudonym',
    'topic',
    'route',
    'url',
    'code',
    'version',
    'peer',
    'byClass',
    'operations',
    'isNew',
    secret,
  ]) {
    for (const shape of shapes) {
      log.info(untyped({ [name]: shape }), 'message taken in');
      log.child(untyped({ [name]: shape })).debug({}, 'message taken in');
      const span = tracing.startSpan('ingest accept', {
        attributes: untyped({ [name]: shape }),
        links: [secret, parent],
      });
      span.set(untyped({ [name]: shape }));
      span.fail(coded);
      span.end();
      tracing.startSpan('ingest accept', { parent: secret.padEnd(54, ' ') + '1' }).end();
    }
  }
  log.error(untyped({ error: coded, message: secret, time: secret, service: 'ingest' }), 'message failed');
  for (const error of [
    foreign,
    secret,
    { message: secret, stack: secret, name: secret },
    new Error('x', { cause: foreign }),
  ]) {
    log.error({ error }, 'message failed');
    const span = tracing.startSpan('ingest accept');
    span.fail(error);
    span.end();
  }
  const name = `medrex_planted_${planted.indexOf(secret)}_total`;
  const { taken } = metrics.define({ taken: { name, kind: 'counter', help: 'Taken.', labels: { class: ['cpoe'] } } });
  taken.inc(untyped({ class: secret, [secret]: secret }));
  taken.inc({ class: 'cpoe' }, untyped(secret));
}

describe('planted identifiers', () => {
  it.each([
    ['JSON', false],
    ['readable', true],
  ])('are found in no log line (%s), span or metric', async (_format, isPretty) => {
    const { telemetry, text } = observed(isPretty);
    for (const secret of planted) leak(telemetry, secret);
    const output = await text();
    expect(output).toContain('message taken in');
    expect(output).toContain('X_FAILED');
    for (const secret of planted) expect(output).not.toContain(secret);
    expect(output).toMatch(/fields_dropped_total\{exporter="log",reason="undeclared"\} [1-9]/);
    expect(output).toMatch(/fields_dropped_total\{exporter="log",reason="unfit"\} [1-9]/);
    expect(output).toMatch(/fields_dropped_total\{exporter="span",reason="unfit"\} [1-9]/);
    expect(output).toMatch(/metric_misuses_total\{misuse="label"\} [1-9]/);
    expect(output).toMatch(/metric_misuses_total\{misuse="value"\} [1-9]/);
    expect(output).toContain('{class="other"} ');
  });

  it('would be found if they leaked: the search works', async () => {
    const { telemetry, text } = observed(false);
    telemetry.log.info({ reason: 'chest-pain' }, 'message taken in');
    telemetry.tracing.startSpan('ingest accept', { attributes: { pseudonym: 'a'.repeat(32) } }).end();
    expect(await text()).toContain('chest-pain');
    expect(await text()).toContain('a'.repeat(32));
  });
});
