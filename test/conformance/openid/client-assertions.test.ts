import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readJson, startServer, type TestServer } from '../../authorization-server/server.js'
import { type ClientKey, newClientKey, signClientAssertion } from '../../support/client-assertion.js'
import { redirectUri } from './relying-party.js'

const clientId = 'signer'
const documentUrl = 'https://rp.example/client'

/** Of the FAPI 2.0 plan: fapi2-…-par-…-as-audience-fails, iat and nbf in the future. */
describe('Whom a client assertion may be for (FAPI 2.0 §5.3.2.1, RFC 7523bis §3)', () => {
  let strict: TestServer
  let lenient: TestServer
  let key: ClientKey
  beforeAll(async () => {
    key = await newClientKey('signer-1', 'ES256')
    strict = await startServer('embedded', {
      untrustedFetch: async (url) =>
        Response.json(
          String(url) === documentUrl
            ? {
                client_id: documentUrl,
                client_name: 'By its URL',
                redirect_uris: [redirectUri],
                token_endpoint_auth_method: 'private_key_jwt',
                jwks_uri: 'https://rp.example/jwks',
              }
            : { keys: [key.publicJwk] },
        ),
    })
    lenient = await startServer('embedded', { acceptsTokenEndpointAudience: true })
    for (const server of [strict, lenient]) {
      const metadata = {
        client_id: clientId,
        client_name: 'Signer',
        grant_types: ['authorization_code', 'client_credentials'],
        response_types: ['code' as const],
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'private_key_jwt' as const,
        jwks: { keys: [key.publicJwk] },
        introspects: server.resource,
      }
      await server.clients.save(clientId, metadata, 'static')
    }
  })
  afterAll(() => Promise.all([strict.close(), lenient.close()]))

  const ask = async (server: TestServer, path: string, claims: Readonly<Record<string, unknown>>, by = clientId) => {
    const assertion = await signClientAssertion(key, { clientId: by, audience: server.issuer, claims })
    const specific: Record<string, Record<string, string>> = {
      '/token': { grant_type: 'client_credentials', resource: server.resource },
      '/par': {
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      },
      '/introspect': { token: 'x' },
      '/revoke': { token: 'x' },
    }
    const body = new URLSearchParams({
      client_id: by,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...specific[path],
    })
    const response = await fetch(server.issuer + path, { method: 'POST', body })
    if (response.ok) return 'accepted'
    return `${response.status} ${(await readJson(response))['error']}`
  }

  const paths = ['/token', '/par', '/introspect', '/revoke']

  it.each(paths)('%s takes the issuer, as a text or as the one entry of a list', async (path) => {
    expect(await ask(strict, path, {})).toBe('accepted')
    expect(await ask(strict, path, { aud: [strict.issuer] })).toBe('accepted')
  })

  it.each(paths)('%s takes no endpoint, and no list of two', async (path) => {
    for (const aud of [
      `${strict.issuer}/token`,
      `${strict.issuer}${path}`,
      [`${strict.issuer}/token`],
      [strict.issuer, `${strict.issuer}/token`],
      `${strict.issuer}/`,
    ]) {
      expect([aud, await ask(strict, path, { aud })]).toEqual([aud, '401 invalid_client'])
    }
  })

  it.each(paths)('%s takes the token endpoint, and no other one, where the operator says so', async (path) => {
    expect(await ask(lenient, path, { aud: `${lenient.issuer}/token` })).toBe('accepted')
    expect(await ask(lenient, path, {})).toBe('accepted')
    const others = paths.filter((other) => other !== '/token')
    for (const other of others) {
      expect(await ask(lenient, path, { aud: `${lenient.issuer}${other}` })).toBe('401 invalid_client')
    }
  })

  it('a client that is a URL may name the token endpoint, as ChatGPT does, and no other one', async () => {
    const at = (aud: string) => ask(strict, '/par', { aud }, documentUrl)
    expect(await at(strict.issuer)).toBe('accepted')
    expect(await at(`${strict.issuer}/token`)).toBe('accepted')
    expect(await at(`${strict.issuer}/par`)).toBe('401 invalid_client')
  })

  it('takes an assertion of a clock that is 8 seconds ahead, and none of one that is a minute and more ahead', async () => {
    const ahead = (seconds: number) => {
      const at = Math.floor(Date.now() / 1_000) + seconds
      return { iat: at, nbf: at, exp: at + 60 }
    }
    expect(await ask(strict, '/par', ahead(8))).toBe('accepted')
    expect(await ask(strict, '/par', ahead(65))).toBe('401 invalid_client')
    expect(await ask(strict, '/par', { exp: Math.floor(Date.now() / 1_000) - 300 })).toBe('401 invalid_client')
  })
})
