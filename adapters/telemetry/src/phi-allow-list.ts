/**
 * The only names under which a value may leave the process in a log line or a span, each with the shape that the value must
 * have. Anything else is dropped and counted. To log something new, add it here and make sure that it can hold neither an
 * identifier of a person nor free text.
 *
 * Never add: names, identifiers, addresses, birth or service dates, free text, bodies, file names of input, URLs as requested.
 */
export const phiAllowList = {
  // Names of things and places, in our own words.
  service: 'word',
  stage: 'word',
  kind: 'word',
  state: 'word',
  reason: 'word',
  verdict: 'word',
  role: 'word',
  mode: 'word',
  ledger: 'word',
  profile: 'word',
  function: 'word',
  contract: 'word',
  channel: 'word',
  group: 'word',
  class: 'word',
  edge: 'word',
  exporter: 'word',
  channels: 'word',
  services: 'word',
  signal: 'signal',
  topic: 'topic',
  topics: 'topic',
  route: 'route',
  method: 'method',
  code: 'code',
  codes: 'code',
  sqlstate: 'sqlstate',
  peer: 'host',
  address: 'address',
  urls: 'address',
  url: 'address',
  version: 'version',
  contractVersion: 'version',
  node: 'version',

  // Identifiers that reveal nothing about a person: random, or keyed hashes. Keys contain pseudonyms and minted ids only.
  opId: 'hex',
  opIds: 'hex',
  sourceHash: 'hex',
  txId: 'hex',
  pseudonym: 'hex',
  traceId: 'hex',
  keyId: 'hex',
  digest: 'hex',
  /** Fingerprint of a statement without its literals. */
  fingerprint: 'hex',
  key: 'stateKey',
  keys: 'stateKey',

  // Places in logs and on the ledger.
  partition: 'number',
  partitions: 'number',
  offset: 'number',
  baseOffset: 'number',
  endOffset: 'number',
  seq: 'number',
  fromSeq: 'number',
  toSeq: 'number',
  lowWaterMark: 'number',
  generation: 'number',
  block: 'number',
  blockNum: 'number',
  blockHeight: 'number',
  txNum: 'number',
  item: 'number',
  entry: 'number',
  templateVersion: 'number',

  // Counts.
  records: 'number',
  messages: 'number',
  operations: 'number',
  entries: 'number',
  items: 'number',
  fusions: 'number',
  flights: 'number',
  accepted: 'number',
  refused: 'number',
  repeats: 'number',
  applied: 'number',
  rejected: 'number',
  dead: 'number',
  invalid: 'number',
  unknown: 'number',
  widened: 'number',
  returned: 'number',
  unstable: 'number',
  overdue: 'number',
  conflicting: 'number',
  edges: 'number',
  depth: 'number',
  width: 'number',
  criticality: 'number',
  live: 'number',
  ready: 'number',
  taken: 'number',
  waiting: 'number',
  backlog: 'number',
  lag: 'number',
  span: 'number',
  size: 'number',
  count: 'number',
  limit: 'number',
  attempt: 'number',
  retries: 'number',
  tries: 'number',
  rows: 'number',
  patients: 'number',
  identifiers: 'number',
  conflicts: 'number',
  dropped: 'number',
  lost: 'number',
  port: 'number',
  daysLeft: 'number',
  pid: 'number',
  status: 'number',
  exitCode: 'number',
  ratio: 'number',
  perSecond: 'number',
  byClass: 'numbers',
  byCode: 'numbers',

  // Durations and amounts.
  elapsedMs: 'number',
  waitMs: 'number',
  waitedMs: 'number',
  backoffMs: 'number',
  timeoutMs: 'number',
  ageMs: 'number',
  endorseMs: 'number',
  submitMs: 'number',
  commitMs: 'number',
  planMs: 'number',
  queueMs: 'number',
  backendMs: 'number',
  streamMs: 'number',
  retryAfterMs: 'number',
  bytes: 'number',
  memoryBytes: 'number',

  // Facts.
  isNew: 'boolean',
  isRepeat: 'boolean',
  isReady: 'boolean',
  isSampled: 'boolean',
  isPaused: 'boolean',
  isClosed: 'boolean',
  isRetryable: 'boolean',
  isModel: 'boolean',
} as const satisfies Record<string, FieldShape>;

/** A field that may be logged or set on a span. */
export type FieldName = keyof typeof phiAllowList;

/** Types of fields. Texts are bounded, and each kind has a pattern that prose, names and dates do not match. */
export type FieldShape = 'number' | 'boolean' | 'numbers' | keyof typeof textShapes;

/** Patterns of the texts that may leave. A list of texts may have up to `listMax` of them. */
export const textShapes = {
  /** Words of our own: `dependency-analyzer`, `asset-transfer`, `executeBatch`. */
  word: /^[a-z][A-Za-z]{0,23}(?:[-_.][a-z][A-Za-z0-9]{0,23}){0,4}\d{0,2}$/,
  /** `SIGTERM` */
  signal: /^SIG[A-Z0-9]{2,9}$/,
  /** `medrex.operations.v1` */
  topic: /^medrex(?:\.[a-z]{1,16}){1,4}\.v\d{1,2}$/,
  /** The route template, not the requested path: `/v1/transactions/{id}`. */
  route: /^(?:\/(?:v\d{1,2}|\$?[a-z][A-Za-z-]{0,31}|\{[a-z][A-Za-z]{0,15}\})){1,6}\/?$/,
  method: /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/,
  /** Error codes and outcomes: `VAULT_UNAVAILABLE`, `MVCC_READ_CONFLICT`, `VALID`, `ECONNREFUSED`. */
  code: /^[A-Z]{1,20}(?:_[A-Z0-9]{1,20}){0,6}$/,
  /** `23505`, `42P01` */
  sqlstate: /^[0-9A-Z]{5}$/,
  /** `peer0.org1.example.org` */
  host: /^[a-z][a-z-]{0,30}\d{0,3}(?:\.[a-z][a-z0-9-]{0,30}){0,6}(?::\d{1,5})?$/,
  /** Our own listeners and the brokers we talk to, with a fixed path at most. */
  address:
    /^(?:https?:\/\/)?(?:[a-z0-9][a-z0-9.-]{0,80}|\[[0-9a-f:]{2,39}\]):\d{1,5}(?:\/[a-z][a-z0-9-]{0,20}){0,3}\/?$/,
  version: /^v?\d{1,4}(?:\.\d{1,4}){0,3}(?:-[a-z]{1,10}(?:\.\d{1,4})?)?$/,
  /** 64 to 256 bits. */
  hex: /^[0-9a-f]{16,64}$/,
  /** A key of the ledger's state as @medrex/keys builds it. */
  stateKey: /^(?:cli|fin|sch|aud|ctr|sys)~[A-Za-z0-9._:%~-]{1,400}$/,
} as const satisfies Record<string, RegExp>;

/** Maximum of values of a list; the rest is dropped. */
export const listMax = 16;
