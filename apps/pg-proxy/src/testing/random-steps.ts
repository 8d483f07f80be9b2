import {
  bind,
  close,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  functionCall,
  parse,
  query,
  sync,
} from '@medrex/pg-wire';
import fc from 'fast-check';
import { endlessTexts, randomCalls, randomTexts } from './random-texts.ts';

/** What a client sends; numbers stand for statements of the run until these are chosen. */
type Unit =
  | { readonly is: 'query'; readonly text: number }
  | { readonly is: 'parse'; readonly name: string; readonly text: number }
  | {
      readonly is: 'bind';
      readonly portal: string;
      readonly name: string;
      readonly values: readonly (string | null)[];
      readonly formats: readonly number[];
    }
  | { readonly is: 'execute'; readonly portal: string; readonly rowsMax: number }
  | { readonly is: 'describe' | 'close'; readonly kind: 'statement' | 'portal'; readonly name: string }
  | {
      readonly is: 'copy';
      readonly byQuery: boolean;
      /** Read as latin1. */
      readonly data: string;
      readonly isBinary: boolean;
      readonly end: 'done' | 'fail';
    }
  | { readonly is: 'call'; readonly which: number }
  | { readonly is: 'sync' | 'flush' };

export type Step = {
  readonly client: number;
  /** Where the bytes are cut in two, as a fraction of the whole. */
  readonly cut: number;
  /** The pause between the parts: long enough for an answer to the first, or not. */
  readonly pauseMs: number;
} & (
  | { readonly does: 'send'; readonly units: readonly Unit[]; readonly isOpen: boolean }
  /** Cancels a statement that does not end by itself, in one of two protocols, or none. */
  | { readonly does: 'cancel'; readonly text: string | undefined; readonly isExtended: boolean }
  /** Leaves, with a goodbye, without one, or within a message; another client then comes. */
  | { readonly does: 'leave'; readonly how: 'politely' | 'abruptly' | 'torn' }
);

const text = fc.nat(10_000);
const name = fc.constantFrom('', 'n1', 'n2', 'n3');
const portal = fc.constantFrom('', '', 'p1', 'p2');
const values = fc.array(fc.constantFrom('1', '2', '7', 'x', null), { maxLength: 2 });
const formats = fc.constantFrom<number[]>([], [], [0], [1]);
const rowsMax = fc.constantFrom(0, 0, 0, 1, 2, 5);

const unit: fc.Arbitrary<readonly Unit[]> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant('parse' as const), name, text }).map((one) => [one]) },
  {
    weight: 8,
    arbitrary: fc.record({ name, portal, values, formats, rowsMax }).map(({ rowsMax: most, ...bound }): Unit[] => [
      { is: 'bind', ...bound },
      { is: 'execute', portal: bound.portal, rowsMax: most },
    ]),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('execute' as const), portal, rowsMax }).map((one) => [one]) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('statement' as const, 'portal' as const).chain((of) =>
      fc
        .record({
          is: fc.constantFrom('describe' as const, 'describe' as const, 'close' as const),
          kind: fc.constant(of),
          name: of === 'portal' ? portal : name,
        })
        .map((one) => [one]),
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom({ is: 'sync' as const }, { is: 'flush' as const }).map((one) => [one]) },
  { weight: 2, arbitrary: text.map((at): Unit[] => [{ is: 'query', text: at }]) },
);

/** A statement as a driver sends it. */
const driven = fc
  .record({ name, text, values, formats, rowsMax: fc.constantFrom(0, 0, 0, 2), isDescribed: fc.boolean() })
  .map(({ name: of, text: at, values: all, formats: as, rowsMax: most, isDescribed }): Unit[] => [
    { is: 'parse', name: of, text: at },
    { is: 'bind', portal: '', name: of, values: all, formats: as },
    ...(isDescribed ? [{ is: 'describe' as const, kind: 'portal' as const, name: '' }] : []),
    { is: 'execute', portal: '', rowsMax: most },
  ]);
/** 4 and b in the format of COPY BINARY. */
const binaryRow = `PGCOPY\n\xff\r\n\0${'\0'.repeat(8)}\0\x02\0\0\0\x04\0\0\0\x04\0\0\0\x01b\xff\xff`;
const copied = fc.record({
  is: fc.constant('copy' as const),
  byQuery: fc.boolean(),
  data: fc.constantFrom('', '5\ta\n6\tb\n', 'x\n', `9\t${'y'.repeat(9_000)}\n`, binaryRow, binaryRow.slice(0, 25)),
  isBinary: fc.boolean(),
  end: fc.constantFrom('done' as const, 'done' as const, 'fail' as const),
});

