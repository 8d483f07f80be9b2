/** A failure of a chaincode call, with the message of Fabric's peer. */
export class ChaincodeFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ChaincodeFailure';
  }
}
