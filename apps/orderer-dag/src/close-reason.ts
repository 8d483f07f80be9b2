/**
 * Why an operation is closed; the code of its dead letter.
 *
 * - `EXPIRED`: its deadline passed before it was planned
 * - `READY_TOO_LONG`: it was ready for 30 s while the channel worked and a flight was free for its class
 * - `UNSTABLE_KEYS`: it touched other keys at each of eight tries
 * - `POISON`: it failed alone three times between passing probes
 * - `CALL_UNREADABLE`: a call whose arguments cannot be unsealed with this channel's call key, or that names the Medrex chaincode
 */
export const closeReasons = ['EXPIRED', 'READY_TOO_LONG', 'UNSTABLE_KEYS', 'POISON', 'CALL_UNREADABLE'] as const;
export type CloseReason = (typeof closeReasons)[number];
