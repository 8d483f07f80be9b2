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

/** A record as it stood in the intake topic, and what its sender was told. */
export interface OpenedMessage {
  readonly record: LogRecord;
  readonly issues: readonly RefusalIssue[];
}

/** What stands before the record's own bytes in what is sealed: one line of JSON. */
interface Head {
  readonly key?: string;
  /** Values in base64. */
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

/** The `.dlq` topics of the intake topics, where a message is kept that never became an operation, or not wholly. */
export class RefusedMessages {
  readonly #options: RefusedMessagesOptions;

  constructor(options: RefusedMessagesOptions) {
    this.#options = options;
  }

  /** Keeps what was refused of a run; resolves when it is durable. @param receipts one for each record */
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

  /** The record that was refused; undefined where it was too large to be kept. @throws CodedError BODY_UNOPENABLE */
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
      ...{ timestampMs, issues },
    };
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), value]);
    const parent = traceparentOf(record);
    return {
      ...{ intake, code, reason: wordsOf(code), refusedAtMs: this.#options.nowMs() },
      ...(parent !== undefined && { traceparent: parent }),
      sealed: this.#options.tenant.seal(bytes, bindingOf(intake)),
    };
  }
}

interface Refusal {
  readonly code: string;
  readonly issues: readonly RefusalIssue[];
}

/** Why a message was refused, wholly or in part; undefined when everything of it was taken. */
function refusalIn({ state, code, issues, items }: Receipt): Refusal | undefined {
  if (state === 'refused' && items.length === 0) return { code, issues };
  const refused = items.filter((item) => item.state === 'refused');
  const [first] = refused;
  return first && { code: first.code, issues: refused.flatMap((item) => item.issues ?? []) };
}

/** Contracts have codes of their own, whose words may be about the message: those stay sealed. */
function wordsOf(code: string): string {
  const known = (ingestErrors as Readonly<Record<string, { readonly meaning: string } | undefined>>)[code];
  return known?.meaning ?? 'The contract refused it.';
}

function traceparentOf({ headers }: LogRecord): string | undefined {
  const bytes = headers.get('traceparent') ?? headers.get('ce_traceparent');
  const text = bytes && Buffer.from(bytes).toString('latin1');
  return text !== undefined && traceparentPattern.test(text) ? text : undefined;
}

const bindingOf = ({ topic, partition, offset }: IntakeRecordPlace): readonly string[] => [
  ...['medrex', 'refused message', '1', topic, String(partition), String(offset)],
];
