import { msp } from '@hyperledger/fabric-protos';
import type { Organisation } from '../identity/organisation.ts';

/** `msp.MSPConfig` of an organisation, as in configtxgen: its certificate authorities and NodeOUs. */
export function mspConfig({ mspId, ca, tlsCa }: Organisation): msp.MSPConfig {
  const certificate = Buffer.from(ca.certificate);
  const unit = (name: string): msp.FabricOUIdentifier => {
    const identifier = new msp.FabricOUIdentifier();
    identifier.setCertificate(certificate);
    identifier.setOrganizationalUnitIdentifier(name);
    return identifier;
  };
  const units = new msp.FabricNodeOUs();
  units.setEnable(true);
  units.setClientOuIdentifier(unit('client'));
  units.setPeerOuIdentifier(unit('peer'));
  units.setAdminOuIdentifier(unit('admin'));
  units.setOrdererOuIdentifier(unit('orderer'));
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA2');
  crypto.setIdentityIdentifierHashFunction('SHA256');
  const content = new msp.FabricMSPConfig();
  content.setName(mspId);
  content.setRootCertsList([certificate]);
  content.setTlsRootCertsList([Buffer.from(tlsCa.certificate)]);
  content.setFabricNodeOus(units);
  content.setCryptoConfig(crypto);
  const config = new msp.MSPConfig();
  config.setType(0);
  config.setConfig(content.serializeBinary());
  return config;
}
