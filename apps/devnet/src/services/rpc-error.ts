import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { gateway, google } from '@hyperledger/fabric-protos';
import any from 'google-protobuf/google/protobuf/any_pb.js';

/** The failed node and its error, for the details of a gateway error. */
export interface FailureDetail {
  readonly address: string;
  readonly mspId: string;
  readonly message: string;
}

/** A gRPC error like that of Fabric's gateway, with details in `grpc-status-details-bin`. */
export class RpcError extends Error {
  readonly code: status;
  readonly details: readonly FailureDetail[];

  constructor(code: status, message: string, details: readonly FailureDetail[] = []) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.details = details;
  }
}

/** The error for grpc-js; an unexpected one is INTERNAL. */
export function serviceError(error: unknown): Partial<ServiceError> {
  if (!(error instanceof RpcError)) {
    return { code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) };
  }
  const metadata = new Metadata();
  if (error.details.length > 0) metadata.set('grpc-status-details-bin', Buffer.from(statusBytes(error)));
  return { code: error.code, details: error.message, metadata };
}

function statusBytes({ code, message, details }: RpcError): Uint8Array {
  const content = new google.rpc.Status();
  content.setCode(code);
  content.setMessage(message);
  content.setDetailsList(
    details.map((detail) => {
      const packed = new any.Any();
      packed.pack(detailMessage(detail).serializeBinary(), 'gateway.ErrorDetail');
      return packed;
    }),
  );
  return content.serializeBinary();
}

function detailMessage({ address, mspId, message }: FailureDetail): gateway.ErrorDetail {
  const detail = new gateway.ErrorDetail();
  detail.setAddress(address);
  detail.setMspId(mspId);
  detail.setMessage(message);
  return detail;
}
