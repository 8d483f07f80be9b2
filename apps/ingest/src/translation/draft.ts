import {
  operationBytesMax as recordRoom,
  operationId,
  type OperationClass,
  type Refusal,
  type TranslatedOperation,
  type Translation,
} from '@medrex/contracts';
import { encodeOperation, messageDigest, type SignedBy } from '@medrex/execute-batch';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IncomingMessage } from '../message/incoming-message.ts';
import { problem, type Problem } from '../problem.ts';

/** An item that is ready to be appended, but for its routing and a place in the order. */
export interface Draft {
  readonly kind: 'draft';
  readonly item: number;
  readonly opId: string;
  readonly contract: string;
  readonly class: OperationClass;
  readonly operationBytes: Uint8Array;
}

/** An item that the contract, or a limit, does not let in. */
export interface RefusedItem {
  readonly kind: 'refused';
  readonly item: number;
  readonly problem: Problem;
}

/** What of a message its operations carry. */
export type DraftedMessageFields = Pick<IncomingMessage, 'source' | 'id' | 'opId' | 'digest' | 'bytes' | 'attributes'>;

export interface DraftOptions {
  readonly identityKey: Uint8Array;
  /** Source bytes that one operation may have. */
  readonly operationBytesMax: number;
}

/** Sealing, base64 and coded facts make at most this of source bytes, where an item's own source bytes are not known. */
const sealedShare = 2;
/** What a record of the operations log takes of one operation, its routing left room for. */
const encodedBytesMax = recordRoom - 64 * 1024;
/** Operations encoded before the event loop gets its turn: a few milliseconds. */
const itemsPerTurn = 256;

/** Names and encodes what a contract made of a message, in item order. */
export async function draftItems(
  message: DraftedMessageFields,
  contract: string,
  time: string,
  { operations, refusals }: Translation,
  options: DraftOptions,
): Promise<readonly (Draft | RefusedItem)[]> {
  const isAlone = operations.length + refusals.length === 1;
  const common = { contract, time, author: signedBy(message) };
  const items: (Draft | RefusedItem)[] = refusals.map((one) => ({
    kind: 'refused',
    item: one.item,
    problem: refusalProblem(one),
  }));
  for (const operation of operations) {
    items.push(draft(message, common, operation, isAlone, options));
    if (items.length % itemsPerTurn === 0) await nextTurn();
  }
  return refusals.length === 0 ? items : items.sort((one, other) => one.item - other.item);
}

/** Id of one item of a message. */
export function itemId(
  { source, id, opId }: Pick<IncomingMessage, 'source' | 'id' | 'opId'>,
  item: number,
  identityKey: Uint8Array,
): string {
  return item === 0 ? opId : operationId(identityKey, { source, id, item, attempt: 0 });
}

/** What every operation of a message carries. */
interface Common {
  readonly contract: string;
  readonly time: string;
  readonly author: SignedBy | undefined;
}

/** The signature as the ledger gets it: of the message nothing but a digest that nobody can guess at. */
function signedBy({ source, id, bytes: body, attributes }: DraftedMessageFields): SignedBy | undefined {
  const { author, request } = attributes;
  if (author === undefined) return undefined;
  const { salt, signature } = author;
  return { id: author.id, message: messageDigest({ source, id, salt, body, request }), signature };
}

function draft(
  message: DraftedMessageFields,
  { contract, time, author }: Common,
  operation: TranslatedOperation,
  isAlone: boolean,
  { identityKey, operationBytesMax }: DraftOptions,
): Draft | RefusedItem {
  const { item, class: operationClass, templateVersion, keys, facts, bodies } = operation;
  const opId = itemId(message, item, identityKey);
  const operationBytes = encodeOperation({
    opId,
    sourceHash: message.digest,
    contract,
    templateVersion,
    keys,
    time,
    facts,
    bodies,
    ...(author !== undefined && { author }),
  });
  const sourceBytes = isAlone ? message.bytes.length : Math.ceil(operationBytes.length / sealedShare);
  if (operationBytes.length > encodedBytesMax) {
    return { kind: 'refused', item, problem: tooLarge(operationBytes.length, encodedBytesMax) };
  }
  if (sourceBytes > operationBytesMax)
    return { kind: 'refused', item, problem: tooLarge(sourceBytes, operationBytesMax) };
  return { kind: 'draft', item, opId, contract, class: operationClass, operationBytes };
}

function tooLarge(bytes: number, limitBytes: number): Problem {
  const detail = `The operation has ${bytes} bytes; ${limitBytes} is the limit for one that takes effect wholly or not at all.`;
  return problem('OPERATION_TOO_LARGE', { detail, more: { limitBytes } });
}

/** A contract's refusal in the terms of every other problem. */
function refusalProblem({ code, status, issues }: Refusal): Problem {
  const detail = issues[0]?.diagnostics ?? `The message was refused: ${code}.`;
  return {
    code,
    status,
    title: 'The contract does not take this message.',
    detail,
    remedy: 'Correct what the issues name and send it again.',
    issues,
  };
}
