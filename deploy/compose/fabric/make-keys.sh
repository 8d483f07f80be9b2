#!/usr/bin/env bash
# Keys and certificates of both organisations, the channel's first block, and what a client of Org1 needs, for itself alone.
set -euo pipefail

if [ ! -d /keys/crypto ]; then
  rm -rf /keys/unfinished
  cryptogen generate --config=/setup/crypto-config.yaml --output=/keys/unfinished
  mv /keys/unfinished /keys/crypto
fi
if [ ! -f /keys/ehr.block ]; then
  configtxgen -configPath /setup -profile Channel -channelID ehr -outputBlock /keys/unfinished.block
  mv /keys/unfinished.block /keys/ehr.block
fi

org1=/keys/crypto/peerOrganizations/org1.example.com
orderer=/keys/crypto/ordererOrganizations/example.com/orderers/orderer.example.com
cp /setup/connection-org1.json /client/
cp "$org1/users/User1@org1.example.com/msp/signcerts/User1@org1.example.com-cert.pem" /client/user-cert.pem
cp "$org1/users/User1@org1.example.com/msp/keystore/priv_sk" /client/user-key.pem
cp "$org1/peers/peer0.org1.example.com/tls/ca.crt" /client/peer-ca.pem
cp "$orderer/tls/ca.crt" /client/orderer-ca.pem
# The services run as the user node of their image.
chown -R 1000:1000 /client
