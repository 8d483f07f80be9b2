import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as wire from '../index.ts';

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const hex = (buffer: Buffer): string => buffer.toString('hex');

/** Messages and their bytes, by PostgreSQL's documentation of the formats. */
const golden: readonly (readonly [string, Buffer, string])[] = [
  ['SSLRequest', wire.sslRequest(), '00000008 04d2162f'],
  ['GSSENCRequest', wire.gssencRequest(), '00000008 04d21630'],
  ['CancelRequest', wire.cancelRequest(258, bytes('01020304')), '00000010 04d2162e 00000102 01020304'],
  ['StartupMessage 3.0', wire.startupMessage(0, [['user', 'u']]), '00000010 00030000 7573657200 7500 00'],
  ['StartupMessage 3.2', wire.startupMessage(2, []), '00000009 00030002 00'],
  [
    'BackendKeyData',
    wire.backendKeyData({ processId: 7, secretKey: bytes('0a0b0c0d') }),
    '4b 0000000c 00000007 0a0b0c0d',
  ],
  [
    'NegotiateProtocolVersion',
    wire.negotiateProtocolVersion({ minor: 2, declined: ['_pq_.x'] }),
    '76 00000013 00030002 00000001 5f70715f2e7800',
  ],
  ['AuthenticationOk', wire.authentication({ kind: 'ok' }), '52 00000008 00000000'],
  ['AuthenticationCleartextPassword', wire.authentication({ kind: 'cleartext' }), '52 00000008 00000003'],
  [
    'AuthenticationMD5Password',
    wire.authentication({ kind: 'md5', salt: bytes('01020304') }),
    '52 0000000c 00000005 01020304',
  ],
  ['AuthenticationSASL', wire.authentication({ kind: 'sasl', mechanisms: ['A'] }), '52 0000000b 0000000a 4100 00'],
  [
    'AuthenticationSASLContinue',
    wire.authentication({ kind: 'saslContinue', data: bytes('61') }),
    '52 00000009 0000000b 61',
  ],
  ['AuthenticationSASLFinal', wire.authentication({ kind: 'saslFinal', data: bytes('61') }), '52 00000009 0000000c 61'],
  ['PasswordMessage', wire.passwordMessage('ab'), '70 00000007 616200'],
  [
    'SASLInitialResponse',
    wire.saslInitialResponse({ mechanism: 'A', data: bytes('61') }),
    '70 0000000b 4100 00000001 61',
  ],
  ['SASLResponse', wire.saslResponse(bytes('6162')), '70 00000006 6162'],
  ['Query', wire.query('ab'), '51 00000007 616200'],
  ['ReadyForQuery', wire.readyForQuery(wire.transactionStatus.inside), '5a 00000005 54'],
  ['CommandComplete', wire.commandComplete('OK'), '43 00000007 4f4b00'],
  ['EmptyQueryResponse', wire.emptyQueryResponse(), '49 00000004'],
  [
    'RowDescription',
    wire.rowDescription([{ name: 'a', table: 1, attribute: 2, type: 23, typeSize: 4, typeModifier: -1, format: 0 }]),
    '54 0000001a 0001 6100 00000001 0002 00000017 0004 ffffffff 0000',
  ],
  ['DataRow', wire.dataRow([bytes('61'), null]), '44 0000000f 0002 00000001 61 ffffffff'],
  ['Parse', wire.parse({ name: 's', text: 'q', parameterTypes: [23] }), '50 0000000e 7300 7100 0001 00000017'],
  [
    'Bind',
    wire.bind({
      portal: '',
      statement: 's',
      parameterFormats: [1],
      parameters: [null, bytes('61')],
      resultFormats: [0],
    }),
    '42 0000001a 00 7300 0001 0001 0002 ffffffff 00000001 61 0001 0000',
  ],
  ['Describe', wire.describe({ kind: 'statement', name: 's' }), '44 00000007 53 7300'],
  ['Close', wire.close({ kind: 'portal', name: '' }), '43 00000006 50 00'],
  ['Execute', wire.execute({ portal: '', rowsMax: 5 }), '45 00000009 00 00000005'],
  ['Sync', wire.sync(), '53 00000004'],
  ['Flush', wire.flush(), '48 00000004'],
  ['ParseComplete', wire.parseComplete(), '31 00000004'],
  ['BindComplete', wire.bindComplete(), '32 00000004'],
  ['CloseComplete', wire.closeComplete(), '33 00000004'],
  ['NoData', wire.noData(), '6e 00000004'],
  ['PortalSuspended', wire.portalSuspended(), '73 00000004'],
  ['ParameterDescription', wire.parameterDescription([23]), '74 0000000a 0001 00000017'],
  [
    'CopyInResponse',
    wire.copyResponse({ direction: 'in', isBinary: false, columnFormats: [0] }),
    '47 00000009 00 0001 0000',
  ],
  [
    'CopyOutResponse',
    wire.copyResponse({ direction: 'out', isBinary: true, columnFormats: [] }),
    '48 00000007 01 0000',
  ],
  [
    'CopyBothResponse',
    wire.copyResponse({ direction: 'both', isBinary: false, columnFormats: [] }),
    '57 00000007 00 0000',
  ],
  ['CopyData', wire.copyData(bytes('61')), '64 00000005 61'],
  ['CopyDone', wire.copyDone(), '63 00000004'],
  ['CopyFail', wire.copyFail('a'), '66 00000006 6100'],
  [
    'ErrorResponse',
    wire.errorResponse({ severity: 'ERROR', sqlstate: '42601', message: 'm', position: '3' }),
    '45 00000020 534552524f5200 564552524f5200 43343236303100 4d6d00 503300 00',
  ],
  [
    'NoticeResponse',
    wire.noticeResponse({ severity: 'INFO', sqlstate: '00000', message: 'm' }),
    '4e 0000001b 53494e464f00 56494e464f00 43303030303000 4d6d00 00',
  ],
  ['ParameterStatus', wire.parameterStatus({ name: 'a', value: 'b' }), '53 00000008 6100 6200'],
  [
    'NotificationResponse',
    wire.notificationResponse({ processId: 1, channel: 'c', payload: 'p' }),
    '41 0000000c 00000001 6300 7000',
  ],
  [
    'FunctionCall',
    wire.functionCall({ functionId: 1, argumentFormats: [1], arguments: [bytes('61')], resultFormat: 1 }),
    '46 00000015 00000001 0001 0001 0001 00000001 61 0001',
  ],
  ['FunctionCallResponse', wire.functionCallResponse(bytes('61')), '56 00000009 00000001 61'],
  ['Terminate', wire.terminate(), '58 00000004'],
];

