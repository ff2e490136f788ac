import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connectLines } from '../../src/connect-page/connect-lines.js'
import { type McpTestServer, startMcpTestServer } from './mcp-test-server.js'

let server: McpTestServer

beforeAll(async () => {
  server = await startMcpTestServer()
})
afterAll(() => server.close())

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

describe('opening the MCP URL in a browser', () => {
  it.each(['/mcp', '/mcp/'])('shows at %s how to connect each client', async (path) => {
    const response = await fetch(server.origin + path, { headers: browser })
    const html = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(html).toContain(`claude mcp add --transport http gatehouse-notes ${server.url}`)
    for (const { client } of connectLines({ name: 'Gatehouse Notes', resource: server.url }))
      expect(html).toContain(`<summary>${client}</summary>`)
    expect(html).toContain('Read your notes')
    expect(html).toContain(`<a href="${server.origin}/.well-known/oauth-protected-resource/mcp">`)
  })

  it('leads there from the root', async () => {
    const response = await fetch(`${server.origin}/`, { headers: browser, redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/mcp'])
  })

  it('serves its stylesheet', async () => {
    const html = await (await fetch(server.url, { headers: browser })).text()
    const path = /<link rel="stylesheet" href="([^"]+)"/.exec(html)?.[1] ?? ''
    expect((await fetch(server.origin + path)).headers.get('content-type')).toMatch(/^text\/css/)
  })

  it.each(['*/*', 'application/json', 'text/event-stream', 'application/json, text/event-stream'])(
    'is not for clients that accept %s',
    async (accept) => {
      expect((await fetch(server.url, { headers: { accept } })).status).toBe(401)
    },
  )
})
