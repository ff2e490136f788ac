/**
 * Writes lines to a file descriptor without waiting for its reader. Lines are gathered for a moment and leave in one write. If a pipe
 * is full they wait in memory, up to a bound; beyond it the newest lines are dropped, and a line says how many as soon as there is room.
 * Whatever must not be lost has a place of its own: security events are in the audit table.
 */
import { writeSync } from 'node:fs'

/** Where lines go. */
export interface LineOutput {
  /** One line or several, each with its end. */
  write(lines: string): void
}

export interface LineWriter extends LineOutput {
  /** Writes what is gathered, and waits for a slow reader: for the end of the process. Gives up after `limitMs`. */
  flushSync(limitMs?: number): void
}

export interface LineWriterOptions {
  /** A line that says how many were dropped. */
  readonly droppedLine: (dropped: number) => string
  /** How long lines are gathered, in milliseconds: what a process that is killed may lose. */
  readonly gatherMs?: number
  /** How long to leave a full pipe alone, in milliseconds. */
  readonly retryMs?: number
  /** Maximum characters that wait. */
  readonly most?: number
  /** For tests. Answers how many bytes were taken; throws EAGAIN if none can be. */
  readonly write?: (bytes: Buffer) => number
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)

function countLines(text: string | Buffer): number {
  let count = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) count += 1
  return count
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/** `fd`: a pipe must be in non-blocking mode, which Node puts it in at the first use of `process.stdout`. */
export function createLineWriter(fd: number, options: LineWriterOptions): LineWriter {
  const { droppedLine, gatherMs = 10, retryMs = 5, most = 8 * 1024 * 1024 } = options
  const { write = (bytes) => writeSync(fd, bytes) } = options
  let gathered = ''
  /** What is being written: the rest of it, when the pipe was full. */
  let bytes: Buffer | undefined
  let dropped = 0
  /** The last write ended within a line. */
  let isMidLine = false
  let isArmed = false

  const noteDropped = () => {
    if (dropped > 0) gathered += droppedLine(dropped)
    dropped = 0
  }

  const writeOnce = (): 'written' | 'full' | 'failed' => {
    if (bytes === undefined) {
      noteDropped()
      if (gathered === '') return 'written'
      bytes = Buffer.from(gathered)
      gathered = ''
    }
    const writing = bytes
    try {
      const taken = write(writing)
      if (taken > 0) isMidLine = writing[taken - 1] !== 0x0a
      bytes = taken < writing.length ? writing.subarray(taken) : undefined
      return bytes === undefined ? 'written' : 'full'
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') return 'full'
      // A reader that has gone, a full disk: these lines are lost, later ones may not be.
      dropped += countLines(writing)
      bytes = undefined
      if (isMidLine) gathered = `\n${gathered}`
      isMidLine = false
      return 'failed'
    }
  }

  const arm = (milliseconds: number): void => {
    if (isArmed) return
    isArmed = true
    setTimeout(() => {
      isArmed = false
      const outcome = writeOnce()
      if (bytes !== undefined || gathered !== '') arm(outcome === 'written' ? gatherMs : retryMs)
    }, milliseconds).unref()
  }

  return {
    write: (lines) => {
      if (gathered.length + (bytes?.length ?? 0) + lines.length > most) {
        dropped += countLines(lines)
        return
      }
      noteDropped()
      gathered += lines
      arm(gatherMs)
    },
    flushSync: (limitMs = 10_000) => {
      for (let waited = 0; waited <= limitMs; ) {
        const outcome = writeOnce()
        if (outcome === 'failed' || (bytes === undefined && gathered === '')) return
        if (outcome === 'written') continue
        pause(retryMs)
        waited += retryMs
      }
    },
  }
}
