import type { TenantSealer } from '@medrex/privacy';
import type { IntakePlace } from './message/incoming-message.ts';

/** What a message is called, and what its last receipt needs: sealed into every operation of it, so that any ingest can write that receipt. */
export interface MessageName {
  readonly source: string;
  readonly id: string;
  readonly isIdDerived: boolean;
  /** Operations that were accepted together, this one included. */
  readonly operations: number;
  /** The highest item among them; those below it that are missing were refused, or were accepted another time. */
  readonly lastItem: number;
  readonly place?: IntakePlace;
}

/** What a sealed name is bound to, so that a body cannot pass for one. */
const binding = ['medrex', 'message name', '1'];

/** (source, id) leave ingest only sealed: a sender's ids may tell who the patient is. */
export function sealName(tenant: Pick<TenantSealer, 'seal'>, name: MessageName): string {
  const { source, id, isIdDerived, operations, lastItem, place } = name;
  const where = place === undefined ? [] : [place.topic, place.partition, place.offset];
  const fields = [source, id, isIdDerived ? 1 : 0, operations, lastItem, ...where];
  return Buffer.from(tenant.seal(Buffer.from(JSON.stringify(fields)), binding)).toString('latin1');
}

type Fields = readonly [string, string, number, number, number, string?, number?, number?];

/** @throws CodedError BODY_UNOPENABLE for a name sealed under another key. */
export function openName(tenant: Pick<TenantSealer, 'open'>, sealedName: string): MessageName {
  const json = Buffer.from(tenant.open(Buffer.from(sealedName, 'latin1'), binding)).toString('utf8');
  const [source, id, derived, operations, lastItem, topic, partition, offset] = JSON.parse(json) as Fields;
  const name = { source, id, isIdDerived: derived === 1, operations, lastItem };
  if (topic === undefined || partition === undefined || offset === undefined) return name;
  return { ...name, place: { topic, partition, offset } };
}
