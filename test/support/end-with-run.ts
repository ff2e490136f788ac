import { spawn } from 'node:child_process'

/** $1 the test run, $2 the process to end, $3 its folder, $4 the signal. Ends by itself when that process has ended. */
const watch = `
# When a process began, where there is a /proc: its number may be another one's by the time that it is looked at again.
began() { cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null; }
first=$(began "$2")
while kill -0 "$2" 2>/dev/null; do
  if ! kill -0 "$1" 2>/dev/null; then
    [ "$(began "$2")" = "$first" ] && kill -s "$4" "$2"
    sleep 2
    rm -rf "$3"
    exit
  fi
  sleep 2
done`

/**
 * Makes sure that a process does not outlive the test run when the run is itself killed and nobody tears anything down: a small
 * shell waits for that, then ends the process with the signal and removes its folder.
 */
export function endWithRun(pid: number, folder: string, signal: 'QUIT' | 'TERM' = 'QUIT'): void {
  const run = process.env['TEST_RUN_PID'] ?? String(process.pid)
  const args = ['-c', watch, 'end-with-run', run, String(pid), folder, signal]
  spawn('sh', args, { detached: true, stdio: 'ignore' }).unref()
}
