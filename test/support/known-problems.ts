/**
 * Whatever a test provokes has an entry in the catalogue of errors: the log line of a request that was refused names it. Servers of tests
 * keep their lines by `keepLines`; a file in which a line named none fails (close-opened.ts).
 */
import type { LineOutput } from '../../src/base/line-writer.js'

const withoutEntry = new Set<string>()

/** Requests only. A hint of Chromium's, or a line that tells of a request's `error`, is no such line. */
function lacksEntry(line: string): boolean {
  return line.includes('"msg":"request"') && line.includes('"error":"') && !line.includes('"problem":"')
}

/** For `createLogger`: keeps each line in `lines`. */
export function keepLines(lines: string[]): LineOutput {
  return {
    write: (line) => {
      lines.push(line)
      if (lacksEntry(line)) withoutEntry.add(line)
    },
  }
}

/** Call when a test file has ended. Throws an Error that shows the lines that name no entry. */
export function expectKnownProblems(): void {
  const lines = [...withoutEntry]
  withoutEntry.clear()
  if (lines.length > 0) throw new Error(`the catalogue of errors (src/problems/) has no entry for:\n${lines.join('')}`)
}