describe('messages', () => {
  it.each(golden)('writes %s as PostgreSQL does', (_name, written, expected) => {
    expect(hex(written)).toBe(expected.replaceAll(' ', ''));
  });

  it('writes the length of each message into it', () => {
    for (const [name, written] of golden) {
      const isTyped = written[0] !== 0;
      expect([name, written.readInt32BE(isTyped ? 1 : 0)]).toEqual([name, written.length - (isTyped ? 1 : 0)]);
    }
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((value) => !value.includes('\0'));
const byteText = fc
  .uint8Array({ maxLength: 60 })
  .map((value) => Buffer.from(value.filter((byte) => byte !== 0)).toString('latin1'));
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const data = fc.uint8Array({ maxLength: 80 }).map((value) => Buffer.from(value));
const values = fc.array(fc.option(data), { maxLength: 6 });
const formats = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 4 });
const key = fc.uint8Array({ minLength: 4, maxLength: 256 }).map((value) => Buffer.from(value));

type Reader<T> = (buffer: Buffer, start: number, end: number) => T | undefined;

/** Checks that a message is read back from any offset, and rejected if it is a byte too short or too long. */
function roundTrip<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  write: (value: T) => Buffer,
  read: Reader<T>,
  isOpen = false,
) {
  it(`reads ${name} back, and rejects a cut one`, () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(9), (value, before) => {
        const written = write(value);
        const framed = Buffer.concat([Buffer.alloc(before, 1), written, Buffer.alloc(3, 1)]);
        const end = before + written.length;
        expect(read(framed, before, end)).toEqual(value);
        if (isOpen) return;
        expect(read(framed, before, end - 1)).toBeUndefined();
        expect(read(framed, before, end + 1)).toBeUndefined();
      }),
    );
  });
}

