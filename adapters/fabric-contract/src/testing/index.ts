import './quiet-shim.ts';
export { adminCertificate, attributeCertificate, clientCertificate } from './certificates.ts';
export { freeAddress } from './free-address.ts';
export { RemoteChaincode, type RemoteChaincodeOptions } from './remote-chaincode.ts';
export { AssetDesk } from './asset-desk-contract.ts';
export { AssetTransfer } from './asset-transfer-contract.ts';
export { callItem, type CallOperation } from './call-operation.ts';
