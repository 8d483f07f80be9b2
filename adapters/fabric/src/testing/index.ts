export { chaincodePackage, type ChaincodePackage } from './chaincode-package.ts';
export { ChaincodeService, type ChaincodeServiceOptions } from './chaincode-service.ts';
export { flawedEnvelope, flaws, signersOf, type Flaw, type Signers } from './flawed-envelope.ts';
export { lowSSigner } from '../identity/low-s-signer.ts';
export { NetworkAdmin } from './network-admin.ts';
export { administratorOf } from './network-files.ts';