describe('decoders', () => {
  roundTrip(
    'BackendKeyData',
    fc.record({ processId: word, secretKey: key }),
    wire.backendKeyData,
    wire.readBackendKeyData,
    true,
  );
  roundTrip(
    'NegotiateProtocolVersion',
    fc.record({ minor: fc.nat(0xffff), declined: fc.array(text, { maxLength: 4 }) }),
    wire.negotiateProtocolVersion,
    wire.readNegotiateProtocolVersion,
  );
  roundTrip(
    'Authentication',
    fc.oneof(
      fc.constantFrom({ kind: 'ok' as const }, { kind: 'cleartext' as const }),
      fc.record({ kind: fc.constant('md5' as const), salt: key.map((value) => value.subarray(0, 4)) }),
      fc.record({
        kind: fc.constant('sasl' as const),
        mechanisms: fc.array(
          text.filter((value) => value !== ''),
          { maxLength: 3 },
        ),
      }),
    ),
    wire.authentication,
    wire.readAuthentication as Reader<Parameters<typeof wire.authentication>[0]>,
  );
  roundTrip(
    'SASLInitialResponse',
    fc.record({ mechanism: text, data: fc.option(data) }),
    wire.saslInitialResponse,
    wire.readSaslInitialResponse,
  );
  roundTrip(
    'CommandComplete',
    byteText,
    (tag) => Buffer.concat([bytes('43'), lengthOf(tag), Buffer.from(`${tag}\0`, 'latin1')]),
    wire.readCommandComplete,
  );
  roundTrip(
    'RowDescription',
    fc.array(
      fc.record({
        name: text,
        table: word,
        attribute: fc.integer({ min: -32_768, max: 32_767 }),
        type: word,
        typeSize: fc.integer({ min: -2, max: 8 }),
        typeModifier: fc.integer(),
        format: fc.nat(1),
      }),
      { maxLength: 5 },
    ),
    wire.rowDescription,
    wire.readRowDescription,
  );
  roundTrip('DataRow', values, wire.dataRow, wire.readDataRow);
  roundTrip(
    'Parse',
    fc.record({ name: byteText, text: byteText, parameterTypes: fc.array(word, { maxLength: 5 }) }),
    wire.parse,
    wire.readParse,
  );
  roundTrip(
    'Bind',
    fc.record({
      portal: byteText,
      statement: byteText,
      parameterFormats: formats,
      parameters: values,
      resultFormats: formats,
    }),
    wire.bind,
    wire.readBind as Reader<wire.Bind>,
  );
  const named = fc.record({ kind: fc.constantFrom('statement' as const, 'portal' as const), name: byteText });
  roundTrip('Describe', named, wire.describe, wire.readTarget);
  roundTrip('Close', named, wire.close, wire.readTarget);
  roundTrip('Execute', fc.record({ portal: byteText, rowsMax: fc.integer() }), wire.execute, wire.readExecute);
  roundTrip(
    'ParameterDescription',
    fc.array(word, { maxLength: 5 }),
    wire.parameterDescription,
    wire.readParameterDescription,
  );
  roundTrip(
    'CopyResponse',
    fc.record({
      direction: fc.constantFrom('in' as const, 'out' as const, 'both' as const),
      isBinary: fc.boolean(),
      columnFormats: formats,
    }),
    wire.copyResponse,
    wire.readCopyResponse,
  );
  roundTrip('CopyFail', text, wire.copyFail, wire.readCopyFail);
  roundTrip('ParameterStatus', fc.record({ name: text, value: text }), wire.parameterStatus, wire.readParameterStatus);
  roundTrip(
    'NotificationResponse',
    fc.record({ processId: word, channel: text, payload: text }),
    wire.notificationResponse,
    wire.readNotification,
  );
  roundTrip(
    'FunctionCall',
    fc.record({ functionId: word, argumentFormats: formats, arguments: values, resultFormat: fc.nat(1) }),
    wire.functionCall,
    wire.readFunctionCall as Reader<wire.FunctionCall>,
  );
  roundTrip(
    'FunctionCallResponse',
    fc.record({ value: fc.option(data) }),
    ({ value }) => wire.functionCallResponse(value),
    wire.readFunctionCallResponse,
  );
  roundTrip(
    'ErrorResponse',
    fc.record(
      {
        severity: fc.constantFrom('ERROR' as const, 'FATAL' as const),
        sqlstate: fc.constant('42601'),
        message: text,
        detail: text,
        hint: text,
        table: text,
      },
      { requiredKeys: ['severity', 'sqlstate', 'message'] },
    ),
    wire.errorResponse,
    wire.readReport,
  );

  it('reads the SQLSTATE of an error whose end has not arrived', () => {
    const error = wire.errorResponse({ severity: 'ERROR', sqlstate: '57014', message: 'canceling statement' });
    expect(wire.readSqlstate(error, 0, error.length - 8)).toBe('57014');
    expect(wire.readSqlstate(error, 0, 21)).toBeUndefined();
  });

  it('renames the statement of a Parse and of a Bind', () => {
    fc.assert(
      fc.property(byteText, byteText, byteText, values, (name, other, portal, parameters) => {
        const statement = { name, text: 'select $1', parameterTypes: [25] };
        const written = wire.parse(statement);
        const renamed = wire.parseAs(other, wire.parseKey(written, 0, written.length));
        expect(wire.readParse(renamed, 0, renamed.length)).toEqual({ ...statement, name: other });
        const given = { portal, statement: name, parameterFormats: [], parameters, resultFormats: [1] };
        const original = wire.bind(given);
        const head = wire.readBindHead(original, 0, original.length)!;
        const moved = Buffer.concat([
          wire.rewriteBindHead(other, head, 0, original.length),
          original.subarray(head.formatsAt),
        ]);
        expect(moved.readInt32BE(1)).toBe(moved.length - 1);
        expect(wire.readBind(moved, 0, moved.length)).toEqual({ ...given, statement: other });
      }),
    );
  });

  it('does not allocate memory for a false count', () => {
    expect(wire.readDataRow(bytes('44 00000006 ffff'), 0, 7)).toBeUndefined();
    expect(wire.readNegotiateProtocolVersion(bytes('76 0000000c 00030000 7fffffff'), 0, 13)).toBeUndefined();
  });
});

function lengthOf(tag: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(tag.length + 5);
  return length;
}
