/**
 * Writes lines to a file descriptor without waiting for its reader. Lines are collected briefly and written in one call. If the pipe is
 * full, lines are buffered in memory up to a limit. Beyond it the newest lines are dropped, and a line reports their number as soon as
 * there is room. What must not be lost is stored elsewhere: security events are in the audit table.
 */
import { writeSync } from 'node:fs'

/** Output for log lines. */
export interface LineOutput {
  /** One or several lines, each with its line break. */
  write(lines: string): void
}

export interface LineWriter extends LineOutput {
  /** Writes the buffered lines and waits for a slow reader, at most `limitMs`. For the end of the process. */
  flushSync(limitMs?: number): void
}

export interface LineWriterOptions {
  /** Makes the line that reports the number of dropped lines. */
  readonly droppedLine: (dropped: number) => string
  /** How long lines are collected, in milliseconds. A process that is killed loses at most this much. */
  readonly gatherMs?: number
  /** Pause before the next attempt on a full pipe, in milliseconds. */
  readonly retryMs?: number
  /** Maximum buffered characters. */
  readonly most?: number
  /** For tests. Returns the number of bytes written; throws EAGAIN if the pipe is full. */
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

/** `fd`: a pipe must be in non-blocking mode, which Node sets at the first use of `process.stdout`. */
export function createLineWriter(fd: number, options: LineWriterOptions): LineWriter {
  const { droppedLine, gatherMs = 10, retryMs = 5, most = 8 * 1024 * 1024 } = options
  const { write = (bytes) => writeSync(fd, bytes) } = options
  let gathered = ''
  /** The bytes that remain to be written when the pipe was full. */
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
      // The reader has closed, or the disk is full: these lines are lost, later ones may not be.
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
