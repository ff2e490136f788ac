// Steps of a test: asked for on standard input, answered on standard output, JSON-RPC 2.0 with one message a line.
import { createInterface } from 'node:readline'

/** Runs one step after the other until standard input ends. */
export async function serve(steps) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line)
    let answer
    try {
      answer = { result: await steps[method](params) }
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
      answer = { error: { code: -32000, message: describe(error) } }
    }
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`)
  }
  process.exit()
}

/** The error with its causes, and the OAuth error code or HTTP status that libraries keep beside the message. */
function describe(error) {
  if (!(error instanceof Error)) return String(error)
  const details = [error.error, error.status].filter((detail) => ['string', 'number'].includes(typeof detail))
  const cause = error.cause instanceof Error ? `: ${describe(error.cause)}` : ''
  return `${error.name}: ${error.message} ${details.map((detail) => `(${detail})`).join(' ')}${cause}`
}
