import { intervalOfText, textOfInterval } from './intervals.ts';
import { numericOfText, textOfNumeric } from './numeric.ts';
import { dateOfDays, daysOfDate, microsOfTime, microsOfTimestamp, timeOfMicros, timestampOfMicros } from './times.ts';
import { typeOfOid, typeOids, type WireType } from './type-oids.ts';

/** Conversions between the text and binary format of a type. Undefined: the input is invalid. */
interface Formats {
  binary(text: string): Buffer | undefined;
  text(bytes: Buffer): string | undefined;
}

const ofBytes = (bytes: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.allocUnsafe(bytes);
  write(buffer);
  return buffer;
};

function integer(bytes: 2 | 4 | 8, isSigned = true): Formats {
  const max = 1n << BigInt(bytes * 8 - (isSigned ? 1 : 0));
  return {
    binary: (text) => {
      if (!/^\s*[-+]?\d+\s*$/.test(text)) return undefined;
      const value = BigInt(text.trim().replace(/^\+/, ''));
      if (value >= max || value < (isSigned ? -max : 0n)) return undefined;
      const whole = ofBytes(8, (buffer) => buffer.writeBigInt64BE(BigInt.asIntN(64, value)));
      return whole.subarray(8 - bytes);
    },
    text: (value) => {
      if (value.length !== bytes) return undefined;
      if (bytes === 8) return String(value.readBigInt64BE());
      return String(isSigned ? value.readIntBE(0, bytes) : value.readUIntBE(0, bytes));
    },
  };
}

const numberOf = (text: string): number | undefined => {
  const value = Number(text.replace(/^(-?)inf(inity)?$/i, '$1Infinity'));
  return text.trim() === '' || (Number.isNaN(value) && !/^\s*nan\s*$/i.test(text)) ? undefined : value;
};

const float4: Formats = {
  binary: (text) => {
    const value = numberOf(text);
    return value === undefined ? undefined : ofBytes(4, (buffer) => buffer.writeFloatBE(value));
  },
  text: (bytes) => (bytes.length === 4 ? String(Number(bytes.readFloatBE().toPrecision(9))) : undefined),
};

const float8: Formats = {
  binary: (text) => {
    const value = numberOf(text);
    return value === undefined ? undefined : ofBytes(8, (buffer) => buffer.writeDoubleBE(value));
  },
  text: (bytes) => (bytes.length === 8 ? String(bytes.readDoubleBE()) : undefined),
};

const bool: Formats = {
  binary: (text) => {
    if (/^(?:t|true|1|on|yes|y)$/i.test(text)) return Buffer.from([1]);
    return /^(?:f|false|0|off|no|n)$/i.test(text) ? Buffer.from([0]) : undefined;
  },
  text: (bytes) => (bytes.length === 1 ? (bytes[0] === 0 ? 'f' : 't') : undefined),
};

const plain: Formats = { binary: (text) => Buffer.from(text, 'utf8'), text: (bytes) => bytes.toString('utf8') };

function micros(read: (text: string) => bigint | undefined, write: (value: bigint) => string): Formats {
  return {
    binary: (text) => {
      const value = read(text);
      return value === undefined ? undefined : ofBytes(8, (buffer) => buffer.writeBigInt64BE(value));
    },
    text: (bytes) => (bytes.length === 8 ? write(bytes.readBigInt64BE()) : undefined),
  };
}

const interval: Formats = {
  binary: (text) => {
    const value = intervalOfText(text);
    if (value === undefined) return undefined;
    return ofBytes(16, (buffer) => {
      buffer.writeBigInt64BE(value.micros);
      buffer.writeInt32BE(value.days, 8);
      buffer.writeInt32BE(value.months, 12);
    });
  },
  text: (bytes) =>
    bytes.length === 16
      ? textOfInterval({ micros: bytes.readBigInt64BE(), days: bytes.readInt32BE(8), months: bytes.readInt32BE(12) })
      : undefined,
};

const uuid: Formats = {
  binary: (text) => {
    const hex = text.replace(/[-{}]/g, '');
    return /^[0-9a-f]{32}$/i.test(hex) ? Buffer.from(hex, 'hex') : undefined;
  },
  text: (bytes) =>
    bytes.length === 16
      ? bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
      : undefined,
};

