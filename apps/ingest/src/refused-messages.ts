import {
  encodeRefusedMessage,
  topics,
  type EventLog,
  type IntakeRecordPlace,
  type LogRecord,
  type Receipt,
  type RefusalIssue,
  type RefusedMessage,
} from '@medrex/contracts';
import type { TenantSealer } from '@medrex/privacy';
import { ingestErrors } from './errors.ts';
import { intakeTopics, type IntakeTopic } from './intake-topics.ts';

export interface RefusedMessagesOptions {
  readonly log: Pick<EventLog, 'append'>;
  /** The channel's partition of the topics of refused messages. */
  readonly partition: number;
  readonly tenant: TenantSealer;
  readonly nowMs: () => number;
}

/** A refused record as in the intake topic, and the issues that its sender got. */
export interface OpenedMessage {
  readonly record: LogRecord;
  readonly issues: readonly RefusalIssue[];
}

/** Head of the sealed text: one line of JSON in front of the bytes of the record. */
interface Head {
  readonly key?: string;
  /** Header values in base64. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timestampMs: number;
  readonly issues: readonly RefusalIssue[];
}

const dlqOf: Readonly<Record<IntakeTopic, string>> = {
  [topics.intake]: topics.intakeDlq,
  [topics.intakeUrgent]: topics.intakeUrgentDlq,
};
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const newline = 0x0a;

/** The `.dlq` topics of the intake topics, which store messages that were refused wholly or in part. */
export class RefusedMessages {
  readonly #options: RefusedMessagesOptions;

  constructor(options: RefusedMessagesOptions) {
    this.#options = options;
  }

  /** Stores the refused messages of a run; resolves when they are durable. @param receipts one per record */
  async keep(records: readonly LogRecord[], receipts: readonly Receipt[]): Promise<void> {
    const { log, partition } = this.#options;
    for (const topic of intakeTopics) {
      const refused = records.flatMap((record, at) => {
        const why = record.topic === topic ? refusalIn(receipts[at] as Receipt) : undefined;
        return why === undefined ? [] : [encodeRefusedMessage(this.#letter(record, why))];
      });
      if (refused.length > 0) await log.append(dlqOf[topic], partition, refused);
    }
  }

  /** Unseals the refused record; undefined when it was too large to be kept. @throws CodedError BODY_UNOPENABLE */
  open({ intake, sealed }: RefusedMessage): OpenedMessage | undefined {
    if (sealed.length === 0) return undefined;
    const bytes = Buffer.from(this.#options.tenant.open(sealed, bindingOf(intake)));
    const end = bytes.indexOf(newline);
    const { key, headers, timestampMs, issues } = JSON.parse(bytes.toString('utf8', 0, end)) as Head;
    const own = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text, 'base64')] as const);
    const record = { ...intake, key, value: bytes.subarray(end + 1), headers: new Map(own), timestampMs };
    return { record, issues };
  }

  #letter(record: LogRecord, { code, issues }: Refusal): RefusedMessage {
    const { topic, partition, offset, key, value, headers, timestampMs } = record;
    const intake = { topic, partition, offset };
    const head: Head = {
      ...(key !== undefined && { key }),
      headers: Object.fromEntries([...headers].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])),
      timestampMs,
      issues,
    };
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), value]);
    const parent = traceparentOf(record);
    return {
      intake,
      code,
      reason: textOf(code),
      refusedAtMs: this.#options.nowMs(),
      ...(parent !== undefined && { traceparent: parent }),
      sealed: this.#options.tenant.seal(bytes, bindingOf(intake)),
    };
  }
}

interface Refusal {
  readonly code: string;
  readonly issues: readonly RefusalIssue[];
}

/** Why a message was refused, wholly or in part; undefined when all of it was accepted. */
function refusalIn({ state, code, issues, items }: Receipt): Refusal | undefined {
  if (state === 'refused' && items.length === 0) return { code, issues };
  const refused = items.filter((item) => item.state === 'refused');
  const [first] = refused;
  return first && { code: first.code, issues: refused.flatMap((item) => item.issues ?? []) };
}

/** The plain-text reason. The texts of a contract's own codes may quote the message, so they stay sealed. */
function textOf(code: string): string {
  const known = (ingestErrors as Readonly<Record<string, { readonly meaning: string } | undefined>>)[code];
  return known?.meaning ?? 'The contract refused the message.';
}

function traceparentOf({ headers }: LogRecord): string | undefined {
  const bytes = headers.get('traceparent') ?? headers.get('ce_traceparent');
  const text = bytes && Buffer.from(bytes).toString('latin1');
  return text !== undefined && traceparentPattern.test(text) ? text : undefined;
}

const bindingOf = ({ topic, partition, offset }: IntakeRecordPlace): readonly string[] => [
  ...['medrex', 'refused message', '1', topic, String(partition), String(offset)],
];
