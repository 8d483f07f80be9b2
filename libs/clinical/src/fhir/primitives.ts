/** A primitive datatype of FHIR R4 in JSON: whether a value is valid, and what to send instead if not. */
export interface Primitive {
  readonly isValid: (value: unknown) => boolean;
  readonly hint: string;
}

// Each expression takes time linear in the text, since none has nested repetitions.
const date = /^(?!0000)\d{4}(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?$/;
const dateTime =
  /^(?!0000)\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)))?)?)?$/;
const time = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/;
const code = /^\S+(?:\s\S+)*$/;
const id = /^[A-Za-z0-9.-]{1,64}$/;
const uri = /^\S+$/;
const oid = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/;
const uuid = /^urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const notBase64 = /[^A-Za-z0-9+/=\s]/;
// Text must not contain control characters other than tab, line feed and carriage return. An unpaired surrogate is not
// Unicode: all of them become the same character in UTF-8, so two identifiers could become equal.
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff]/u;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '' && !control.test(value);
const matches = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);
const isWhole = (value: unknown, from: number): boolean =>
  Number.isInteger(value) && (value as number) >= from && (value as number) <= 2_147_483_647;

/** Whether the day exists in its month; 29 February only in leap years of the Gregorian calendar. */
function isCalendarDay(text: string): boolean {
  if (text.length < 10) return true;
  const day = Number(text.slice(8, 10));
  if (day <= 28) return true;
  const month = Number(text.slice(5, 7));
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
  const year = Number(text.slice(0, 4));
  return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const isDate = (value: unknown): boolean => typeof value === 'string' && date.test(value) && isCalendarDay(value);
const isDateTime = (value: unknown): boolean =>
  typeof value === 'string' && dateTime.test(value) && isCalendarDay(value);
const isInstant = (value: unknown): boolean => isDateTime(value) && (value as string).length > 10;

const matchesText = (pattern: RegExp) => (value: unknown) => isText(value) && pattern.test(value as string);

const text: Primitive = { isValid: isText, hint: 'must be a text of Unicode, not empty, without control characters' };
const uriText: Primitive = { isValid: matchesText(uri), hint: 'must be a URI: not empty, without spaces' };

/** The primitive datatypes by name (https://hl7.org/fhir/R4/datatypes.html#primitive). */
export const primitives: Readonly<Record<string, Primitive>> = {
  string: text,
  markdown: text,
  xhtml: text,
  uri: uriText,
  url: uriText,
  canonical: uriText,
  code: { isValid: matchesText(code), hint: 'must be a code: not empty, no spaces at its ends or two in a row' },
  id: { isValid: matches(id), hint: 'must be 1 to 64 of the characters A-Z a-z 0-9 - .' },
  oid: { isValid: matches(oid), hint: 'must be an OID as urn:oid:1.2.3' },
  uuid: { isValid: matches(uuid), hint: 'must be a UUID as urn:uuid:...' },
  base64Binary: {
    isValid: (value) => typeof value === 'string' && value !== '' && !notBase64.test(value),
    hint: 'must be base64',
  },
  boolean: { isValid: (value) => typeof value === 'boolean', hint: 'must be true or false, without quotes' },
  decimal: {
    isValid: (value) => typeof value === 'number' && Number.isFinite(value),
    hint: 'must be a number, without quotes',
  },
  integer: {
    isValid: (value) => isWhole(value, -2_147_483_648),
    hint: 'must be a whole number of 32 bits, without quotes',
  },
  unsignedInt: { isValid: (value) => isWhole(value, 0), hint: 'must be a whole number from 0 on, without quotes' },
  positiveInt: { isValid: (value) => isWhole(value, 1), hint: 'must be a whole number from 1 on, without quotes' },
  date: { isValid: isDate, hint: 'must be a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD' },
  dateTime: {
    isValid: isDateTime,
    hint: 'must be a date that exists, as YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or an offset',
  },
  instant: { isValid: isInstant, hint: 'must be an instant that exists, as YYYY-MM-DDThh:mm:ss with Z or an offset' },
  time: { isValid: matches(time), hint: 'must be a time of day as hh:mm:ss' },
};
