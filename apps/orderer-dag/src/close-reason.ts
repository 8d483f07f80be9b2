/**
 * Why an operation is given up; the code that its dead letter carries.
 *
 * - `EXPIRED`: its deadline passed before it was planned
 * - `READY_TOO_LONG`: it was ready for 30 s while the channel worked and there was a flight for its class
 * - `UNSTABLE_KEYS`: it touched other keys at each of eight tries
 * - `POISON`: it failed alone three times between passing probes
 * - `CALL_UNREADABLE`: a call whose arguments do not open with this channel's call key, or that names our own chaincode
 */
export const closeReasons = ['EXPIRED', 'READY_TOO_LONG', 'UNSTABLE_KEYS', 'POISON', 'CALL_UNREADABLE'] as const;
export type CloseReason = (typeof closeReasons)[number];
