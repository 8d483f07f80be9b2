// Serves the asset contract that is shaped as the Fabric samples shape theirs: node serve-assets.js <host:port> <package id> <how>,
// plain as it is, fused beside executeBatch; or the desk that calls it. A process of its own: fabric-shim brings another version of
// Fabric's messages.
process.env['CORE_CHAINCODE_LOGGING_LEVEL'] = 'error';
const { serveContracts, withExecuteBatch } = await import('@medrex/fabric-contract');
const { AssetDesk, AssetTransfer } = await import('@medrex/fabric-contract/testing');

const [, , address = '', chaincodeId = '', how] = process.argv;
const contracts = { plain: AssetTransfer, fused: withExecuteBatch(AssetTransfer), desk: AssetDesk };
await serveContracts([contracts[how as keyof typeof contracts]], { address, chaincodeId });
console.log('ready');
