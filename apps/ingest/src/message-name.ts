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
  /** Whose answer an outcome is. */
  readonly contract: string;
  /** Set for another attempt of an operation that ended dead. */
  readonly resend?: ResendName;
}

/** Which attempt of an operation this is (1 for the first resend), and the operation that ended dead before it. */
export interface ResendName {
  readonly attempt: number;
  readonly of: string;
}

/** What a sealed name is bound to, so that a body cannot pass for one. */
const binding = ['medrex', 'message name', '1'];

/** (source, id) leave ingest only sealed: a sender's ids may tell who the patient is. */
export function sealName(tenant: Pick<TenantSealer, 'seal'>, name: MessageName): string {
  const { source, id, isIdDerived, operations, lastItem, place, contract, resend } = name;
  const fields = [
    source,
    id,
    isIdDerived ? 1 : 0,
    operations,
    lastItem,
    contract,
    place === undefined ? null : [place.topic, place.partition, place.offset],
    ...(resend === undefined ? [] : [resend.attempt, resend.of]),
  ];
  return Buffer.from(tenant.seal(Buffer.from(JSON.stringify(fields)), binding)).toString('latin1');
}

type Place = readonly [topic: string, partition: number, offset: number];
type Fields = readonly [string, string, number, number, number, string, Place | null, number?, string?];

/** @throws CodedError BODY_UNOPENABLE for a name sealed under another key. */
export function openName(tenant: Pick<TenantSealer, 'open'>, sealedName: string): MessageName {
  const json = Buffer.from(tenant.open(Buffer.from(sealedName, 'latin1'), binding)).toString('utf8');
  const [source, id, derived, operations, lastItem, contract, where, attempt, of] = JSON.parse(json) as Fields;
  return {
    ...{ source, id, isIdDerived: derived === 1, operations, lastItem, contract },
    ...(where !== null && { place: placeOf(where) }),
    ...(attempt !== undefined && of !== undefined && { resend: { attempt, of } }),
  };
}

function placeOf([topic, partition, offset]: Place): IntakePlace {
  return { topic, partition, offset };
}
