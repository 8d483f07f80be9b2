import { describe, expect, it } from '@jest/globals';
import { SqlAnalyser } from '@medrex/sql';
import { SqlFailure, type SqlDriver } from '@medrex/sql-driver';
import type { UpstreamConfig } from '../../config/proxy-config.ts';
import { IrisUpstreams, type IrisOpening } from './iris-upstreams.ts';

const upstream = {
  kind: 'iris',
  host: 'iris',
  port: 1972,
  iris: { jars: [], url: 'jdbc:x', version: '2025.2', schemas: {}, hazards: [], skipped: [], normalised: [] },
} as unknown as UpstreamConfig;
const opening: IrisOpening = {
  upstream,
  database: 'ward',
  name: { upstream: 'iris', database: 'ward', user: 'app', secret: '' },
  credentials: { user: 'app', secret: { kind: 'password', password: 'secret' } },
  addresses: () => [
    {
      host: 'iris',
      port: 1972,
      tls: 'disable',
      allowCleartext: false,
      authorities: undefined,
      clientCertificate: undefined,
    },
  ],
};

describe('IrisUpstreams', () => {
  it('loads the driver again for the next login when it could not be loaded', async () => {
    const loads: (() => SqlDriver)[] = [
      () => {
        throw new SqlFailure('no such jar', { sqlstate: '08001' });
      },
      () => ({ open: async () => Promise.reject(new SqlFailure('wrong password', { sqlstate: '28P01' })) }),
    ];
    const upstreams = new IrisUpstreams({
      analyser: await SqlAnalyser.load(),
      now: () => 0,
      irisDriver: () => loads.shift()!(),
    });
    const refusal = async (): Promise<string> =>
      new Promise((resolve) =>
        upstreams.open(
          opening,
          () => resolve('in'),
          ({ message }) => resolve(message),
        ),
      );

    expect(await refusal()).toBe('no such jar');
    expect(await refusal()).toBe('wrong password');
    await upstreams.close();
  });
});
