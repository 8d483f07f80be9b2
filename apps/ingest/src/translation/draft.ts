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

/** An encoded item that still lacks routing and a position in the order. */
export interface Draft {
  readonly kind: 'draft';
  readonly item: number;
  readonly opId: string;
  readonly contract: string;
  readonly class: OperationClass;
  readonly operationBytes: Uint8Array;
}

/** An item refused by the contract or by a limit. */
export interface RefusedItem {
  readonly kind: 'refused';
  readonly item: number;
  readonly problem: Problem;
}

/** The fields of a message that go into its operations. */
export type DraftedMessageFields = Pick<IncomingMessage, 'source' | 'id' | 'opId' | 'digest' | 'bytes' | 'attributes'>;

export interface DraftOptions {
  readonly identityKey: Uint8Array;
  /** Maximum source bytes of one operation. */
  readonly operationBytesMax: number;
}

/** Upper bound of encoded bytes per source byte (sealing, base64, facts), for items whose own source bytes are unknown. */
const sealedShare = 2;
/** Maximum encoded bytes of an operation in a log record, leaving room for its routing. */
const encodedBytesMax = recordRoom - 64 * 1024;
/** Operations encoded before yielding to the event loop: a few milliseconds of work. */
const itemsPerTurn = 256;

/** Names and encodes the items that a contract made of a message, in item order. */
export async function draftItems(
  message: DraftedMessageFields,
  contract: string,
  time: string,
  { operations, refusals }: Translation,
  options: DraftOptions,
): Promise<readonly (Draft | RefusedItem)[]> {
  const isOnly = operations.length + refusals.length === 1;
  const common = { contract, time, author: signedBy(message) };
  const items: (Draft | RefusedItem)[] = refusals.map((one) => ({
    kind: 'refused',
    item: one.item,
    problem: refusalProblem(one),
  }));
  for (const operation of operations) {
    items.push(draft(message, common, operation, isOnly, options));
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

/** The fields common to all operations of a message. */
interface Common {
  readonly contract: string;
  readonly time: string;
  readonly author: SignedBy | undefined;
}

/** The signature for the ledger, with a salted digest instead of the message. */
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
  isOnly: boolean,
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
  const sourceBytes = isOnly ? message.bytes.length : Math.ceil(operationBytes.length / sealedShare);
  if (operationBytes.length > encodedBytesMax) {
    return { kind: 'refused', item, problem: tooLarge(operationBytes.length, encodedBytesMax) };
  }
  if (sourceBytes > operationBytesMax)
    return { kind: 'refused', item, problem: tooLarge(sourceBytes, operationBytesMax) };
  return { kind: 'draft', item, opId, contract, class: operationClass, operationBytes };
}

function tooLarge(bytes: number, limitBytes: number): Problem {
  const detail = `The operation has ${bytes} bytes; the limit of one operation, which is applied wholly or not at all, is ${limitBytes}.`;
  return problem('OPERATION_TOO_LARGE', { detail, more: { limitBytes } });
}

/** A refusal of the contract as a problem. */
function refusalProblem({ code, status, issues }: Refusal): Problem {
  const detail = issues[0]?.diagnostics ?? `The message was refused: ${code}.`;
  return {
    code,
    status,
    title: 'The contract refused the message.',
    detail,
    remedy: 'Correct the elements named by the issues and send it again.',
    issues,
  };
}
