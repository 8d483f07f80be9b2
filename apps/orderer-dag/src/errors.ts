import type { ErrorDescription } from '@medrex/coded-error';

/** All coded errors of orderer-dag; the error reference is generated from them. */
export const ordererErrors = {
  FLIGHT_STATE: {
    code: 'FLIGHT_STATE',
    retryable: false,
    meaning: 'A flight was asked for an invalid state transition.',
    remedy: 'This is a defect of orderer-dag: report it with the log lines of the transaction id.',
  },
  ENDORSEMENT_TIMEOUT: {
    code: 'ENDORSEMENT_TIMEOUT',
    retryable: true,
    meaning: 'The pinned endorsers did not answer a proposal in time.',
    remedy:
      'Nothing for a single case: a probe finds the cause and it is retried. If it persists, check the peers and the chaincode.',
  },
  ENDORSEMENT_UNSOUND: {
    code: 'ENDORSEMENT_UNSOUND',
    retryable: false,
    meaning:
      'The endorsed read-write set has keys or ranges that no operation declared and no result lists, or an operation has no result.',
    remedy:
      'Nothing was sent. The contract breaks the rules of executeBatch: no range reads, one result per operation.',
  },
  ENVELOPE_INVALID: {
    code: 'ENVELOPE_INVALID',
    retryable: true,
    meaning: 'One of our envelopes is invalid in a block for another reason than a conflict.',
    remedy:
      'Nothing for a single case: a probe finds out whether the channel or the operations are at fault. The message has the code.',
  },
  PROBE_UNSEEN: {
    code: 'PROBE_UNSEEN',
    retryable: true,
    meaning: 'A probe was ordered but is in no block, so the orderer or the block stream does not work.',
    remedy: 'Check the orderers and the block stream of the pinned peers; sending resumes automatically.',
  },
  PROBE_INVALID: {
    code: 'PROBE_INVALID',
    retryable: true,
    meaning: 'A probe is invalid in a block.',
    remedy: 'The code in the message says why: endorsement policy, certificate, chaincode definition.',
  },
  BLOCK_GAP: {
    code: 'BLOCK_GAP',
    retryable: true,
    meaning: 'The block stream skipped a block.',
    remedy: 'The stream is reopened at the missing block. If that persists, the peer has pruned it: pin another peer.',
  },
  CHANNEL_STOPPED: {
    code: 'CHANNEL_STOPPED',
    retryable: false,
    meaning: 'One of our envelopes has a validation code in a block that allows no conclusion.',
    remedy: 'Nothing was dead-lettered. Find out what the code means on this network, then restart orderer-dag.',
  },
  OPERATIONS_LOG_BEHIND: {
    code: 'OPERATIONS_LOG_BEHIND',
    retryable: false,
    meaning: 'The operations log ends before the low-water mark of the channel: the topic was recreated.',
    remedy: 'Run `medrex topics reset` if that was intended; otherwise restore the topic. Nothing was read or sent.',
  },
  CHANNEL_RESET: {
    code: 'CHANNEL_RESET',
    retryable: false,
    meaning: 'The low-water mark of a channel decreased while this orderer-dag was a standby: the topics were reset.',
    remedy: 'Nothing: this instance ends, and works again after a restart.',
  },
  CHANNEL_UNMAPPED: {
    code: 'CHANNEL_UNMAPPED',
    retryable: false,
    meaning: 'A record came from a partition that belongs to no channel.',
    remedy: 'Set the same MEDREX_CHANNELS for every process.',
  },
  CALL_KEY_MISSING: {
    code: 'CALL_KEY_MISSING',
    retryable: false,
    meaning: 'The log has a call of per-transaction mode, but this process has no call key.',
    remedy:
      'Set MEDREX_CALL_KEY or MEDREX_CALL_KEY_FILE to the value of ingest. Nothing behind the call is read until then.',
  },
  CONTRACT_MODULE: {
    code: 'CONTRACT_MODULE',
    retryable: false,
    meaning:
      'MEDREX_CONTRACTS names something that is not a contract, or MEDREX_PLAIN_CHAINCODES something that is not a chaincode.',
    remedy:
      'Write module#export; a contract must have a name, templateVersions and apply, a chaincode a name, a version and invoke.',
  },
  LEDGER_PROFILE_MISSING: {
    code: 'LEDGER_PROFILE_MISSING',
    retryable: false,
    meaning: 'MEDREX_LEDGER is fabric, but MEDREX_FABRIC_PROFILE is not set.',
    remedy: 'Set MEDREX_FABRIC_PROFILE to a connection profile; docs/how-to/fabric.md describes the file.',
  },
  GENERATION_SUPERSEDED: {
    code: 'GENERATION_SUPERSEDED',
    retryable: false,
    meaning: 'Another orderer-dag has taken over the channel.',
    remedy: 'Nothing: this instance ends. If two keep replacing each other, one of them should not be running.',
  },
} as const satisfies Record<string, ErrorDescription>;
