import { X509Certificate } from 'node:crypto';
import { ClientIdentity } from 'fabric-shim';
import type { ChaincodeStub } from 'fabric-shim-api';

/** Certificate attribute, in the form of Fabric CA, that makes its holder an administrator here. */
const attribute = 'medrex.admin';

/**
 * Whether the sender of the transaction is an administrator: a unit of the certificate is `admin` (the NodeOUs of an
 * organisation), or it has the attribute. A CA of the organisation signed either, which every peer has checked.
 */
export function isAdministrator(stub: ChaincodeStub): boolean {
  try {
    const { subject } = new X509Certificate(stub.getCreator().idBytes).toLegacyObject();
    return [subject.OU].flat().includes('admin') || hasAttribute(stub);
  } catch {
    return false;
  }
}

function hasAttribute(stub: ChaincodeStub): boolean {
  return new ClientIdentity(stub).getAttributeValue(attribute) === 'true';
}