/** Rows of a portal in parts, with other requests in between. */
const walked = fc
  .record({
    name,
    text,
    values,
    portal: fc.constantFrom('p1', 'p2'),
    parts: fc.array(rowsMax, { minLength: 2, maxLength: 4 }),
  })
  .map(({ name: of, text: at, values: all, portal: as, parts }): Unit[] => [
    { is: 'parse', name: of, text: at },
    { is: 'bind', portal: as, name: of, values: all, formats: [] },
    ...parts.flatMap((most): Unit[] => [
      { is: 'execute', portal: as, rowsMax: most },
      { is: 'flush' },
      ...(most === 5 ? [{ is: 'describe', kind: 'portal', name: as } as const] : []),
    ]),
  ]);
/** A pipeline with simple queries between its parts. */
const mixed = fc
  .array(
    fc.oneof(
      driven,
      text.map((at): Unit[] => [{ is: 'query', text: at }]),
    ),
    { minLength: 2, maxLength: 5 },
  )
  .map((all) => all.flat());

const send = (units: fc.Arbitrary<readonly Unit[]>, isOpen = false) =>
  fc.record({ does: fc.constant('send' as const), units, isOpen: fc.constant(isOpen) });
const what = (isSent: (text: string) => boolean) =>
  fc.oneof(
    { weight: 16, arbitrary: send(text.map((at): Unit[] => [{ is: 'query', text: at }])) },
    { weight: 8, arbitrary: send(driven) },
    { weight: 8, arbitrary: send(fc.array(unit, { minLength: 1, maxLength: 6 }).map((all) => all.flat())) },
    { weight: 2, arbitrary: send(fc.array(driven, { minLength: 2, maxLength: 4 }).map((all) => all.flat())) },
    { weight: 2, arbitrary: send(walked) },
    { weight: 2, arbitrary: send(mixed) },
    {
      weight: 2,
      arbitrary: send(
        fc.array(unit, { minLength: 1, maxLength: 3 }).map((all) => all.flat()),
        true,
      ),
    },
    { weight: 2, arbitrary: send(copied.map((one) => [one])) },
    { weight: 1, arbitrary: send(fc.nat(randomCalls.length - 1).map((which) => [{ is: 'call', which }])) },
    {
      weight: 1,
      arbitrary: fc.record({
        does: fc.constant('cancel' as const),
        text: fc.constantFrom(undefined, ...endlessTexts.filter(isSent)),
        isExtended: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        does: fc.constant('leave' as const),
        how: fc.constantFrom('politely' as const, 'abruptly' as const, 'torn' as const),
      }),
    },
  );

export interface Session {
  /** Few in one run, so that they meet. */
  readonly texts: readonly string[];
  readonly steps: readonly Step[];
}

/** Several statements in one text. */
const joined = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...texts), { minLength: 2, maxLength: 4 }).map((some) => some.join('; '));

/** @param isSent whether a text may be sent */
export const session = (clients: number, isSent: (text: string) => boolean = () => true): fc.Arbitrary<Session> =>
  fc.record({
    texts: fc
      .shuffledSubarray(randomTexts.filter(isSent), { minLength: 24, maxLength: 24 })
      .chain((texts) => fc.array(joined(texts), { minLength: 6, maxLength: 6 }).map((more) => [...texts, ...more])),
    steps: fc.array(
      fc
        .tuple(
          fc.record({
            client: fc.nat(clients - 1),
            cut: fc.double({ min: 0, max: 1, noNaN: true }),
            pauseMs: fc.constantFrom(0, 0, 0, 5),
          }),
          what(isSent),
        )
        .map(([who, does]): Step => ({ ...who, ...does })),
      { minLength: 10, maxLength: 60, size: 'max' },
    ),
  });

/** The bytes to send, and how many ReadyForQuery answer them. */
export interface Bytes {
  readonly bytes: Buffer;
  readonly ready: number;
  /** If something was sent after the last Sync: the names that it prepares. */
  readonly pending: Set<string> | undefined;
  /** In words. */
  readonly said: string;
}

/**
 * Excludes texts that run themselves for ever, that EXECUTE would reset to start-up settings (which is not tracked), and whose columns
 * depend on what SQL has prepared by the time of the Parse: another backend prepares them later.
 */
const parsedText = ({ name: own, text: at }: { name: string; text: number }, textOf: (at: number) => string): string =>
  (own !== '' && (textOf(at).includes(own) || /\b(?:reset|default)\b/i.test(textOf(at)))) ||
  textOf(at).startsWith('execute p')
    ? 'select 1'
    : textOf(at);

