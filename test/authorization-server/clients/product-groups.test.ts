import { describe, expect, it } from '@jest/globals'
import { groupByProduct } from '../../../src/authorization-server/clients/product-groups.js'
import { redirectShape } from '../../../src/oauth/redirect-uri.js'
import type { ListedClient } from '../../../src/storage/clients/clients.js'

let minutes = 0
function client(
  clientId: string,
  name: string,
  redirects: readonly string[],
  other: Partial<ListedClient> = {},
): ListedClient {
  minutes += 1
  const metadata = { client_id: clientId, redirect_uris: [...redirects] }
  const createdAt = new Date(Date.UTC(2026, 10, 21, 12, minutes))
  return { clientId, name, origin: 'dynamic', metadata, createdAt, inUse: false, ...other }
}

describe('The shape of a redirect URI', () => {
  it.each([
    ['http://127.0.0.1:33418/callback', 'http://127.0.0.1:*/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:*/callback'],
    ['http://[::1]:9/cb?x=1', 'http://[::1]:*/cb'],
    ['https://chatgpt.com/connector/oauth/Ab3dEf6hIj', 'https://chatgpt.com/connector/oauth/*'],
    ['https://client.example:8443/oauth/callback', 'https://client.example:8443/oauth/callback'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor://anysphere.cursor-mcp/oauth/callback'],
    ['no address', 'no address'],
  ])('of %s is %s', (uri, shape) => expect(redirectShape(uri)).toBe(shape))
})

describe('Registrations of one product', () => {
  it('are one group: counted, those in use too, and the newest named', () => {
    const groups = groupByProduct([
      client('a1', 'Claude Code', ['http://localhost:5000/callback', 'http://127.0.0.1:5000/callback']),
      client('b1', 'Cursor', ['http://localhost:5000/callback'], { inUse: true }),
      client('a2', 'Claude Code', ['http://127.0.0.1:6000/callback', 'http://localhost:6000/callback'], {
        inUse: true,
      }),
      client('a3', 'Claude Code', ['http://localhost/callback', 'http://127.0.0.1/callback']),
    ])
    expect(groups.map(({ name, count, inUse, newest }) => [name, count, inUse, newest.clientId])).toEqual([
      ['Cursor', 1, 1, 'b1'],
      ['Claude Code', 3, 1, 'a3'],
    ])
  })

  it('are apart when they go elsewhere, were added by the operator, or have another name', () => {
    const redirects = ['https://client.example/cb']
    const groups = groupByProduct([
      client('1', 'Notes', redirects),
      client('2', 'Notes', ['https://evil.example/cb']),
      client('3', 'Notes', redirects, { origin: 'static' }),
      client('4', 'notes', redirects),
      client('5', 'Notes', [...redirects, 'https://client.example/other']),
    ])
    expect(groups.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1])
  })
})
