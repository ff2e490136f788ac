import { spawn } from 'node:child_process'

/** $1 the test run, $2 the process to end, $3 its folder. Ends by itself when that process has ended. */
const watch = `
while kill -0 "$2" 2>/dev/null; do
  if ! kill -0 "$1" 2>/dev/null; then
    kill -QUIT "$2"
    sleep 2
    rm -rf "$3"
    exit
  fi
  sleep 2
done`

/**
 * Makes sure that a process does not outlive the test run when the run is itself killed and nobody tears anything down: a small
 * shell waits for that, then ends the process with SIGQUIT and removes its folder.
 */
export function endWithRun(pid: number, folder: string): void {
  const run = process.env['TEST_RUN_PID'] ?? String(process.pid)
  spawn('sh', ['-c', watch, 'end-with-run', run, String(pid), folder], { detached: true, stdio: 'ignore' }).unref()
}
