// Scripts of this repository that start side by side set it up one after another. Plain CommonJS, as ensure.cjs.
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
 * Waits while another process that runs has the turn; returns what gives ours back. A symbolic link is there at once with
 * its target, the holder's process id. What a dead process left is taken away.
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
        if (holder(left) !== pid) fs.symlinkSync(String(holder(left)), lock); // another has taken it over meanwhile
        fs.rmSync(left);
      }
    } catch (error) {
      // Another was faster; or this folder cannot be written to, and so nobody sets it up.
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') return () => undefined;
    }
  }
}

module.exports = { takeTurn };
