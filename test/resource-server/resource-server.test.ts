/** The front door over HTTP: several resources, several authorization servers, everything a resource says about itself. */
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { createResourceServer, type ProtectedResourceSettings } from '../../src/resource-server/index.js'
import { protect } from '../../src/resource-server/node-http.js'
import { freePort } from '../support/free-port.js'
import { listenOn } from '../support/opened.js'
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'

/** Reached under its public name by nobody here: only at its internal address. */
const hiddenIssuer = 'https://login.example.com'

let first: TokenIssuer
let second: TokenIssuer
let hidden: TokenIssuer
let origin: string
let listening: Server
let signedMetadata: string
let notes: string
let files: string

beforeAll(async () => {
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  ;[notes, files] = [`${origin}/notes/mcp`, `${origin}/files/mcp`]
  ;[first, second, hidden] = await Promise.all([
    startTokenIssuer(notes),
    startTokenIssuer(notes),
    startTokenIssuer(files),
  ])
  const hiddenPlace = '/.well-known/oauth-authorization-server'
  hidden.routes.set(hiddenPlace, { body: { issuer: hiddenIssuer, jwks_uri: `${hiddenIssuer}/jwks` } })
  signedMetadata = await new SignJWT({ iss: origin, resource: notes })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(first.key.privateKey)
  const server = createResourceServer([
    {
      resource: notes,
      name: 'Notes',
      authorizationServers: [first.issuer, { issuer: second.issuer, algorithms: ['ES256'] }],
      scopes: ['notes:read', 'notes:write'],
      advertisedScopes: ['notes:read'],
      requiredScopes: ['notes:read'],
      operations: { tools: { write: { scopes: ['notes:write'] } } },
      realm: 'Notes "and" more',
      metadata: {
        resourceDocumentation: 'https://docs.example.com',
        resourcePolicyUri: 'https://docs.example.com/policy',
        translations: { de: { resourceDocumentation: 'https://docs.example.com/de' } },
        revocationEndpoint: `${first.issuer}/revoke`,
        introspectionEndpoint: `${first.issuer}/introspect`,
        signedMetadata,
      },
    },
    {
      resource: files,
      aliases: [`${origin}/old/mcp`],
      authorizationServers: { issuer: hiddenIssuer, internalUrl: hidden.origin },
      requireMetadataOn401: false,
      dangerouslyAcceptTokenInQuery: true,
      dangerouslyAcceptTokenInBody: true,
      dpop: false,
    },
  ])
  listening = createServer(
    protect(server, (request, response) => {
      response.end(JSON.stringify({ client: request.accessToken.clientId, issuer: request.accessToken.issuer }))
    }),
  )
  await listenOn(listening, port)
})
afterAll(async () => {
  listening.closeAllConnections()
  await new Promise((resolve) => listening.close(resolve))
  await Promise.all([first.close(), second.close(), hidden.close()])
})

const ask = (url: string, token?: string, init: RequestInit = {}) =>
  fetch(url, { ...init, headers: { ...(token && { authorization: `Bearer ${token}` }), ...init.headers } })
const wellKnown = (path: string) => `${origin}/.well-known/oauth-protected-resource${path}`
const challengeOf = (response: Response) => parseChallenge(response.headers.get('www-authenticate') ?? '')?.parameters

