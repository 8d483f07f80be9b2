import { createHash } from 'node:crypto';
import { textOfInterval } from '@medrex/pg-wire';
import { ageBetween, joinedText, sumOfSpans, textOfValues, type ProxyComputation } from '@medrex/sql';
import { SessionFault } from '../session/session-fault.ts';
import { textAtPath } from './json-path-text.ts';
import { jsonbText } from './jsonb-text.ts';
import { textRule } from './result-text.ts';
import { wireTypeOf } from './wire-types.ts';

/** Computes a PostgreSQL text that IRIS SQL cannot express; null for NULL. @throws SessionFault */
export function computedText(computation: ProxyComputation, text: string): string | null {
  if (computation.kind === 'jsonPath') return jsonAtPath(computation, text);
  if (computation.kind === 'joined' && computation.json === 'jsonb') return jsonbText(joinedText(computation, text));
  if (computation.kind === 'joined') return joinedText(computation, text);
  if (computation.kind === 'values')
    return textOfValues(
      computation,
      text,
      textRule(wireTypeOf(computation.of), computation.of, computation.scale) ?? String,
    );
  if (computation.kind === 'called') return called[computation.name](text);
  const isAge = computation.kind === 'age';
  const interval = isAge ? ageBetween(text) : sumOfSpans(text, computation.isAverage);
  if (interval === undefined)
    throw new SessionFault('22008', isAge ? 'age() of what is no moment' : 'interval out of range');
  return textOfInterval({ ...interval, micros: BigInt(interval.micros) });
}

function jsonAtPath({ of, steps }: Extract<ProxyComputation, { kind: 'jsonPath' }>, json: string): string | null {
  try {
    JSON.parse(json);
  } catch {
    throw new SessionFault('22P02', `invalid input syntax for type ${of}`);
  }
  const text = textAtPath(json, steps);
  return text === null || of === 'json' ? text : jsonbText(text);
}

const called: Readonly<Record<Extract<ProxyComputation, { kind: 'called' }>['name'], (text: string) => string>> = {
  md5: (text) => createHash('md5').update(text).digest('hex'),
  octet_length: (text) => String(Buffer.byteLength(text)),
  bit_length: (text) => String(8 * Buffer.byteLength(text)),
  initcap: (text) =>
    text.replaceAll(/[\p{L}\p{N}]+/gu, (word) => {
      const [first = '', ...rest] = word;
      return first.toUpperCase() + rest.join('').toLowerCase();
    }),
};
