import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { enableNonRepudiationChecks } from 'openid-client'
import { addConfidentialClient, startServer, type TestServer } from '../../authorization-server/server.js'
import {
  operatorsRelyingParty,
  type RelyingParty,
  redirectUri,
  registerRelyingParty,
  signInAt,
} from './relying-party.js'

const both = 'openid email notes:read'

/** Of the plans config, basic and dynamic: oidcc-idtoken-rs256, oidcc-idtoken-signature. */
describe('The signature of ID tokens (OpenID Connect Registration §2, id_token_signed_response_alg)', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('embedded')
  })
  afterAll(() => server.close())

  const algorithmsOf = async (party: RelyingParty) => {
    // The library checks the signature against the published keys, and refuses any algorithm but the registered one.
    enableNonRepudiationChecks(party.configuration)
    const tokens = await signInAt(party, server.newBrowser(), { scope: both })
    return {
      idToken: decodeProtectedHeader(tokens.id_token ?? '').alg,
      accessToken: decodeProtectedHeader(tokens.access_token),
    }
  }

  it('is RS256 for a client that registers without naming an algorithm, and its access token stays ES256', async () => {
    const party = await registerRelyingParty(server)
    expect(party.configuration.clientMetadata()['id_token_signed_response_alg']).toBe('RS256')
    expect(await algorithmsOf(party)).toEqual({
      idToken: 'RS256',
      accessToken: { alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) },
    })
  })

  it('is ES256 for a client that registered for it', async () => {
    const party = await registerRelyingParty(server, { id_token_signed_response_alg: 'ES256' })
    expect((await algorithmsOf(party)).idToken).toBe('ES256')
  })

  it.each([
    ['RS256', {}],
    ['ES256', { id_token_signed_response_alg: 'ES256' }],
  ])('is %s for a client of the operator with %j', async (expected, metadata) => {
    const { clientId, clientSecret } = await addConfidentialClient(server, {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
      ...metadata,
    })
    const party = await operatorsRelyingParty(server, clientId, clientSecret, metadata)
    expect((await algorithmsOf(party)).idToken).toBe(expected)
  })

  it('is announced, and `none` is not among it', async () => {
    const { configuration } = await registerRelyingParty(server)
    expect(configuration.serverMetadata().id_token_signing_alg_values_supported?.toSorted()).toEqual(['ES256', 'RS256'])
  })
})