describe('several resources in one program', () => {
  it('have a document each, with their authorization servers and all they say', async () => {
    const document = await ask(wellKnown('/notes/mcp'))
    expect(await document.json()).toEqual({
      resource: notes,
      authorization_servers: [first.issuer, second.issuer],
      scopes_supported: ['notes:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Notes',
      resource_documentation: 'https://docs.example.com',
      'resource_documentation#de': 'https://docs.example.com/de',
      resource_policy_uri: 'https://docs.example.com/policy',
      revocation_endpoint: `${first.issuer}/revoke`,
      introspection_endpoint: `${first.issuer}/introspect`,
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
      signed_metadata: signedMetadata,
    })
    expect(await (await ask(wellKnown('/files/mcp'))).json()).toEqual({
      resource: files,
      authorization_servers: [hiddenIssuer],
      bearer_methods_supported: ['header', 'body', 'query'],
    })
  })

  it('let documents be kept, compared and read by pages', async () => {
    const { headers } = await ask(wellKnown('/notes/mcp'))
    expect(headers.get('cache-control')).toBe('public, max-age=3600')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    const again = await ask(wellKnown('/notes/mcp'), undefined, {
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    })
    expect(again.status).toBe(304)
    expect((await ask(wellKnown('/notes/mcp'), undefined, { method: 'OPTIONS' })).status).toBe(204)
  })

  it('have documents for other spellings that name those, with nothing signed for another URL', async () => {
    expect(await (await ask(wellKnown('/old/mcp'))).json()).toMatchObject({ resource: `${origin}/old/mcp` })
    const slash = Object(await (await ask(wellKnown('/notes/mcp/'))).json())
    expect(slash).toMatchObject({ resource: `${notes}/` })
    expect(slash).not.toHaveProperty('signed_metadata')
    expect(await (await ask(wellKnown(''))).json()).toMatchObject({ resource: notes })
  })

  it('take the tokens of their own authorization servers, made for them, and no others', async () => {
    for (const issuer of [first, second]) {
      const served = await ask(notes, await issuer.sign())
      expect(await served.json()).toEqual({ client: 'client-1', issuer: issuer.issuer })
    }
    const ofHidden = await hidden.sign({ iss: hiddenIssuer })
    expect((await ask(files, ofHidden)).status).toBe(200)
    expect((await ask(`${origin}/old/mcp`, ofHidden)).status).toBe(200)
    for (const [url, token] of [
      [notes, ofHidden],
      [notes, await first.sign({ aud: files })],
      [files, await first.sign({ aud: files })],
      [files, await hidden.sign()],
    ] as const) {
      const refused = await ask(url, token)
      expect([refused.status, challengeOf(refused)?.['error']]).toEqual([401, 'invalid_token'])
    }
    expect((await ask(`${origin}/elsewhere`, ofHidden)).status).toBe(404)
  })

  it('say nothing of the address that an authorization server has inside', async () => {
    const answers = [
      await ask(wellKnown('/files/mcp')),
      await ask(files),
      await ask(files, await hidden.sign({ iss: hiddenIssuer, aud: notes })),
    ]
    for (const answer of answers) {
      const said = [await answer.text(), ...[...answer.headers].flat()].join('\n')
      expect(said).not.toContain(hidden.origin)
    }
  })

  it.each<[string, (settings: ProtectedResourceSettings) => ProtectedResourceSettings[], string]>([
    ['one URL twice', (one) => [one, one], 'stands for two resources'],
    ['one URL with and without a slash', (one) => [one, { ...one, resource: `${one.resource}/` }], 'stands for two'],
    ['the former URL of another', (one) => [one, { ...one, resource: `${origin}/b`, aliases: [one.resource] }], 'two'],
    [
      'an authorization server twice',
      (one) => [{ ...one, authorizationServers: [hiddenIssuer, hiddenIssuer] }],
      'twice',
    ],
    [
      'documentation that is no page',
      (one) => [{ ...one, metadata: { resourceDocumentation: 'docs' } }],
      'resourceDoc',
    ],
    ['a scope that is none', (one) => [{ ...one, scopes: ['a b'] }], 'is no scope'],
  ])('cannot have %s', (_name, change, words) => {
    const one = { resource: `${origin}/one`, authorizationServers: hiddenIssuer }
    expect(() => createResourceServer(change(one))).toThrow(words)
  })
})

describe('challenges as they are set', () => {
  it('name the realm wherever there is one', async () => {
    const write = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'write', arguments: {} } }
    const refusals = [
      await ask(notes),
      await ask(notes, 'bad'),
      await ask(notes, await first.sign({ scope: '' })),
      await ask(notes, await first.sign(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(write),
      }),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([401, 401, 403, 403])
    for (const refusal of refusals) {
      expect(challengeOf(refusal)).toMatchObject({
        realm: 'Notes "and" more',
        resource_metadata: wellKnown('/notes/mcp'),
      })
    }
  })

  it('leave the metadata out of a 401 where that is set', async () => {
    for (const token of [undefined, 'bad']) {
      const refusal = await ask(files, token)
      expect([refusal.status, challengeOf(refusal)?.['resource_metadata']]).toEqual([401, undefined])
    }
  })
})

describe('a token in the query', () => {
  it('is taken where that is set, in an answer that nobody else may keep', async () => {
    const token = await hidden.sign({ iss: hiddenIssuer })
    const served = await ask(`${files}?access_token=${token}`)
    expect([served.status, served.headers.get('cache-control')]).toEqual([200, 'private'])
    expect((await ask(`${notes}?access_token=${await first.sign()}`)).status).toBe(401)
    const twice = await ask(`${files}?access_token=${token}`, token)
    expect([twice.status, await twice.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })])
  })

  it('or a form may be handed over by a program that reads forms', async () => {
    const settings = {
      resource: files,
      authorizationServers: { issuer: hiddenIssuer, internalUrl: hidden.origin },
      dangerouslyAcceptTokenInBody: true,
    }
    const server = createResourceServer(settings)
    const request = { method: 'POST', url: files, headers: {} }
    const form = `access_token=${await hidden.sign({ iss: hiddenIssuer })}`
    expect(await server.decide({ ...request, form })).toMatchObject({
      serve: { accessToken: { clientId: 'client-1' } },
    })
    const { dangerouslyAcceptTokenInBody: _, ...safe } = settings
    expect(await createResourceServer(safe).decide({ ...request, form })).toMatchObject({ answer: { status: 401 } })
  })
})

describe('authorization servers looked up at start', () => {
  it('are told by issuer what is wrong with their metadata', async () => {
    const server = createResourceServer({ resource: notes, authorizationServers: [first.issuer, second.issuer] })
    const findings = await server.ready()
    expect([...findings.keys()]).toEqual([first.issuer, second.issuer])
    expect(findings.get(first.issuer)?.errors.map(({ code }) => code)).toContain('pkce_not_supported')
  })

  it('are missed when one is not there', async () => {
    const absent = `http://127.0.0.1:${await freePort()}`
    const server = createResourceServer({ resource: notes, authorizationServers: [first.issuer, absent] })
    await expect(server.ready()).rejects.toMatchObject({ code: 'temporarily_unavailable' })
    const { answer } = Object(
      await server.decide({ method: 'GET', url: notes, headers: { authorization: 'Bearer x' } }),
    )
    expect(answer.status).toBe(401)
  })
})
