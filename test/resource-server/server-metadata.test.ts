import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createIssuerDiscovery, validateServerMetadata } from '../../src/resource-server/index.js'
import { type LoopbackServer, startLoopbackServer } from '../support/token-issuer.js'

const issuer = 'https://login.example.com'
/** Nothing to be said about it. */
const good = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  registration_endpoint: `${issuer}/register`,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
  authorization_response_iss_parameter_supported: true,
}

function codesOf(document: unknown, expected: string = issuer) {
  const { errors, warnings } = validateServerMetadata(document, { issuer: expected })
  return { errors: errors.map(({ code }) => code), warnings: warnings.map(({ code }) => code) }
}

describe('what is wrong with the metadata of an authorization server', () => {
  it('has nothing to say about a good document, nor about one of a client that names itself by URL', () => {
    expect(codesOf(good)).toEqual({ errors: [], warnings: [] })
    const { registration_endpoint: _, ...byUrl } = good
    expect(codesOf({ ...byUrl, client_id_metadata_document_supported: true }).warnings).toEqual([])
    expect(codesOf({ ...good, issuer: 'http://localhost:3000' }, 'http://localhost:3000').warnings).toEqual([])
  })

  it.each([
    ['issuer_missing', { issuer: undefined }],
    ['issuer_missing', { issuer: 7 }],
    ['issuer_mismatch', { issuer: `${issuer}/` }],
    ['authorization_endpoint_missing', { authorization_endpoint: undefined }],
    ['token_endpoint_missing', { token_endpoint: undefined }],
    ['endpoint_invalid', { token_endpoint: '/token' }],
    ['endpoint_invalid', { registration_endpoint: 'javascript:alert(1)' }],
    ['code_response_type_not_supported', { response_types_supported: ['id_token'] }],
    ['code_response_type_not_supported', { response_types_supported: undefined }],
    ['authorization_code_grant_not_supported', { grant_types_supported: ['refresh_token'] }],
    ['pkce_not_supported', { code_challenge_methods_supported: undefined }],
    ['s256_not_supported', { code_challenge_methods_supported: ['plain'] }],
    ['s256_not_supported', { code_challenge_methods_supported: 'S256' }],
  ])('finds the error %s in %j', (code, change) => {
    expect(codesOf({ ...good, ...change }).errors).toEqual([code])
  })

  it.each([
    ['registration_not_supported', { registration_endpoint: undefined }],
    ['refresh_token_grant_not_supported', { grant_types_supported: undefined }],
    ['public_clients_not_supported', { token_endpoint_auth_methods_supported: ['client_secret_basic'] }],
    ['issuer_in_response_not_supported', { authorization_response_iss_parameter_supported: 'true' }],
    ['keys_not_published', { jwks_uri: undefined }],
  ])('warns of %s in %j', (code, change) => {
    expect(codesOf({ ...good, ...change })).toEqual({ errors: [], warnings: [code] })
  })

  it('warns of an issuer that anybody on the way can read', () => {
    expect(codesOf({ ...good, issuer: 'http://login.test' }, 'http://login.test').warnings).toEqual(['insecure_issuer'])
  })

  it.each([null, [], 'text', 7, undefined])('takes %p for no document', (document) => {
    expect(codesOf(document)).toEqual({ errors: ['invalid_document'], warnings: [] })
  })

  it('names everything at once, in words', () => {
    const { errors } = validateServerMetadata({})
    expect(errors.length).toBeGreaterThan(3)
    for (const { message } of errors) expect(message).toMatch(/^\w+.* /)
  })
})

describe('discovery and what is wrong with a document', () => {
  let server: LoopbackServer
  beforeAll(async () => {
    server = await startLoopbackServer()
    const body = { ...good, issuer: server.origin, code_challenge_methods_supported: ['plain'] }
    server.routes.set('/.well-known/oauth-authorization-server', { body })
  })
  afterAll(() => server.close())

  const discoveryOf = (demandValidMetadata: boolean) =>
    createIssuerDiscovery({
      issuer: server.origin,
      demandValidMetadata,
      fetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
      clock: { now: () => new Date() },
    })

  it('reports it at start and verifies tokens all the same', async () => {
    await expect(discoveryOf(false).ready()).resolves.toMatchObject({ errors: [{ code: 's256_not_supported' }] })
  })

  it('refuses the document where that is demanded, and says why to the log only', async () => {
    const failure = await discoveryOf(true)
      .ready()
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 503, message: 'tokens cannot be verified right now' })
    expect(failure).toHaveProperty('detail', expect.stringContaining('does not list S256'))
  })
})
