import type { ErrorDescription } from '@medrex/coded-error';

/** Every error that orderer-dag throws or logs by code; the generated error reference is made from it. */
export const ordererErrors = {
  FLIGHT_STATE: {
    code: 'FLIGHT_STATE',
    retryable: false,
    meaning: 'A Fabric transaction was taken from one state of its life to another that does not follow.',
    remedy: 'This is a defect of orderer-dag: report it with the log lines of the transaction id.',
  },
  ENDORSEMENT_TIMEOUT: {
    code: 'ENDORSEMENT_TIMEOUT',
    retryable: true,
    meaning: 'The pinned endorsers did not answer a proposal in time.',
    remedy:
      'Nothing, once: it is judged by a probe and tried again. If it lasts, look at the peers and at the chaincode.',
  },
  ENDORSEMENT_UNSOUND: {
    code: 'ENDORSEMENT_UNSOUND',
    retryable: false,
    meaning:
      'The endorsed read/write set holds keys or ranges that no operation declared and no result admits, or an operation has no end.',
    remedy:
      'Nothing was sent. The contract does not follow the rules of executeBatch: no range reads, one result per operation.',
  },
  ENVELOPE_INVALID: {
    code: 'ENVELOPE_INVALID',
    retryable: true,
    meaning: 'A block showed one of our envelopes invalid for a reason other than a conflict.',
    remedy:
      'Nothing, once: a probe finds out whether the channel or the operations are at fault. The message has the code.',
  },
  PROBE_UNSEEN: {
    code: 'PROBE_UNSEEN',
    retryable: true,
    meaning: 'A probe was ordered but stands in no block, so the orderer or the block stream does not work.',
    remedy: 'Look at the orderers and at the block stream of the pinned peers; the channel opens again by itself.',
  },
  PROBE_INVALID: {
    code: 'PROBE_INVALID',
    retryable: true,
    meaning: 'A probe stands in a block as invalid.',
    remedy: 'The code in the message says why: endorsement policy, certificate, chaincode definition.',
  },
  BLOCK_GAP: {
    code: 'BLOCK_GAP',
    retryable: true,
    meaning: 'The block stream left out a block.',
    remedy:
      'The stream is opened again at the missing block. If it stays away, the peer has pruned it: pin another one.',
  },
  CHANNEL_STOPPED: {
    code: 'CHANNEL_STOPPED',
    retryable: false,
    meaning: 'A block showed one of our envelopes with a validation code that nothing may be concluded from.',
    remedy: 'Nothing was dead-lettered. Find out what the code means on this network, then restart orderer-dag.',
  },
  OPERATIONS_LOG_BEHIND: {
    code: 'OPERATIONS_LOG_BEHIND',
    retryable: false,
    meaning: 'The operations log ends before the low-water mark of the channel: the topic was made anew.',
    remedy: 'Run `medrex topics reset` if that was meant; otherwise restore the topic. Nothing was read or sent.',
  },
  CHANNEL_RESET: {
    code: 'CHANNEL_RESET',
    retryable: false,
    meaning:
      'The low-water mark of a channel went back while this orderer-dag waited in reserve: its topics were reset.',
    remedy: 'Nothing: this instance ends and begins anew when it is started again.',
  },
  CHANNEL_UNMAPPED: {
    code: 'CHANNEL_UNMAPPED',
    retryable: false,
    meaning: 'A record came from a partition that the channel map does not name.',
    remedy: 'Give every process the same MEDREX_CHANNELS.',
  },
  CALL_KEY_MISSING: {
    code: 'CALL_KEY_MISSING',
    retryable: false,
    meaning: 'The log holds a call of per-transaction mode, and this process was given no call key.',
    remedy:
      'Give orderer-dag the MEDREX_CALL_KEY or MEDREX_CALL_KEY_FILE of ingest. Nothing behind the call is read until then.',
  },
  CONTRACT_MODULE: {
    code: 'CONTRACT_MODULE',
    retryable: false,
    meaning:
      'MEDREX_CONTRACTS names something that is no contract, or MEDREX_PLAIN_CHAINCODES something that is no chaincode.',
    remedy:
      'Write module#export; a contract has a name, templateVersions and apply, a chaincode a name, a version and invoke.',
  },
  LEDGER_PROFILE_MISSING: {
    code: 'LEDGER_PROFILE_MISSING',
    retryable: false,
    meaning: 'MEDREX_LEDGER is fabric and MEDREX_FABRIC_PROFILE names no connection profile.',
    remedy: 'Set MEDREX_FABRIC_PROFILE; docs/how-to/fabric.md says what stands in the file.',
  },
  GENERATION_SUPERSEDED: {
    code: 'GENERATION_SUPERSEDED',
    retryable: false,
    meaning: 'Another orderer-dag took the channel over.',
    remedy: 'Nothing: this instance ends. If two keep replacing each other, one of them should not be running.',
  },
} as const satisfies Record<string, ErrorDescription>;
