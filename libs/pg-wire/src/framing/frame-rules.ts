import { backend, frontend } from '../message-types.ts';

/** What one side may send in one state: tables indexed by the type byte, so that a look-up is one array access. */
export interface FrameRules {
  /** Named in faults. */
  readonly sender: 'frontend' | 'backend';
  /** Maximum body length by type, in bytes; -1: the type is not allowed. */
  readonly bodyMax: Int32Array;
  /** Bytes of the body that must be contiguous in memory in the first piece of a message; the rest may follow in pieces. */
  readonly contiguous: Int32Array;
}

export interface FrameRule {
  readonly types: readonly number[];
  readonly bodyMax: number;
  /** Default: the whole body. */
  readonly contiguous?: number;
}

/** PostgreSQL's limit for long messages (PQ_LARGE_MESSAGE_LIMIT). */
const largeBytes = 0x3fff_fffb;
/** PostgreSQL's limit for short messages (PQ_SMALL_MESSAGE_LIMIT). */
const smallBytes = 10_000;
/** Limit of a Parse: its whole text is kept in memory, as it identifies the statement on all backends. */
export const textBytes = 64 * 1024 * 1024;
/** Beginning of an error, which holds its severity and SQLSTATE. */
const headBytes = 1024;
/** Both names of a Bind: with longer ones, the portal or statement could not be described, executed or closed. */
const namesBytes = 2 * smallBytes;
/** The part of a Query that is inspected; a longer one is passed on in pieces. */
const inspectedBytes = 128 * 1024;
/** A password, a token or a SASL response: PostgreSQL's limit for a client that is not authenticated. */
const passwordBytes = 65_531;
/** An authentication request. */
const authenticationBytes = 8192;

/** Builds the tables; for a type in several rules the last one wins. */
export function frameRules(sender: FrameRules['sender'], rules: readonly FrameRule[]): FrameRules {
  const bodyMax = new Int32Array(256).fill(-1);
  const contiguous = new Int32Array(256);
  for (const rule of rules) {
    for (const type of rule.types) {
      bodyMax[type] = rule.bodyMax;
      contiguous[type] = rule.contiguous ?? rule.bodyMax;
    }
  }
  return { sender, bodyMax, contiguous };
}

/** A client between its StartupMessage and AuthenticationOk. */
export const frontendLogin = frameRules('frontend', [{ types: [frontend.password], bodyMax: passwordBytes }]);

/** A client that is logged in. */
export const frontendSession = frameRules('frontend', [
  { types: [frontend.parse], bodyMax: textBytes },
  { types: [frontend.query], bodyMax: largeBytes, contiguous: inspectedBytes },
  { types: [frontend.bind], bodyMax: largeBytes, contiguous: namesBytes },
  { types: [frontend.copyData, frontend.functionCall], bodyMax: largeBytes, contiguous: 0 },
  { types: [frontend.close, frontend.describe, frontend.execute, frontend.copyFail], bodyMax: smallBytes },
  { types: [frontend.copyDone, frontend.flush, frontend.sync, frontend.terminate], bodyMax: smallBytes },
]);

/** A server until it says ReadyForQuery for the first time. */
export const backendLogin = frameRules('backend', [
  { types: [backend.authentication], bodyMax: authenticationBytes },
  { types: [backend.errorResponse, backend.noticeResponse], bodyMax: 65_536 },
  { types: [backend.parameterStatus, backend.negotiateProtocolVersion], bodyMax: 65_536 },
  { types: [backend.backendKeyData, backend.readyForQuery], bodyMax: 300 },
]);

/** A server in a session. */
export const backendSession = frameRules('backend', [
  { types: [backend.dataRow, backend.copyData, backend.functionCallResponse], bodyMax: largeBytes, contiguous: 0 },
  { types: [backend.rowDescription, backend.parameterDescription], bodyMax: largeBytes, contiguous: 0 },
  {
    types: [backend.copyInResponse, backend.copyOutResponse, backend.copyBothResponse],
    bodyMax: largeBytes,
    contiguous: 0,
  },
  // Severity and SQLSTATE come first; after them a server may repeat a statement of any length.
  { types: [backend.errorResponse, backend.noticeResponse], bodyMax: largeBytes, contiguous: headBytes },
  { types: [backend.notificationResponse], bodyMax: largeBytes, contiguous: 0 },
  { types: [backend.commandComplete, backend.parameterStatus], bodyMax: 65_536 },
  { types: [backend.bindComplete, backend.closeComplete, backend.parseComplete, backend.noData], bodyMax: 0 },
  { types: [backend.copyDone, backend.emptyQueryResponse, backend.portalSuspended], bodyMax: 0 },
  { types: [backend.readyForQuery], bodyMax: 1 },
]);
