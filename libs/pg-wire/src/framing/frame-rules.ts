import { backend, frontend } from '../message-types.ts';

/** What one side may send in one state: two tables by the message's first byte, so that a look costs one array access. */
export interface FrameRules {
  /** Who sends, for what a fault says. */
  readonly sender: 'frontend' | 'backend';
  /** Longest body by type, in bytes; -1 where the type may not come at all. */
  readonly bodyMax: Int32Array;
  /** Bytes of the body that must lie together before the message is given out; the rest may follow in pieces. */
  readonly together: Int32Array;
}

export interface FrameRule {
  readonly types: readonly number[];
  readonly bodyMax: number;
  /** Default: the whole body. */
  readonly together?: number;
}

/** PostgreSQL's own limit for what may be long (PQ_LARGE_MESSAGE_LIMIT). */
const largeBytes = 0x3fff_fffb;
/** ... and for what is short by nature (PQ_SMALL_MESSAGE_LIMIT). */
const smallBytes = 10_000;
/** A statement's text is kept whole, because it names the statement for all backends. */
export const textBytes = 64 * 1024 * 1024;
/** What an error begins with. */
const headBytes = 1024;
/** Both names of a Bind: by longer ones nobody could describe, run or close anything. */
const namesBytes = 2 * smallBytes;
/** What is looked at of a Query; a longer one goes through in pieces. */
const lookedBytes = 128 * 1024;
/** A password, a token or an answer in SASL: as much as PostgreSQL takes of somebody who has yet to show who he is. */
const passwordBytes = 65_531;
/** What a server asks for at login. */
const askedBytes = 8192;

/** @returns tables made of `rules`; later rules win. */
export function frameRules(sender: FrameRules['sender'], rules: readonly FrameRule[]): FrameRules {
  const bodyMax = new Int32Array(256).fill(-1);
  const together = new Int32Array(256);
  for (const rule of rules) {
    for (const type of rule.types) {
      bodyMax[type] = rule.bodyMax;
      together[type] = rule.together ?? rule.bodyMax;
    }
  }
  return { sender, bodyMax, together };
}

/** A client between its StartupMessage and AuthenticationOk. */
export const frontendLogin = frameRules('frontend', [{ types: [frontend.password], bodyMax: passwordBytes }]);

/** A client that is logged in. */
export const frontendSession = frameRules('frontend', [
  { types: [frontend.parse], bodyMax: textBytes },
  { types: [frontend.query], bodyMax: largeBytes, together: lookedBytes },
  { types: [frontend.bind], bodyMax: largeBytes, together: namesBytes },
  { types: [frontend.copyData, frontend.functionCall], bodyMax: largeBytes, together: 0 },
  { types: [frontend.close, frontend.describe, frontend.execute, frontend.copyFail], bodyMax: smallBytes },
  { types: [frontend.copyDone, frontend.flush, frontend.sync, frontend.terminate], bodyMax: smallBytes },
]);

/** A server until it says ReadyForQuery for the first time. */
export const backendLogin = frameRules('backend', [
  { types: [backend.authentication], bodyMax: askedBytes },
  { types: [backend.errorResponse, backend.noticeResponse], bodyMax: 65_536 },
  { types: [backend.parameterStatus, backend.negotiateProtocolVersion], bodyMax: 65_536 },
  { types: [backend.backendKeyData, backend.readyForQuery], bodyMax: 300 },
]);

/** A server in a session. */
export const backendSession = frameRules('backend', [
  { types: [backend.dataRow, backend.copyData, backend.functionCallResponse], bodyMax: largeBytes, together: 0 },
  { types: [backend.rowDescription, backend.parameterDescription], bodyMax: largeBytes, together: 0 },
  {
    types: [backend.copyInResponse, backend.copyOutResponse, backend.copyBothResponse],
    bodyMax: largeBytes,
    together: 0,
  },
  // The fields that say what failed come first; a server may repeat a statement of any length after them.
  { types: [backend.errorResponse, backend.noticeResponse], bodyMax: largeBytes, together: headBytes },
  { types: [backend.notificationResponse], bodyMax: largeBytes, together: 0 },
  { types: [backend.commandComplete, backend.parameterStatus], bodyMax: 65_536 },
  { types: [backend.bindComplete, backend.closeComplete, backend.parseComplete, backend.noData], bodyMax: 0 },
  { types: [backend.copyDone, backend.emptyQueryResponse, backend.portalSuspended], bodyMax: 0 },
  { types: [backend.readyForQuery], bodyMax: 1 },
]);
