/**
 * Both servers in one process on one port, and aliases of the resource at every name by which the process could be dialled: the MCP
 * server finds its issuer all the same.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../support/free-port.js'
import { callTool, structured } from '../support/mcp-request.js'
import { discover, newGrant, obtainTokens } from '../support/oauth-client.js'
import { discoverAsOldClient, signInAsOldClient } from '../support/old-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'

const introspectorSecret = 'what-the-notes-introspect-with'
const introspector = {
  client_id: 'notes-server',
  client_name: 'Notes',
  grant_types: [],
  client_secret_sha256: createHash('sha256').update(introspectorSecret).digest('hex'),
}

describe.each([
  ['at the root, JWTs', '', {}],
  ['with a path, JWTs', '/auth', {}],
  [
    'with a path, opaque tokens',
    '/auth',
    {
      ACCESS_TOKEN_FORMAT: 'opaque',
      INTROSPECTION_CLIENT_ID: introspector.client_id,
      INTROSPECTION_CLIENT_SECRET: introspectorSecret,
    },
  ],
] as const)('an issuer %s', (_name, path, env) => {
  let stack: Stack
  let alias: string
  beforeAll(async () => {
    const port = await freePort()
    const clientsFile = join(temporaryFolder('clients'), 'clients.json')
    const clients = [{ ...introspector, introspects: `http://localhost:${port}/mcp` }]
    writeFileSync(clientsFile, JSON.stringify({ clients }))
    alias = `http://127.0.0.1:${port}/mcp`
    stack = await startStack({
      database: 'embedded',
      env: {
        ...env,
        GATEHOUSE_FILE: clientsFile,
        ISSUER_URL: `http://localhost:${port}${path}`,
        RESOURCE_URL: `http://localhost:${port}/mcp`,
        // The last two have paths of the issuer, on another host.
        RESOURCE_ALIASES: `${alias}, http://[::1]:${port}/mcp, http://127.0.0.1:${port}${path}/jwks, http://127.0.0.1:${port}/userinfo`,
      },
    })
  })
  afterAll(() => stack.close())

  it.each(['canonical', 'alias'])('signs people in and takes their tokens at the %s URL', async (name) => {
    const url = name === 'alias' ? alias : stack.resource
    const { resourceMetadata, serverMetadata } = await discover(url)
    expect([resourceMetadata.resource, serverMetadata.issuer]).toEqual([url, stack.issuer])
    const grant = { ...(await newGrant(stack)), resource: url }
    const tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'notes:read')
    structured(await callTool(url, tokens.access_token, 'list_notes'))
  })

  it('keeps its keys at its own host', async () => {
    const keys = await fetch(`${stack.issuer}/jwks`)
    expect([keys.status, Object.keys((await keys.json()) as object)]).toEqual([200, ['keys']])
  })

  it('lets clients of 2025-03-26 in at the alias, with its metadata', async () => {
    const server = await discoverAsOldClient(alias)
    expect(server.issuer).toBe(stack.issuer)
    const { tokens } = await signInAsOldClient(server, stack.newBrowser(), { account: stack.account })
    structured(await callTool(alias, tokens.access_token, 'list_notes'))
  })

  it('is reached for what is posted to the MCP server’s origin', async () => {
    const registered = await fetch(new URL('/register', alias), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['http://127.0.0.1:1/cb'], token_endpoint_auth_method: 'none' }),
    })
    expect(registered.status).toBe(201)
    const authorize = await fetch(new URL('/authorize?a=b', alias), { redirect: 'manual' })
    expect(authorize.headers.get('location')).toBe(`${stack.issuer}/authorize?a=b`)
  })
})
