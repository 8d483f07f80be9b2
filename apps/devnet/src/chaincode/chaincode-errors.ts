/** What went wrong on the way to a chaincode, in the words of Fabric's peer. */
export class ChaincodeFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ChaincodeFailure';
  }
}
