/** Clients without people, as the MCP SDK plays them: from a bare MCP URL to a tool call, with nobody at a browser. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import {
  Client,
  ClientCredentialsProvider,
  CrossAppAccessProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { describeOnDatabases } from '../support/describe-with.js'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'

const secret = 'a-secret-that-is-long-enough'
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

describeOnDatabases('Machines (%s)', (database) => {
  let stack: Stack
  let idp: IdentityProvider
  let privateJwk: JWK

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    privateJwk = await exportJWK(privateKey)
    idp = await startIdentityProvider()
    // The worker publishes its key on this machine, which only the operator may name.
    idp.routes.set('/worker-jwks', { body: { keys: [await exportJWK(publicKey)] } })
    const folder = temporaryFolder('clients')
    writeFileSync(join(folder, 'secret'), secret)
    const clients = [
      { client_id: 'nightly', client_name: 'Nightly', client_secret_file: 'secret' },
      { client_id: 'worker', client_name: 'Worker', jwks_uri: `${idp.origin}/worker-jwks` },
      { client_id: 'assistant', client_name: 'Assistant', client_secret_file: 'secret', grant_types: [jwtBearer] },
    ]
    const trusted = {
      issuer: idp.issuer,
      jwks_uri: `${idp.origin}/jwks`,
      clients: ['assistant'],
      accounts: 'email',
      email_domains: ['example.com'],
    }
    writeFileSync(join(folder, 'clients.json'), JSON.stringify({ clients, assertion_issuers: [trusted] }))
    stack = await startStack({
      database,
      env: { GATEHOUSE_FILE: join(folder, 'clients.json') },
    })
  })
  afterAll(async () => {
    await stack.close()
    await idp.close()
  })

  /** Connects and calls a tool; the SDK finds its way from the 401 to the token by itself. */
  async function call(authProvider: OAuthClientProvider, name: string, toolArguments = {}) {
    const client = new Client({ name: 'machine', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
    const transport = new StreamableHTTPClientTransport(new URL(stack.resource), { authProvider })
    await client.connect(transport)
    try {
      return await client.callTool({ name, arguments: toolArguments })
    } finally {
      await client.close()
    }
  }

  it('get a token of their own with a secret', async () => {
    const provider = new ClientCredentialsProvider({
      clientId: 'nightly',
      clientSecret: secret,
      expectedIssuer: stack.issuer,
    })
    const answer = await call(provider, 'whoami')
    expect(answer.structuredContent).toMatchObject({ clientId: 'nightly' })
    expect(answer.structuredContent).not.toHaveProperty('subject')
    // Notes belong to people, and nobody is behind this token.
    expect((await call(provider, 'list_notes')).isError).toBe(true)
  })

  it('get one with a signed assertion, by keys published on the same machine', async () => {
    const provider = new PrivateKeyJwtProvider({
      clientId: 'worker',
      privateKey: { ...privateJwk },
      algorithm: 'ES256',
      expectedIssuer: stack.issuer,
    })
    expect((await call(provider, 'whoami')).structuredContent).toMatchObject({ clientId: 'worker' })
  })

  it('act for a person whose identity provider says so (enterprise-managed authorization)', async () => {
    const asked: { authorizationServerUrl: string; resourceUrl: string; scope?: string }[] = []
    const provider = new CrossAppAccessProvider({
      clientId: 'assistant',
      clientSecret: secret,
      expectedIssuer: stack.issuer,
      assertion: (context) => {
        asked.push(context)
        return idp.assert({
          claims: {
            sub: 'employee-1',
            email: stack.account.email,
            aud: stack.issuer,
            client_id: 'assistant',
            resource: context.resourceUrl,
            scope: 'notes:read notes:write',
          },
        })
      },
    })
    const created = await call(provider, 'create_note', { title: 'By assertion', body: 'nobody signed in' })
    expect(created.isError).not.toBe(true)
    expect((await call(provider, 'list_notes')).structuredContent).toMatchObject({
      notes: [expect.objectContaining({ title: 'By assertion' })],
    })
    expect(asked).toHaveLength(1)
    expect(new URL(asked[0]?.authorizationServerUrl ?? '').origin).toBe(stack.issuer)
    expect(asked[0]).toMatchObject({ resourceUrl: stack.resource })
  })
})
