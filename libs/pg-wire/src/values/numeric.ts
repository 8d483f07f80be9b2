// The binary format of numeric: digits to the base of 10,000, the weight of the first digit, and one of these signs.
const positive = 0x0000;
const negative = 0x4000;
const notANumber = 0xc000;
const signs: Readonly<Record<number, string>> = { 0xd000: 'Infinity', 0xf000: '-Infinity', 0xc000: 'NaN' };

/** The binary format of a numeric; undefined if the text is not a number. */
export function numericOfText(text: string): Buffer | undefined {
  if (text === 'NaN') return headed(0, 0, notANumber, 0, []);
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^\s*([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,5}))?\s*$/.exec(text) ?? [];
  if (whole === '' && fraction === '') return undefined;
  const { left, right } = shifted(whole, fraction, Number(power));
  const digits = groups(
    left.padStart(Math.ceil(left.length / 4) * 4, '0'),
    right.padEnd(Math.ceil(right.length / 4) * 4, '0'),
  );
  let weight = Math.ceil(left.length / 4) - 1;
  while (digits.length > 0 && digits[0] === 0) {
    digits.shift();
    weight--;
  }
  while (digits.length > 0 && digits.at(-1) === 0) digits.pop();
  const isZero = digits.length === 0;
  return headed(
    digits.length,
    isZero ? 0 : weight,
    sign === '-' && !isZero ? negative : positive,
    right.length,
    digits,
  );
}

/** Moves the decimal point by a power of ten. */
function shifted(whole: string, fraction: string, power: number): { left: string; right: string } {
  if (power === 0) return { left: whole, right: fraction };
  const all = whole + fraction;
  const point = whole.length + power;
  if (point <= 0) return { left: '', right: '0'.repeat(-point) + all };
  return { left: all.slice(0, point).padEnd(point, '0'), right: all.slice(point) };
}

function groups(left: string, right: string): number[] {
  const all = left + right;
  return Array.from({ length: all.length / 4 }, (_, place) => Number(all.slice(place * 4, place * 4 + 4)));
}

function headed(count: number, weight: number, sign: number, scale: number, digits: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + 2 * digits.length);
  bytes.writeUInt16BE(count, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(sign, 4);
  bytes.writeUInt16BE(scale, 6);
  digits.forEach((digit, place) => bytes.writeUInt16BE(digit, 8 + 2 * place));
  return bytes;
}

/** The text of a numeric in binary format; undefined if the bytes are invalid. */
export function textOfNumeric(bytes: Buffer): string | undefined {
  if (bytes.length < 8 || bytes.length !== 8 + 2 * bytes.readUInt16BE(0)) return undefined;
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6) & 0x3fff;
  const special = signs[sign];
  if (special !== undefined) return special;
  const digit = (place: number): string =>
    (place >= 0 && 8 + 2 * place < bytes.length ? String(bytes.readUInt16BE(8 + 2 * place)) : '0').padStart(4, '0');
  let whole = '';
  for (let place = 0; place <= weight; place++) whole += digit(place);
  let fraction = '';
  for (let place = weight + 1; fraction.length < scale; place++) fraction += digit(place);
  const text = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === negative ? '-' : ''}${text}${scale > 0 ? `.${fraction.slice(0, scale)}` : ''}`;
}
