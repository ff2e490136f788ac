/** One resource under several URLs: each client sees the URL it was given, every token carries the one audience. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createBrowser } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { callTool, structured } from '../support/mcp-request.js'
import { discover, type Grant, newGrant, obtainTokens, refresh } from '../support/oauth-client.js'
import { discoverAsOldClient, signInAsOldClient } from '../support/old-client.js'
import { callThroughSdkV1, SdkV1Provider } from '../support/sdk-v1-client.js'
import { callThroughSdkV2, connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'
import { type Stack, startStack } from '../support/stack.js'

let stack: Stack
let port: number
let grant: Grant
let token: string

/** URLs of the endpoint, written with PORT. The first is the canonical one. */
const addresses = [
  'http://localhost:PORT/mcp',
  'http://localhost:PORT/mcp/',
  'http://localhost:PORT/former',
  'http://127.0.0.1:PORT/old/mcp',
  'http://127.0.0.1:PORT/old/mcp/',
] as const
const at = (address: string): string => address.replace('PORT', String(port))

beforeAll(async () => {
  port = await freePort()
  const RESOURCE_ALIASES = `${at('http://127.0.0.1:PORT/old/mcp')}, ${at('http://LOCALHOST:PORT/former/')}`
  stack = await startStack({ database: 'embedded', env: { RESOURCE_URL: at(addresses[0]), RESOURCE_ALIASES } })
  grant = await newGrant(stack)
  token = (await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'notes:read')).access_token
})
afterAll(() => stack.close())

describe.each(addresses)('a client that was given %s', (address) => {
  it('is led to metadata that names that very URL (RFC 9728 §3.3), by 401 and 403 alike', async () => {
    const url = at(address)
    const { challenge, resourceMetadata } = await discover(url)
    // Character for character, as VS Code compares them.
    expect(resourceMetadata.resource).toBe(url)
    expect(resourceMetadata.authorization_servers).toEqual([stack.issuer])
    const { origin, pathname } = new URL(url)
    expect(challenge['resource_metadata']).toBe(`${origin}/.well-known/oauth-protected-resource${pathname}`)
    const refused = await callTool(url, token, 'create_note', { title: 'a', body: 'b' })
    expect([refused.status, refused.challenge['resource_metadata']]).toEqual([403, challenge['resource_metadata']])
  })

  it('may name that URL as the resource: the token carries the canonical one, and works', async () => {
    const person = { account: stack.account }
    const tokens = await obtainTokens({ ...grant, resource: at(address) }, stack.newBrowser(), person, 'notes:read')
    expect(decodeJwt(tokens.access_token).aud).toBe(stack.resource)
    structured(await callTool(at(address), tokens.access_token, 'list_notes'))
  })

  it('gets in through SDK 1.x and 2.x, which compare the two', async () => {
    const first = new SdkV1Provider(stack.newBrowser(), { account: stack.account })
    await callThroughSdkV1(at(address), first, 'list_notes')
    const second = new SdkV2Provider(stack.newBrowser(), { account: stack.account })
    const connection = await connectSdkV2(at(address), second, 'auto')
    expect((await callThroughSdkV2(connection, second, 'list_notes')).isError).not.toBe(true)
    await connection.client.close()
    for (const { requests, tokens } of [
      { requests: first.requests, tokens: first.tokens() },
      { requests: second.requests, tokens: second.tokens() },
    ]) {
      expect(requests.map(({ searchParams }) => searchParams.get('resource'))).toEqual([at(address)])
      expect(decodeJwt(tokens?.access_token ?? '').aud).toBe(stack.resource)
    }
  })
})

describe('spellings of the resource', () => {
  it('may change from request to request; an unknown one is refused and burns nothing', async () => {
    let tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'notes:read')
    const spellings = [
      'HTTP://LOCALHOST:PORT/mcp',
      'http://LocalHost:PORT/mcp//',
      'http://localhost:PORT/former/',
      'http://127.0.0.1:PORT/old/mcp',
      'http://localhost:PORT/',
      'http://127.0.0.1:PORT',
    ]
    for (const unknown of ['http://localhost:PORT/MCP', 'http://127.0.0.1:PORT/mcp', 'http://localhost:PORT/mcp?x=1'])
      expect((await refresh({ ...grant, resource: at(unknown) }, tokens.refresh_token ?? '')).error).toBe(
        'invalid_target',
      )
    for (const spelling of spellings) {
      const answer = await refresh({ ...grant, resource: at(spelling) }, tokens.refresh_token ?? '')
      expect([spelling, answer.status]).toEqual([spelling, 200])
      if (answer.tokens !== undefined) tokens = answer.tokens
      expect(decodeJwt(tokens.access_token).aud).toBe(stack.resource)
    }
  })
})

describe('a former host', () => {
  it('has its own root metadata, its own home and the mirror for old clients', async () => {
    const origin = at('http://127.0.0.1:PORT')
    const root = await fetch(`${origin}/.well-known/oauth-protected-resource`)
    expect(await root.json()).toMatchObject({ resource: `${origin}/old/mcp` })
    const home = await fetch(`${origin}/`, { headers: { accept: 'text/html' }, redirect: 'manual' })
    expect([home.status, home.headers.get('location')]).toEqual([302, '/old/mcp'])
    const server = await discoverAsOldClient(`${origin}/old/mcp`, false)
    const browser = createBrowser([stack.issuer, origin])
    const { tokens } = await signInAsOldClient(server, browser, { account: stack.account })
    structured(await callTool(`${origin}/old/mcp`, tokens.access_token, 'list_notes'))
  })

  it('has nothing at the paths of another host', async () => {
    for (const url of ['http://127.0.0.1:PORT/mcp', 'http://localhost:PORT/old/mcp', 'http://127.0.0.1:PORT/former'])
      expect((await fetch(at(url))).status).toBe(404)
    const metadata = at('http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp')
    expect((await fetch(metadata)).status).toBe(404)
  })

  it('is told to the authorization server, which lists it among its resources (RFC 9728 §4)', () => {
    expect(grant.server['protected_resources']).toEqual([
      stack.resource,
      at('http://127.0.0.1:PORT/old/mcp'),
      at('http://localhost:PORT/former'),
    ])
  })
})
