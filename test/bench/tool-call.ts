/** A tool call exactly as the official client sends it in revision 2026-07-28: made once by that client, then repeated. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Question } from './connection.js'

/** Calls `whoami`, which touches no data, so that what stands around a call is what is measured. */
export async function recordedToolCall(mcpUrl: string, accessToken: string): Promise<Question> {
  let recorded: Question | undefined
  const transport = new StreamableHTTPClientTransport(new URL(mcpUrl), {
    requestInit: { headers: { authorization: `Bearer ${accessToken}` } },
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const body = await request.clone().text()
      if (body.includes('"tools/call"')) {
        recorded = {
          method: 'POST',
          path: new URL(mcpUrl).pathname,
          headers: Object.fromEntries(request.headers),
          body,
        }
      }
      return fetch(request)
    },
  })
  const client = new Client(
    { name: 'bench', version: '0.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  await client.connect(transport)
  await client.callTool({ name: 'whoami', arguments: {} })
  await client.close()
  if (recorded === undefined) throw new Error('the client made no tool call')
  return recorded
}
