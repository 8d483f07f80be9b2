import type { Node, TypeCast } from 'libpg-query';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { typeUse } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';
import { untypedText } from './typed-constants.ts';
import { clockOf, digitsOf, yearTable, zoneYears } from './zones.ts';

const whichWay =
  'IRIS does not say whether the column has a time zone. Write column::timestamptz to convert it to this zone, or column::timestamp to read it as a time in this zone.';
const utc = /^(?:utc|gmt|z|zulu|uct|etc\/(?:utc|gmt|uct|zulu))$/i;

/**
 * Prints `x AT TIME ZONE zone`. Timestamps are in UTC here, and IRIS has no time zones, so that the zone's offsets are inlined.
 */
export function printZoned(p: Printing, [zone, moment]: readonly Node[], scope: Scope, location?: number): string {
  const type = typeOf(p, moment, scope);
  const name = untypedText(zone);
  if (name === undefined) return refuse('AT TIME ZONE with a zone that is not a constant', location);
  if (type !== 'timestamp' && type !== 'timestamptz')
    return refuse('AT TIME ZONE of this', location, 'Cast it to timestamp or timestamptz.');
  if (utc.test(name)) return p.value(moment, scope);
  const clock = clockOf(name);
  if (clock === undefined)
    return refuse(`AT TIME ZONE ${name}`, location, 'Use a region name such as Europe/Berlin, or UTC.');
  checkRepeatable(moment, 'AT TIME ZONE');
  const isLocal = type === 'timestamp';
  if (isLocal && restsOnColumn(moment)) return refuse('AT TIME ZONE of a column', location, whichWay);
  const table = yearTable(clock, isLocal);
  const value = operand(p, moment, scope);
  const sign = isLocal ? '-' : '';
  if (table.changes.length === 0) return `DATEADD('minute', ${sign}(${clock.first}), ${value})`;
  p.divisions.add('22008');
  const year = `DATEPART('year', ${value})`;
  const ofYear = (text: string, digits: number): string =>
    `CAST(SUBSTRING(${p.marks.string(text)}, (${year} - ${zoneYears.first}) * ${digits} + 1, ${digits}) AS INTEGER)`;
  const at = `CAST(TO_CHAR(${value}, 'MMDDHH24MI') AS INTEGER)`;
  const offsets = table.offsets.map((text) => ofYear(text, digitsOf.offset));
  const branches = table.changes.map(
    (text, slot) => `WHEN ${at} < ${ofYear(text, digitsOf.change)} THEN ${offsets[slot] ?? ''}`,
  );
  const isUnknown = `${year} < ${zoneYears.first} OR ${year} > ${zoneYears.last}`;
  const offset = `CASE WHEN ${isUnknown} THEN 1 / (${year} - ${year}) ${branches.join(' ')} ELSE ${offsets.at(-1) ?? ''} END`;
  return `DATEADD('minute', ${sign}(${offset}), ${value})`;
}

/** Whether the operand is a bare column, so that it is unknown whether it has a zone. */
function restsOnColumn(moment: Node | undefined): boolean {
  let isFound = false;
  JSON.stringify(moment, (kind, value: unknown) => {
    if (kind === 'ColumnRef') isFound = true;
    const type = kind === 'TypeCast' ? typeUse((value as TypeCast).typeName)?.type : undefined;
    return type === 'timestamp' || type === 'timestamptz' ? undefined : value;
  });
  return isFound;
}