const formats: Readonly<Record<WireType, Formats>> = {
  bool,
  bytea: { binary: byteaOfText, text: (bytes) => `\\x${bytes.toString('hex')}` },
  name: plain,
  int8: integer(8),
  int2: integer(2),
  int4: integer(4),
  text: plain,
  oid: integer(4, false),
  json: plain,
  float4,
  float8,
  unknown: plain,
  bpchar: plain,
  varchar: plain,
  date: {
    binary: (text) => {
      const days = daysOfDate(text);
      return days === undefined ? undefined : ofBytes(4, (buffer) => buffer.writeInt32BE(days));
    },
    text: (bytes) => (bytes.length === 4 ? dateOfDays(bytes.readInt32BE()) : undefined),
  },
  time: micros(microsOfTime, timeOfMicros),
  timestamp: micros(microsOfTimestamp, timestampOfMicros),
  timestamptz: micros(microsOfTimestamp, (value) => `${timestampOfMicros(value)}+00`),
  interval,
  numeric: { binary: numericOfText, text: textOfNumeric },
  uuid,
  // The first byte is the version of the binary format.
  jsonb: {
    binary: (text) => Buffer.concat([Buffer.from([1]), Buffer.from(text, 'utf8')]),
    text: (bytes) => (bytes[0] === 1 ? bytes.toString('utf8', 1) : undefined),
  },
};

/** Reads `\x0fff` or PostgreSQL's older escape format. */
export function byteaOfText(text: string): Buffer | undefined {
  if (text.startsWith('\\x')) {
    const hex = text.slice(2).replace(/\s/g, '');
    return /^(?:[0-9a-f]{2})*$/i.test(hex) ? Buffer.from(hex, 'hex') : undefined;
  }
  return Buffer.from(
    text.replaceAll(/\\(\\|[0-7]{3})/g, (_, code: string) =>
      code === '\\' ? '\\' : String.fromCharCode(Number.parseInt(code, 8)),
    ),
    'latin1',
  );
}

/** Converts a value from text to binary format. Undefined: the text is not valid for the type. */
export function binaryOfText(type: WireType, text: string): Buffer | undefined {
  return formats[type].binary(text);
}

/** Converts a value from binary format to text. Undefined: the bytes are not valid for the type. */
export function textOfBinary(type: WireType, bytes: Buffer): string | undefined {
  return formats[type].text(bytes);
}

/** The elements, as text, of a one-dimensional array in binary format. Undefined: it is not one, or of an unknown element type. */
export function itemsOfBinaryArray(bytes: Buffer): (string | null)[] | undefined {
  if (bytes.length < 12) return undefined;
  const dimensions = bytes.readInt32BE(0);
  const type = typeOfOid(bytes.readUInt32BE(8));
  if (dimensions === 0) return [];
  if (dimensions !== 1 || type === undefined || bytes.length < 20) return undefined;
  const items: (string | null)[] = [];
  let at = 20;
  for (let left = bytes.readInt32BE(12); left > 0; left--) {
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length > bytes.length - at) return undefined;
    const text = length < 0 ? null : formats[type].text(bytes.subarray(at, at + length));
    if (text === undefined) return undefined;
    items.push(text);
    at += Math.max(0, length);
  }
  return items;
}

/** A one-dimensional array in binary format. Undefined: an element is not valid for the type. */
export function binaryOfItems(type: WireType, items: readonly (string | null)[]): Buffer | undefined {
  const elements = items.map((item) => (item === null ? null : formats[type].binary(item)));
  if (elements.includes(undefined)) return undefined;
  const head = Buffer.alloc(items.length === 0 ? 12 : 20);
  head.writeInt32BE(items.length === 0 ? 0 : 1, 0);
  head.writeInt32BE(elements.includes(null) ? 1 : 0, 4);
  head.writeUInt32BE(typeOids[type].oid, 8);
  if (items.length > 0) {
    head.writeInt32BE(items.length, 12);
    head.writeInt32BE(1, 16); // lower bound
  }
  const parts = elements.flatMap((element) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(element?.length ?? -1);
    return element === null || element === undefined ? [length] : [length, element];
  });
  return Buffer.concat([head, ...parts]);
}
