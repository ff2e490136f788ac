import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { authorizationServerMetadataUrls } from '../../src/oauth/well-known.js'
import { discoverServer, refresh, startAuthorization } from '../support/oauth-client.js'
import { readJson, resource, startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

const names = ['oauth-authorization-server', 'openid-configuration']

async function document(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.issuer}${path}`, { headers })
}

/** A GET with headers and a target that fetch does not let through. */
function send(
  headers: Record<string, string>,
  path = `/.well-known/${names[0]}`,
): Promise<{ status: number; body: string }> {
  const { port } = new URL(server.issuer)
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, headers }, async (message) => {
      let body = ''
      for await (const chunk of message) body += String(chunk)
      resolve({ status: message.statusCode ?? 0, body })
    })
    outgoing.once('error', reject)
    outgoing.end()
  })
}

describe('Authorization server metadata (RFC 8414, OpenID Connect Discovery)', () => {
  // First, because the documents are kept once they were made.
  it('is not poisoned by a strange host in the first request', async () => {
    const port = new URL(server.issuer).port
    const attacks = [
      () => send({ host: 'evil.example' }),
      () => send({ host: `localhost:${port}` }, `http://evil.example/.well-known/${names[0]}`),
      () => send({ host: `localhost:${port}` }, `//evil.example/.well-known/${names[0]}`),
      () => send({ host: `evil.example@localhost:${port}` }),
    ]
    for (const attack of attacks) expect([404, 421]).toContain((await attack()).status)
    const forwarded = { host: `localhost:${port}`, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    for (const { body } of [await send(forwarded), await send({ host: `localhost:${port}` })]) {
      expect(body).not.toContain('evil')
      expect(JSON.parse(body)).toMatchObject({ issuer: server.issuer, token_endpoint: `${server.issuer}/token` })
    }
  })

  it('is the same bytes under both names, and under the name browsers try for OpenID', async () => {
    const [first, second] = await Promise.all(
      names.map(async (name) => (await document(`/.well-known/${name}`)).text()),
    )
    expect(second).toBe(first)
    for (const url of authorizationServerMetadataUrls(server.issuer))
      expect(await (await fetch(url)).text()).toBe(first)
  })

  it('names the issuer byte for byte, and only endpoints under it', async () => {
    const metadata = await readJson(await document(`/.well-known/${names[0]}`))
    expect(metadata['issuer']).toBe(server.issuer)
    const endpoints = Object.entries(metadata).filter(([name]) => /_(endpoint|uri)$/.test(name))
    expect(endpoints.length).toBeGreaterThan(7)
    for (const [name, url] of endpoints)
      expect([name, url]).toEqual([name, expect.stringMatching(`^${server.issuer}/`)])
  })

  it('says what works, and nothing else', async () => {
    const metadata = await readJson(await document(`/.well-known/${names[0]}`))
    expect(metadata).toMatchObject({
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      protected_resources: [resource],
      scopes_supported: expect.arrayContaining([
        'openid',
        'offline_access',
        'notes:read',
        'notes:write',
        'notes:delete',
      ]),
      grant_types_supported: expect.arrayContaining(['authorization_code', 'refresh_token', 'client_credentials']),
      token_endpoint_auth_methods_supported: expect.arrayContaining(['none', 'client_secret_basic', 'private_key_jwt']),
    })
    expect(metadata['grant_types_supported']).not.toContain('implicit')
    expect(metadata['grant_types_supported']).not.toContain('password')
    for (const name of Object.keys(metadata).filter((key) => key.endsWith('_alg_values_supported'))) {
      expect(metadata[name]).not.toContain('none')
    }
  })

  it.each(names.map((name) => `/.well-known/${name}`).concat('/jwks'))(
    '%s may be kept, compared and read by any site',
    async (path) => {
      const response = await document(path, { origin: 'https://client.example' })
      expect(response.headers.get('cache-control')).toBe('public, max-age=300')
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(response.headers.get('content-type')).toMatch(/^application\/(json|jwk-set\+json)/)
      const etag = response.headers.get('etag') ?? ''
      expect(etag).toMatch(/^"[\w-]+"$/)
      const { host } = new URL(server.issuer)
      // By hand: fetch adds `Cache-Control: no-cache` to a conditional request.
      expect(await send({ host, 'if-none-match': etag }, path)).toEqual({ status: 304, body: '' })
      expect((await send({ host, 'if-none-match': '"other"' }, path)).status).toBe(200)
    },
  )

  it('answers HEAD and preflight, and no other method', async () => {
    const url = `${server.issuer}/.well-known/${names[0]}`
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://client.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'mcp-protocol-version',
      },
    })
    expect(preflight.ok).toBe(true)
    expect(preflight.headers.get('access-control-allow-origin')).toMatch(/^(\*|https:\/\/client\.example)$/)
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  })

  it.each(['/.well-known/oauth-authorization-server/', '/.WELL-KNOWN/openid-configuration', '/JWKS/'])(
    'is the same, corrections included, at %s',
    async (path) => {
      const plain = path.toLowerCase().replace(/\/$/, '')
      expect(await (await document(path)).text()).toBe(await (await document(plain)).text())
    },
  )

  it('is not found under other names', async () => {
    for (const path of ['/.well-known/', '/.well-known/oauth-authorization-server/mcp', '/.well-known/x']) {
      expect((await document(path)).status).toBe(404)
    }
  })
})

