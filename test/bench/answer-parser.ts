/** What a server answers on one connection, taken apart with as little work as there can be: RFC 9112 as far as servers of ours go. */

export interface Answer {
  readonly status: number
  /** Lower-case names. Looked for only when asked. */
  headers(name: string): readonly string[]
  readonly body: string
}

const headEnd = '\r\n\r\n'
const lineEnd = '\r\n'

function valuesOf(head: string, name: string): string[] {
  const found: string[] = []
  for (const line of head.split(lineEnd)) {
    if (line.length > name.length && line[name.length] === ':' && line.slice(0, name.length).toLowerCase() === name) {
      found.push(line.slice(name.length + 1).trim())
    }
  }
  return found
}

/** The body and where it ends; `undefined` while a chunk is missing. */
function chunked(bytes: Buffer, from: number): { body: string; end: number } | undefined {
  const parts: Buffer[] = []
  for (let at = from; ; ) {
    const line = bytes.indexOf(lineEnd, at)
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    if (Number.isNaN(size)) throw new Error('a chunk without its size')
    const start = line + lineEnd.length
    if (bytes.length < start + size + lineEnd.length) return undefined
    if (size === 0) return { body: Buffer.concat(parts).toString(), end: start + lineEnd.length }
    parts.push(bytes.subarray(start, start + size))
    at = start + size + lineEnd.length
  }
}

const lengthHeader = /\r\ncontent-length: *(\d+)/i
const chunkedHeader = /\r\ntransfer-encoding: *chunked/i

export class AnswerParser {
  #bytes: Buffer = Buffer.alloc(0)

  /** Adds what arrived; the answer once it is whole. Throws when it cannot be one, or more follows than was asked for. */
  add(arrived: Buffer): Answer | undefined {
    const bytes = this.#bytes.length === 0 ? arrived : Buffer.concat([this.#bytes, arrived])
    this.#bytes = bytes
    const headLength = bytes.indexOf(headEnd)
    if (headLength < 0) return undefined
    const head = bytes.toString('latin1', 0, headLength)
    const status = Number(head.slice(9, 12))
    if (!head.startsWith('HTTP/1.1 ') || Number.isNaN(status)) throw new Error(`not HTTP: ${head.slice(0, 100)}`)
    const from = headLength + headEnd.length
    const whole = this.#body(head, status, bytes, from)
    if (whole === undefined) return undefined
    if (whole.end !== bytes.length) throw new Error('more than one answer to one request')
    this.#bytes = Buffer.alloc(0)
    return { status, headers: (name) => valuesOf(head, name), body: whole.body }
  }

  #body(head: string, status: number, bytes: Buffer, from: number): { body: string; end: number } | undefined {
    if (status === 204 || status === 304) return { body: '', end: from }
    if (chunkedHeader.test(head)) return chunked(bytes, from)
    const length = lengthHeader.exec(head)?.[1]
    if (length === undefined) throw new Error('an answer without its length')
    const end = from + Number(length)
    return bytes.length < end ? undefined : { body: bytes.toString('utf8', from, end), end }
  }
}
