export type { Chaincode, ChaincodeResponse, ChaincodeStub } from './chaincode.ts';
export type {
  Block,
  BlockStream,
  BlockSubscription,
  CommittedTransaction,
  Endorsement,
  KeyRead,
  KeyWrite,
  Ledger,
  Proposal,
  RangeRead,
  ReadWriteSet,
  Version,
} from './ledger.ts';
export { validationCodes, type ValidationCode } from './validation-code.ts';
