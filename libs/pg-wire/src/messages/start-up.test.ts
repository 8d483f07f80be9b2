import { describe, expect, it } from '@jest/globals';
import {
  backendKeyData,
  cancelRequest,
  gssencRequest,
  negotiate,
  readBackendKeyData,
  readStartup,
  sslRequest,
  startupMessage,
  type StartupMessage,
} from './start-up.ts';

const packetOf = (bytes: Buffer): unknown => {
  const reading = readStartup(bytes);
  return reading.kind === 'packet' ? reading.packet : reading;
};
const faultOf = (bytes: Buffer): unknown => {
  const reading = readStartup(bytes);
  return reading.kind === 'fault' ? [reading.fault.sqlstate, reading.fault.message] : reading;
};

describe('readStartup', () => {
  it('reads each kind of first packet', () => {
    expect(packetOf(sslRequest())).toEqual({ kind: 'ssl' });
    expect(packetOf(gssencRequest())).toEqual({ kind: 'gssenc' });
    expect(packetOf(cancelRequest(4_000_000_000, Buffer.alloc(256, 7)))).toEqual({
      kind: 'cancel',
      processId: 4_000_000_000,
      secretKey: Buffer.alloc(256, 7),
    });
    expect(
      packetOf(
        startupMessage(2, [
          ['user', 'änne'],
          ['_pq_.x', 'y'],
        ]),
      ),
    ).toEqual({
      kind: 'startup',
      minor: 2,
      parameters: new Map([
        ['user', 'änne'],
        ['_pq_.x', 'y'],
      ]),
    });
  });

  it('waits for the whole packet, and returns its length', () => {
    const packet = startupMessage(0, [['user', 'u']]);
    for (let length = 0; length < packet.length; length++)
      expect(readStartup(packet.subarray(0, length)).kind).toBe('incomplete');
    expect(readStartup(Buffer.concat([packet, Buffer.from('more')]))).toMatchObject({ bytes: packet.length });
  });

  it('recognizes a TLS handshake by its first byte', () => {
    expect(readStartup(Buffer.from([0x16]))).toEqual({ kind: 'tls' });
  });

  it.each([
    ['no length', [0, 0, 0, 0], '08P01', 'invalid length of startup packet'],
    ['a negative length', [0xff, 0xff, 0xff, 0xff], '08P01', 'invalid length of startup packet'],
    ['more than anybody needs', [0, 0, 0x27, 0x11, 0, 3, 0, 0], '08P01', 'invalid length of startup packet'],
    ['protocol 2', [0, 0, 0, 8, 0, 2, 0, 0], '0A000', 'unsupported frontend protocol 2.0: server supports 3.0 to 3.2'],
    ['protocol 4', [0, 0, 0, 8, 0, 4, 0, 1], '0A000', 'unsupported frontend protocol 4.1: server supports 3.0 to 3.2'],
    ['a cancel key of three bytes', [...cancelRequest(1, Buffer.alloc(3))], '08P01', 'invalid length of cancel key'],
    ['one of 257 bytes', [...cancelRequest(1, Buffer.alloc(257))], '08P01', 'invalid length of cancel key'],
    ['a name without value', [0, 0, 0, 11, 0, 3, 0, 0, 0x61, 0, 0], '08P01', 'expected terminator as last byte'],
    ['no terminator', [0, 0, 0, 9, 0, 3, 0, 0, 0x61], '08P01', 'expected terminator as last byte'],
    ['parameters behind the terminator', [0, 0, 0, 12, 0, 3, 0, 0, 0, 0x61, 0, 0], '08P01', 'expected terminator'],
    [
      'an SSLRequest with something in it',
      [0, 0, 0, 9, 4, 0xd2, 0x16, 0x2f, 0],
      '0A000',
      'unsupported frontend protocol 1234.5679',
    ],
  ])('refuses %s', (_what, bytes, sqlstate, message) => {
    expect(faultOf(Buffer.from(bytes))).toEqual([sqlstate, expect.stringContaining(message)]);
  });
});

describe('negotiate', () => {
  const startup = (minor: number, ...names: string[]): StartupMessage => ({
    kind: 'startup',
    minor,
    parameters: new Map(names.map((name) => [name, ''])),
  });

  it('chooses the requested version, up to the newest', () => {
    expect(negotiate(startup(0, 'user'))).toEqual({ minor: 0, declined: [], isAccepted: true });
    expect(negotiate(startup(2, 'user'))).toEqual({ minor: 2, declined: [], isAccepted: true });
    expect(negotiate(startup(9_999))).toEqual({ minor: 2, declined: [], isAccepted: false });
  });

  it('declines unknown protocol options', () => {
    expect(negotiate(startup(0, 'user', '_pq_.a', '_pq_.b'))).toEqual({
      minor: 0,
      declined: ['_pq_.a', '_pq_.b'],
      isAccepted: false,
    });
  });
});

describe('readBackendKeyData', () => {
  it('keeps nothing but the key alive, because it is kept as long as its connection', () => {
    const message = backendKeyData({ processId: 7, secretKey: Buffer.alloc(4, 1) });
    expect(readBackendKeyData(message, 0, message.length)?.secretKey.buffer.byteLength).toBe(4);
  });
});
