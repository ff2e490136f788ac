/** Identity assertions that are brought by a client that is a URL: its document says the grant, its keys prove who it is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { type ClientKey, newClientKey, signClientAssertion } from '../../support/client-assertion.js'
import { clientDocument, type DocumentHost, startDocumentHost } from '../../support/document-host.js'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.js'
import { discoverServer, requestTokens, type ServerMetadata } from '../../support/oauth-client.js'
import { resource, startServer, type TestServer } from '../server.js'

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

let host: DocumentHost
let idp: IdentityProvider
let server: TestServer
let metadata: ServerMetadata
let key: ClientKey

beforeAll(async () => {
  ;[host, idp, key] = await Promise.all([startDocumentHost(), startIdentityProvider(), newClientKey('one', 'ES256')])
  server = await startServer('embedded', {
    untrustedFetch: host.untrustedFetch,
    operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
    trustedAssertionIssuers: [
      {
        issuer: idp.issuer,
        jwksUri: `${idp.origin}/jwks`,
        clients: ['listed', 'without-grant', 'public'].map((name) => `${host.origin}/${name}.json`),
        accounts: 'email',
        emailDomains: ['example.com'],
        algorithms: ['ES256'],
        maxLifetimeSeconds: 600,
      },
    ],
  })
  metadata = await discoverServer(server.issuer)
})
afterAll(() => Promise.all([server.close(), host.close(), idp.close()]))

/** Publishes a client whose keys lie beside its document; its id. */
function publish(name: string, changes: Readonly<Record<string, unknown>> = {}): string {
  const signing = {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: host.publish(`/${name}-keys.json`, { body: { keys: [key.publicJwk] } }),
    grant_types: ['authorization_code', grantType],
    ...changes,
  }
  return host.publish(`/${name}.json`, { body: clientDocument(`${host.origin}/${name}.json`, signing) })
}

interface Bent {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly signedBy?: ClientKey
  readonly unsigned?: boolean
}

async function exchange(clientId: string, { claims = {}, signedBy = key, unsigned = false }: Bent = {}) {
  const usual = { sub: 'employee-1', email: server.account.email, aud: server.issuer, client_id: clientId, resource }
  const proof = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await signClientAssertion(signedBy, { clientId, audience: server.issuer }),
  }
  return requestTokens(metadata, {
    grant_type: grantType,
    client_id: clientId,
    assertion: await idp.assert({ claims: { ...usual, scope: 'notes:read', ...claims } }),
    ...(unsigned ? {} : proof),
  })
}

describe('An identity assertion brought by a client that is a URL', () => {
  it('is exchanged when the client signs for itself and the operator lists it', async () => {
    const clientId = publish('listed')
    const { status, tokens } = await exchange(clientId)
    expect(status).toBe(200)
    const account = await server.accounts.findByEmail(server.account.email)
    expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({
      aud: resource,
      sub: account?.id,
      client_id: clientId,
      scope: 'notes:read',
    })
    expect(tokens).not.toHaveProperty('refresh_token')
  })

  it('is of no use to anybody else', async () => {
    const clientId = publish('listed')
    const stranger = await newClientKey('one', 'ES256')
    expect(await exchange(clientId, { signedBy: stranger })).toMatchObject({ status: 401, error: 'invalid_client' })
    expect(await exchange(clientId, { unsigned: true })).toMatchObject({ status: 401, error: 'invalid_client' })
    const another = { client_id: `${host.origin}/without-grant.json` }
    expect(await exchange(clientId, { claims: another })).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  it('is refused from one that the operator does not list, that lacks the grant, or that does not sign', async () => {
    expect((await exchange(publish('unlisted'))).error).toBe('invalid_grant')
    const withoutGrant = publish('without-grant', { grant_types: ['authorization_code'] })
    expect((await exchange(withoutGrant)).error).toBe('unauthorized_client')
    // A public client's document may name the grant, as Claude's does; it is left out.
    const publicClient = publish('public', { token_endpoint_auth_method: 'none', jwks_uri: undefined })
    expect((await exchange(publicClient, { unsigned: true })).error).toBe('unauthorized_client')
  })
})