describe('Keys (RFC 7517)', () => {
  it('are public ones only, each with its id, algorithm and use', async () => {
    const { keys } = z
      .object({ keys: z.array(z.record(z.string(), z.unknown())) })
      .parse(await readJson(await document('/jwks')))
    expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'RS256'])
    for (const key of keys) {
      expect(key).toMatchObject({ kid: expect.any(String), use: 'sig' })
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) expect(key).not.toHaveProperty(secret)
    }
  })
})

describe('Settings that the metadata follows', () => {
  it('has no registration endpoint, no device endpoint and no CIMD flag when those are off', async () => {
    const closed = await startServer('embedded', {
      registration: { mode: 'closed', limitPerAddress: 60, limitTotal: 2_000 },
      acceptsMetadataDocuments: false,
      offersDeviceFlow: false,
    })
    const metadata = await readJson(await fetch(`${closed.issuer}/.well-known/${names[1]}`))
    expect(metadata).not.toHaveProperty('registration_endpoint')
    expect(metadata).not.toHaveProperty('device_authorization_endpoint')
    expect(JSON.stringify(metadata['grant_types_supported'])).not.toContain('device_code')
    expect((await fetch(`${closed.issuer}/device`)).status).toBe(404)
    const asked = await fetch(`${closed.issuer}/device/authorize`, { method: 'POST', body: new URLSearchParams() })
    expect(asked.status).toBe(404)
    // A client that registered for the device flow, when it was on, signs people in by redirect as before.
    const redirectUri = 'http://127.0.0.1:41573/callback'
    const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
    await closed.clients.save(
      'kept',
      {
        client_id: 'kept',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token', deviceCode],
        token_endpoint_auth_method: 'none',
      },
      'dynamic',
    )
    const discovered = await discoverServer(closed.issuer)
    const { url } = startAuthorization(discovered, { clientId: 'kept', redirectUri, scope: 'notes:read' })
    expect((await fetch(url, { redirect: 'manual' })).headers.get('location')).toContain('/interaction/')
    // And one that has no other way to sign people in goes on with the sign-ins it has: it is known, its token is not.
    for (const grants of [[deviceCode], [deviceCode, 'refresh_token']]) {
      const clientId = `device-${grants.length}`
      const device = {
        client_id: clientId,
        redirect_uris: [],
        response_types: [],
        grant_types: grants,
        token_endpoint_auth_method: 'none' as const,
      }
      await closed.clients.save(clientId, device, 'dynamic')
      const refused = await refresh({ server: discovered, clientId, redirectUri: '', resource }, 'x')
      expect([grants, refused.status, refused.error]).toEqual([grants, 400, 'invalid_grant'])
    }
    expect(metadata['client_id_metadata_document_supported']).not.toBe(true)
    expect(
      (
        await fetch(`${closed.issuer}/register`, {
          method: 'POST',
          body: '{}',
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(404)
    await closed.close()
  })
})

describe('Errors outside the protocol', () => {
  it('are a page for a person and JSON for a program, with a request id and no server details', async () => {
    const page = await document('/nowhere', { accept: 'text/html' })
    expect(page.status).toBe(404)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    const json = await document('/nowhere', { accept: 'application/json' })
    expect(await json.json()).toEqual({ error: 'invalid_request', error_description: expect.any(String) })
    for (const { headers } of [page, json]) {
      expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
      expect(headers.get('x-powered-by')).toBeNull()
      expect(headers.get('server')).toBeNull()
    }
  })

  it('says so when a host is not ours', async () => {
    expect((await send({ host: 'evil.example', accept: 'text/html' }, '/')).status).toBe(421)
  })
})
