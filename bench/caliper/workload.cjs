'use strict';
// Workload module for Caliper: sends the operations of a load profile, each as a call of the chaincode's applyOperation.

const { WorkloadModuleBase } = require(require.resolve('@hyperledger/caliper-core', { paths: [process.cwd()] }));

class Operations extends WorkloadModuleBase {
  async initializeWorkloadModule(...args) {
    await super.initializeWorkloadModule(...args);
    const { loadTranslator, openLoad, profileNamed } = await import('../../apps/medrex/dist/index.js');
    const { InMemoryPatientVault } = await import('../../libs/privacy/dist/in-memory/index.js');
    const { decodeItem, decodeOperation } = await import('../../libs/execute-batch/dist/index.js');
    const { randomBytes } = await import('node:crypto');
    const translate = await loadTranslator(new InMemoryPatientVault({ random: randomBytes }), 'ehr');
    const profile = profileNamed(process.env.PROFILE ?? 'ward');
    const load = openLoad({
      ...{
        profile,
        rate: { kind: 'fixed', perSecond: 1_000 },
        seconds: 3_600,
        seed: Date.now() % 1_000,
        patients: 400,
      },
      ...{ skew: 1.1, injections: [], startMs: Date.now() },
    });
    this.read = async function* (messages) {
      for (const message of messages) {
        for (const item of await translate(message)) {
          const { bodies, ...operation } = decodeOperation(decodeItem(item).bytes);
          yield JSON.stringify({ ...operation, bodies: bodies.map((body) => Buffer.from(body).toString('latin1')) });
        }
      }
    };
    for await (const operation of this.read(load.setup)) await this.call(operation);
    const stream = (function* () {
      for (const { message } of load.stream()) yield message;
    })();
    this.operations = this.read(stream);
  }

  async submitTransaction() {
    const { value } = await this.operations.next();
    await this.call(value);
  }

  call(operation) {
    return this.sutAdapter.sendRequests({
      ...{ contractId: 'medrex', contractFunction: 'applyOperation', contractArguments: [operation] },
      ...{ readOnly: false, timeout: 30 },
    });
  }
}

module.exports.createWorkloadModule = () => new Operations();
