import type { TenantSealer } from '@medrex/privacy';
import type { IntakePlace } from './message/incoming-message.ts';

/** The name of a message and the data of its final receipt. It is sealed into each of its operations, so that any instance can write that receipt. */
export interface MessageName {
  readonly source: string;
  readonly id: string;
  readonly isIdDerived: boolean;
  /** Number of operations accepted together, this one included. */
  readonly operations: number;
  /** The highest item among them; missing lower items were refused, or accepted at another time. */
  readonly lastItem: number;
  readonly place?: IntakePlace;
  /** Name of the contract. */
  readonly contract: string;
  /** Set for the resend of a dead operation. */
  readonly resend?: ResendName;
}

/** Number of the attempt (1 for the first resend), and the dead operation that it resends. */
export interface ResendName {
  readonly attempt: number;
  readonly of: string;
}

/** Associated data of sealed names, so that a sealed body cannot pass for one. */
const binding = ['medrex', 'message name', '1'];

/** Seals (source, id), since the ids of a sender may identify the patient. */
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
    source,
    id,
    isIdDerived: derived === 1,
    operations,
    lastItem,
    contract,
    ...(where !== null && { place: placeOf(where) }),
    ...(attempt !== undefined && of !== undefined && { resend: { attempt, of } }),
  };
}

function placeOf([topic, partition, offset]: Place): IntakePlace {
  return { topic, partition, offset };
}
