export { bodyAt, BodyReader } from './body-reader.ts';
export { BodyWriter, emptyMessage } from './body-writer.ts';
export {
  backendLogin,
  backendSession,
  frameRules,
  frontendLogin,
  frontendSession,
  type FrameRule,
  type FrameRules,
} from './framing/frame-rules.ts';
export { ownCopy } from './own-copy.ts';
export { Framer } from './framing/framer.ts';
export { backend, frontend } from './message-types.ts';
export {
  notificationResponse,
  parameterStatus,
  readNotification,
  readParameterStatus,
  type Notification,
  type ParameterStatus,
} from './messages/asynchronous.ts';
export {
  authentication,
  passwordMessage,
  readAuthentication,
  readPasswordMessage,
  readSaslInitialResponse,
  readSaslResponse,
  saslInitialResponse,
  saslResponse,
  type Authentication,
  type SaslInitialResponse,
} from './messages/authentication.ts';
export {
  copyData,
  copyDone,
  copyFail,
  copyResponse,
  readCopyData,
  readCopyFail,
  readCopyResponse,
  type CopyDirection,
  type CopyResponse,
} from './messages/copy.ts';
export {
  bind,
  bindComplete,
  rewriteBindHead,
  close,
  closeComplete,
  describe,
  execute,
  flush,
  noData,
  parameterDescription,
  parse,
  parseAs,
  parseComplete,
  parseKey,
  portalSuspended,
  readBind,
  readBindHead,
  readExecute,
  readTarget,
  readParameterDescription,
  readParse,
  sync,
  type Bind,
  type BindHead,
  type Execute,
  type Target,
  type Parse,
} from './messages/extended-query.ts';
export {
  functionCall,
  functionCallResponse,
  readFunctionCall,
  readFunctionCallResponse,
  type FunctionCall,
} from './messages/function-call.ts';
export {
  errorResponse,
  fatal,
  noticeResponse,
  readReport,
  readSqlstate,
  type Report,
  type Severity,
} from './messages/report.ts';
export {
  commandComplete,
  dataRow,
  emptyQueryResponse,
  query,
  readCommandComplete,
  readDataRow,
  readQuery,
  readReadyForQuery,
  readRowDescription,
  readyForQuery,
  rowDescription,
  transactionStatus,
  type Column,
  type TransactionStatus,
} from './messages/simple-query.ts';
export {
  backendKeyData,
  cancelRequest,
  encryptionAnswer,
  gssencRequest,
  negotiate,
  negotiateProtocolVersion,
  readBackendKeyData,
  readNegotiateProtocolVersion,
  readStartup,
  sslRequest,
  startupMessage,
  type BackendKeyData,
  type CancelRequest,
  type EncryptionRequest,
  type NegotiateProtocolVersion,
  type StartupMessage,
  type StartupPacket,
  type StartupReading,
} from './messages/start-up.ts';
export { terminate } from './messages/termination.ts';
export { bytesOf, hasInvalidBytes, losslessText, replaceInvalidBytes } from './lossless-text.ts';
export { isMd5Password, isSameSecret, md5Password, md5Response } from './sasl/md5.ts';
export { saslprep } from './sasl/saslprep.ts';
export { ScramClient, type ScramClientOptions, type ScramClientStep } from './sasl/scram-client.ts';
export {
  clientKeys,
  iterationsMax,
  mockVerifier,
  readVerifier,
  scramVerifier,
  writeVerifier,
  type ClientKeys,
  type ScramVerifier,
} from './sasl/scram-keys.ts';
export { scramMechanisms, type ScramMechanism } from './sasl/scram-message.ts';
export { ScramServer, type ScramServerOptions, type ScramServerStep } from './sasl/scram-server.ts';
export { shortText } from './short-text.ts';
export { malformed, protocolViolation, type WireFault } from './wire-fault.ts';
export { binaryOfItems, binaryOfText, byteaOfText, itemsOfBinaryArray, textOfBinary } from './values/binary-values.ts';
export { intervalOfMicros, textOfInterval, type Interval } from './values/intervals.ts';
export { typeOfOid, typeOids, type WireType } from './values/type-oids.ts';
