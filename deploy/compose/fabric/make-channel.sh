#!/usr/bin/env bash
# Orderer and peer join the channel; the chaincode is installed, approved and committed. What is done already is left.
set -euo pipefail

channel=ehr
name=medrex
label=${name}_$CHAINCODE_VERSION
orderer=/keys/crypto/ordererOrganizations/example.com/orderers/orderer.example.com/tls
org1=/keys/crypto/peerOrganizations/org1.example.com
export FABRIC_LOGGING_SPEC=warn
export CORE_PEER_LOCALMSPID=Org1MSP CORE_PEER_ADDRESS=peer0.org1.example.com:27041 CORE_PEER_TLS_ENABLED=true
export CORE_PEER_MSPCONFIGPATH=$org1/users/Admin@org1.example.com/msp
export CORE_PEER_TLS_ROOTCERT_FILE=$org1/peers/peer0.org1.example.com/tls/ca.crt

# Runs the command until it succeeds, for a minute.
eventually() {
  local until=$((SECONDS + 60))
  until "$@"; do
    if [ $SECONDS -ge $until ]; then return 1; fi
    sleep 1
  done
}

admin=(-o orderer.example.com:27032 --ca-file "$orderer/ca.crt" --client-cert "$orderer/server.crt" --client-key "$orderer/server.key")
is_on_channel() { osnadmin channel list --channelID $channel "${admin[@]}" | grep -q '"status": *"active"'; }
if ! is_on_channel; then osnadmin channel join --channelID $channel --config-block /keys/ehr.block "${admin[@]}"; fi
eventually is_on_channel

eventually peer channel list >/tmp/channels
grep -qx $channel /tmp/channels || peer channel join -b /keys/ehr.block

# The package: where the chaincode's server listens, and the indexes of the state database. Without times, so that its id stays.
package=/tmp/package
mkdir -p $package/code
echo "{\"address\":\"$CHAINCODE_ADDRESS\",\"dial_timeout\":\"10s\",\"tls_required\":false}" >$package/code/connection.json
echo "{\"type\":\"ccaas\",\"label\":\"$label\"}" >$package/metadata.json
if [ -d /chaincode/META-INF ]; then cp -R /chaincode/META-INF $package/code/; fi
plain_tar() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a+rX,u+w,go-w -C "$1" -cf - "${@:2}" | gzip -n; }
plain_tar $package/code . >$package/code.tar.gz
plain_tar $package metadata.json code.tar.gz >$package/$label.tar.gz
id=$(peer lifecycle chaincode calculatepackageid $package/$label.tar.gz)

peer lifecycle chaincode queryinstalled --output json | grep -q "\"$id\"" || peer lifecycle chaincode install $package/$label.tar.gz
echo "$id" >/client/package-id
chmod 644 /client/package-id

committed=$(peer lifecycle chaincode querycommitted --channelID $channel --name $name 2>/dev/null | grep "^Version: $CHAINCODE_VERSION," || true)
approved=$(peer lifecycle chaincode queryapproved --channelID $channel --name $name --output json 2>/dev/null || true)
if [ -n "$committed" ] && grep -q "\"$id\"" <<<"$approved"; then exit 0; fi

before=$(peer lifecycle chaincode querycommitted --channelID $channel --name $name 2>/dev/null | sed -n 's/.*Sequence: \([0-9]*\),.*/\1/p' || true)
definition=(--channelID $channel --name $name --version "$CHAINCODE_VERSION" --sequence $((${before:-0} + 1)) --signature-policy "OR('Org1MSP.peer')")
ordering=(-o orderer.example.com:27031 --tls --cafile "$orderer/ca.crt")
# The orderer has no leader for the first second.
eventually peer lifecycle chaincode approveformyorg "${ordering[@]}" "${definition[@]}" --package-id "$id"
peer lifecycle chaincode commit "${ordering[@]}" "${definition[@]}" --peerAddresses $CORE_PEER_ADDRESS --tlsRootCertFiles "$CORE_PEER_TLS_ROOTCERT_FILE"
