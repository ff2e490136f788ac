/** The engine that judges the clients of a declaration file before a start says of every client what the engine of the running server would say of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ClientMetadata } from 'oidc-provider'
import { createClientJudge } from '../../src/authorization-server/engine/provider.js'
import { saveClient } from '../../src/storage/clients/clients.js'
import { noDeclarations } from '../support/declarations.js'
import { startServer, type TestServer } from './server.js'

const issuer = 'http://localhost:3000'
const key = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const signs = { token_endpoint_auth_method: 'private_key_jwt', redirect_uris: ['https://app.example/cb'] }
const isPublic = { token_endpoint_auth_method: 'none', redirect_uris: ['https://app.example/cb'] }
const machine = {
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  client_secret: 'x'.repeat(24),
}

/** What is wrong with each, as the operator reads it; `undefined`: nothing. */
const clients: readonly (readonly [string, object, RegExp | undefined])[] = [
  ['public', isPublic, undefined],
  ['machine', machine, undefined],
  ['machine-by-hash', { ...machine, client_secret: undefined, client_secret_sha256: 'a'.repeat(64) }, undefined],
  ['by-key', { ...signs, jwks: { keys: [key] } }, undefined],
  [
    'device',
    { ...isPublic, grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'] },
    undefined,
  ],
  ['form-post', { ...isPublic, response_modes: ['form_post', 'query'] }, undefined],
  ['logs-out', { ...isPublic, post_logout_redirect_uris: ['https://app.example/out'] }, undefined],
  ['bound', { ...isPublic, dpop_bound_access_tokens: true, require_pushed_authorization_requests: true }, undefined],
  ['without-keys', signs, /^jwks or jwks_uri is mandatory/],
  ['private-key', { ...signs, jwks: { keys: [{ ...key, d: 'x' }] } }, /^jwks\.keys\[0\]\.d must not be provided/],
  ['symmetric', { ...signs, jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, /^jwks\.keys\[0\] must not contain symmetric/],
  ['no-key-set', { ...signs, jwks: {} }, /^jwks: client JSON Web Key Set is invalid/],
  ['without-redirect', { ...isPublic, redirect_uris: [] }, /^redirect_uris /],
  ['native', { ...isPublic, application_type: 'native', redirect_uris: ['https://localhost/cb'] }, /^redirect_uris /],
  ['secret-alg', { ...machine, token_endpoint_auth_signing_alg: 'ES256' }, /^token_endpoint_auth_signing_alg /],
  ['acr', { ...isPublic, default_acr_values: ['gold'] }, /^default_acr_values /],
  ['id-token-alg', { ...isPublic, id_token_signed_response_alg: 'PS256' }, /^id_token_signed_response_alg /],
  ['id-token-es256', { ...isPublic, id_token_signed_response_alg: 'ES256' }, undefined],
  ['id-token-hs256', { ...isPublic, id_token_signed_response_alg: 'HS256' }, /^client_secret /],
  ['pairwise', { ...isPublic, subject_type: 'pairwise' }, /^subject_type /],
  ['max-age', { ...isPublic, default_max_age: -1 }, /^default_max_age /],
  ['unknown-grant', { ...isPublic, grant_types: ['urn:example:grant'] }, /^grant_types /],
  ['unknown-method', { ...isPublic, token_endpoint_auth_method: 'tls_client_auth' }, /^token_endpoint_auth_method /],
]

describe('What the engine has against a client', () => {
  let server: TestServer
  let judge: (metadata: ClientMetadata) => string | undefined
  beforeAll(async () => {
    server = await startServer('embedded')
    const registrationRules = { allowedPrivateUseRedirects: new Set<string>() }
    judge = createClientJudge({ issuer, registrationRules, declarations: noDeclarations, offersDeviceFlow: true })
  }, 120_000)
  afterAll(() => server.close())

  it.each(clients)('is the same before the start and at the first request: %s', async (id, members, mistake) => {
    const metadata: ClientMetadata = { client_id: id, client_name: id, ...members }
    const said = judge(metadata)
    if (mistake === undefined) expect(said).toBeUndefined()
    else expect(said).toMatch(mistake)

    await saveClient(server.storage, id, { ...metadata, made_by_operator: true }, 'static')
    const [redirectUri = 'https://app.example/cb'] = metadata.redirect_uris ?? []
    const query = new URLSearchParams({ client_id: id, response_type: 'code', redirect_uri: redirectUri })
    const response = await fetch(`${server.issuer}/authorize?${query}`, { redirect: 'manual' })
    const page = await response.text()
    // One that may not be is told so before anything else of the request is looked at.
    if (mistake === undefined) expect(page).not.toContain('invalid_client_metadata')
    else expect(page).toMatch(/invalid_client_metadata|invalid_redirect_uri/)
  })
})
