// Serves the asset contract that is shaped as the Fabric samples shape theirs: node serve-assets.js <host:port> <package id> <how>,
// plain as it is, fused beside executeBatch. A process of its own: fabric-shim brings another version of Fabric's messages.
process.env['CORE_CHAINCODE_LOGGING_LEVEL'] = 'error';
const { serveContracts, withExecuteBatch } = await import('@medrex/fabric-contract');
const { AssetTransfer } = await import('@medrex/fabric-contract/testing');

const [, , address = '', chaincodeId = '', how] = process.argv;
const contract = how === 'fused' ? withExecuteBatch(AssetTransfer) : AssetTransfer;
await serveContracts([contract], { address, chaincodeId });
console.log('ready');