/** @param named replaces marks in a text by names */
const bytesOf = (one: Unit, textOf: (at: number) => string, named: (text: string) => string): Buffer => {
  switch (one.is) {
    case 'query':
      return query(textOf(one.text));
    case 'parse':
      return parse({ name: one.name, text: parsedText(one, textOf), parameterTypes: [] });
    case 'bind': {
      const parameters = one.values.map((value) => (value === null ? null : Buffer.from(value)));
      return bind({
        portal: one.portal,
        statement: one.name,
        parameterFormats: [],
        parameters,
        resultFormats: one.formats,
      });
    }
    case 'execute':
      return execute(one);
    case 'describe':
      return describe(one);
    case 'close':
      return close(one);
    case 'copy': {
      const begin = `copy rows from stdin${one.isBinary ? ' (format binary)' : ''}`;
      const data = [copyData(Buffer.from(one.data, 'latin1')), one.end === 'done' ? copyDone() : copyFail('no')];
      if (one.byQuery) return Buffer.concat([query(begin), ...data]);
      const bound = bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] });
      const asked = [parse({ name: '', text: begin, parameterTypes: [] }), bound, execute({ portal: '', rowsMax: 0 })];
      // The unnamed statement must not run again without the data.
      return Buffer.concat([...asked, ...data, sync(), query('select 1')]);
    }
    case 'call': {
      const [functionId, ...texts] = randomCalls[one.which]!;
      const values = texts.map((text) => Buffer.from(named(text)));
      return functionCall({ functionId, argumentFormats: [], arguments: values, resultFormat: 0 });
    }
    case 'sync':
      return sync();
    case 'flush':
      return flush();
  }
};

/** How many ReadyForQuery answer it. */
const readyAfter = (one: Unit): number => {
  if (one.is === 'copy') return one.byQuery ? 1 : 2;
  return one.is === 'query' || one.is === 'sync' || one.is === 'call' ? 1 : 0;
};
const isAnsweredReady = (one: Unit): boolean => readyAfter(one) > 0;

const speaksOfUnnamedPortal = (one: Unit): boolean =>
  (one.is === 'execute' && one.portal === '') || (one.is === 'describe' && one.kind === 'portal' && one.name === '');

/**
 * The bytes to send. Server and client must agree on the number of ReadyForQuery: a Sync precedes what is skipped after an error, and
 * follows it. What follows a Sync does not refer to names prepared or closed before it, which may have been skipped: the proxy answers as
 * if they were not. The unnamed portal is used only where it was bound: after a Query has failed in a block, its portal still exists while
 * its query does not (PostgreSQL 15.20 then reads freed memory and crashes).
 *
 * @param pending names prepared or closed in requests that are not answered yet; this adds to them
 */
export function written(
  step: Step & { does: 'send' },
  pending: Set<string> | undefined,
  textOf: (at: number) => string,
  named: (text: string) => string,
): Bytes {
  const units: Unit[] = [];
  const parsed = pending ?? new Set<string>();
  let isOpen = pending !== undefined;
  let hasSynced = false;
  let isBound = false;
  for (const one of step.units) {
    if (speaksOfUnnamedPortal(one) && !isBound) continue;
    if (one.is === 'query' || one.is === 'copy') isBound = false;
    if (isOpen && isAnsweredReady(one) && one.is !== 'sync') units.push({ is: 'sync' });
    hasSynced ||= isAnsweredReady(one);
    const name = 'name' in one && one.name !== '' ? one.name : undefined;
    const text = 'text' in one ? textOf(one.text) : '';
    if (hasSynced && [...parsed].some((own) => own === name || text.includes(own))) continue;
    if ((one.is === 'parse' || one.is === 'close') && name !== undefined) parsed.add(name);
    if (one.is === 'bind' && one.portal === '') isBound = true;
    units.push(one);
    isOpen = !isAnsweredReady(one);
  }
  const isLeftOpen = isOpen && step.isOpen;
  if (isOpen && !step.isOpen) units.push({ is: 'sync' });
  const said = units
    .map((one) => ('text' in one ? JSON.stringify({ ...one, text: textOf(one.text) }) : JSON.stringify(one)))
    .join(' ');
  return {
    bytes: Buffer.concat(units.map((one) => bytesOf(one, textOf, named))),
    ready: units.reduce((sum, one) => sum + readyAfter(one), 0),
    pending: isLeftOpen ? parsed : undefined,
    said,
  };
}
