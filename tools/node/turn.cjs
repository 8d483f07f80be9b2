// Serialises concurrent scripts that set up this repository. Plain CommonJS, like ensure.cjs.
'use strict';
const fs = require('node:fs');

const isRunning = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
};
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const holder = (lock) => Number(fs.lstatSync(lock, { throwIfNoEntry: false }) && fs.readlinkSync(lock));

/**
 * Takes the lock, waiting while another running process holds it; returns a function that releases it. The lock is a symbolic link
 * whose target is the process id of the holder, so it is created atomically with its content. A dead process loses its lock.
 */
function takeTurn(lock, onWait) {
  for (let isFirst = true; ; isFirst = false) {
    try {
      const pid = holder(lock);
      if (pid === process.pid) return () => fs.rmSync(lock, { force: true });
      if (Number.isNaN(pid)) fs.symlinkSync(String(process.pid), lock);
      else if (isRunning(pid)) {
        if (isFirst) onWait(pid);
        pause(100);
      } else {
        const left = `${lock}.${process.pid}`;
        fs.renameSync(lock, left);
        if (holder(left) !== pid) fs.symlinkSync(String(holder(left)), lock); // another process has taken it over meanwhile
        fs.rmSync(left);
      }
    } catch (error) {
      // EEXIST: another process was faster; ENOENT: it has just released the lock. With any other error (a read-only folder) no script can set up.
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') return () => undefined;
    }
  }
}

module.exports = { takeTurn };
