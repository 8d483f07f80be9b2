import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';

export type Timestamp = InstanceType<typeof timestamps.Timestamp>;

export function timestampOf(ms: number): Timestamp {
  const timestamp = new timestamps.Timestamp();
  timestamp.setSeconds(Math.floor(ms / 1_000));
  timestamp.setNanos((ms % 1_000) * 1_000_000);
  return timestamp;
}
