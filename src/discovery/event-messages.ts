/** Parses JSON-RPC messages from an event stream that arrives in pieces (HTML standard, "server-sent events"). */
import { type JsonObject, jsonObject } from './json.js'

export interface EventMessages {
  /** Takes the next piece and returns the messages that it completes. Linear time, however the stream is split. */
  push(piece: string): readonly JsonObject[]
}

export function createEventMessages(): EventMessages {
  let line: string[] = []
  let data: string[] = []
  const endLine = (): JsonObject | undefined => {
    const text = line.join('').replace(/\r$/, '')
    line = []
    if (text.startsWith('data:')) data.push(text.slice('data:'.length).replace(/^ /, ''))
    if (text !== '' || data.length === 0) return undefined
    const event = data.join('\n')
    data = []
    return jsonObject(event)
  }
  return {
    push: (piece) => {
      const [first = '', ...others] = piece.split('\n')
      line.push(first)
      return others.flatMap((next) => {
        const message = endLine()
        line.push(next)
        return message === undefined ? [] : [message]
      })
    },
  }
}
