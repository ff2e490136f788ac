import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationCodeGrant, ClientSecretBasic, ClientSecretPost } from 'openid-client'
import { addConfidentialClient, readJson, startServer, type TestServer } from '../../authorization-server/server.js'
import { completeAuthorization, isSignInPage, scopesOn, signIn } from '../../support/authorization.js'
import { pageOf } from '../../support/browser.js'
import {
  operatorsRelyingParty,
  type RelyingParty,
  redirectUri,
  registerRelyingParty,
  signInAt,
  startFlow,
} from './relying-party.js'

const withQuery = `${redirectUri}?dummy1=lorem&dummy2=ipsum`

/** Of the plans config, basic and dynamic: what a request may say besides the protocol, and where an answer goes. */
describe('Requests of a relying party (OpenID Connect Core §3.1.2.1, §5.3.1)', () => {
  let server: TestServer
  let party: RelyingParty
  let posting: RelyingParty
  beforeAll(async () => {
    server = await startServer('embedded')
    const add = async (metadata: Readonly<Record<string, unknown>>) =>
      addConfidentialClient(server, {
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [redirectUri, withQuery],
        ...metadata,
      })
    const basic = await add({})
    party = await operatorsRelyingParty(
      server,
      basic.clientId,
      basic.clientSecret,
      {},
      ClientSecretBasic(basic.clientSecret),
    )
    const post = await add({ token_endpoint_auth_method: 'client_secret_post' })
    posting = await operatorsRelyingParty(
      server,
      post.clientId,
      post.clientSecret,
      {},
      ClientSecretPost(post.clientSecret),
    )
  })
  afterAll(() => server.close())

  it('parameters that are wishes, or that nobody knows, change nothing and are no error', async () => {
    const wishes = {
      display: 'popup',
      ui_locales: 'se fr-CA',
      claims_locales: 'se',
      acr_values: '1 2',
      login_hint: 'bob@example.com',
      extra: 'foobar',
    }
    const { url, checks } = await startFlow(party, wishes)
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(url.href))
    expect(page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'email')?.value).toBe(
      'bob@example.com',
    )
    const callback = await completeAuthorization(browser, url.href, { account: server.account })
    const tokens = await authorizationCodeGrant(party.configuration, new URL(callback), checks)
    expect(tokens.claims()?.sub).toEqual(expect.any(String))
    for (const display of ['page', 'touch', 'wap']) {
      expect(isSignInPage(pageOf(await server.newBrowser().open((await startFlow(party, { display })).url.href)))).toBe(
        true,
      )
    }
  })

  it('scopes of claims that there are none of are ignored, and do not come back', async () => {
    const { url, checks } = await startFlow(party, { scope: 'openid email address phone' })
    const names: string[] = []
    const callback = await completeAuthorization(server.newBrowser(), url.href, {
      account: server.account,
      reads: (page) => names.push(...scopesOn(page).map(({ name }) => name)),
    })
    const tokens = await authorizationCodeGrant(party.configuration, new URL(callback), checks)
    expect([names, tokens.scope]).toEqual([['email', 'openid'], 'openid email'])
  })

  it('a secret in the body signs in as well as one in the header, and a request needs no nonce with PKCE', async () => {
    for (const by of [party, posting]) {
      const tokens = await signInAt(by, server.newBrowser(), { nonce: undefined })
      expect(tokens.claims()?.['nonce']).toBeUndefined()
    }
  })

  it('userinfo takes the token in the header of a GET or POST, and in the body of a POST; not in the query', async () => {
    const { access_token: token } = await signInAt(party, server.newBrowser(), { scope: 'openid email' })
    const at = `${server.issuer}/userinfo`
    const authorization = `Bearer ${token}`
    const inBody = new URLSearchParams({ access_token: token })
    for (const init of [
      { headers: { authorization } },
      { method: 'POST', headers: { authorization } },
      { method: 'POST', body: inBody },
    ]) {
      const response = await fetch(at, init)
      expect([response.status, (await readJson(response))['email']]).toEqual([200, server.account.email])
    }
    expect((await fetch(`${at}?${inBody}`)).status).toBe(400)
    expect((await fetch(at)).status).toBe(401)
  })

  it('a query of the redirect comes back as it was registered; another one, or a fragment, is no redirect of the client', async () => {
    const { url, checks } = await startFlow(party, { redirect_uri: withQuery })
    const callback = new URL(await completeAuthorization(server.newBrowser(), url.href, { account: server.account }))
    expect([callback.searchParams.get('dummy1'), callback.searchParams.get('dummy2')]).toEqual(['lorem', 'ipsum'])
    const redeem = async (redirect: string) => {
      const { client_id: id, client_secret: secret } = party.configuration.clientMetadata()
      const response = await fetch(`${server.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: callback.searchParams.get('code') ?? '',
          redirect_uri: redirect,
          code_verifier: checks.pkceCodeVerifier ?? '',
        }),
      })
      return response.status
    }
    expect([await redeem(redirectUri), await redeem(withQuery)]).toEqual([400, 200])
    for (const other of [
      `${redirectUri}?dummy1=lorem`,
      `${withQuery}&foo=bar`,
      `${redirectUri}?dummy1=lorem&dummy2=x`,
      `${redirectUri}/x`,
      `${redirectUri}#f`,
    ]) {
      const page = pageOf(await server.newBrowser().open((await startFlow(party, { redirect_uri: other })).url.href))
      expect([other, page.status]).toEqual([other, 400])
    }
  })

  it('an error carries the state and the issuer', async () => {
    for (const [parameters, error] of [
      [{ response_type: undefined }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ prompt: 'none' }, 'login_required'],
      [{ prompt: 'none login' }, 'invalid_request'],
      [{ max_age: '-1' }, 'invalid_request'],
      [{ request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
      [{ request_uri: 'https://rp.example/request.jwt' }, 'request_uri_not_supported'],
    ] as const) {
      const { url, checks } = await startFlow(party, { response_type: 'code', ...parameters })
      if ('response_type' in parameters && parameters.response_type === undefined)
        url.searchParams.delete('response_type')
      const arrival = await server.newBrowser().open(url.href)
      const { hash, searchParams } = new URL('left' in arrival ? arrival.left : 'none:')
      // The answer to a response_type with a token is in the fragment (OAuth 2.0 Multiple Response Types §3).
      const answer = hash === '' ? searchParams : new URLSearchParams(hash.slice(1))
      expect([error, answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
        error,
        error,
        checks.expectedState,
        server.issuer,
      ])
    }
  })

  it('prompt=login asks again and the ID token says when; max_age=0 as well', async () => {
    const browser = server.newBrowser()
    const first = await signInAt(party, browser)
    for (const parameters of [{ prompt: 'login' }, { max_age: '0' }]) {
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      const { url, checks } = await startFlow(party, parameters)
      const page = pageOf(await browser.open(url.href))
      expect(isSignInPage(page)).toBe(true)
      const arrival = await browser.press(pageOf(await signIn(browser, page, server.account)), 'Allow')
      const tokens = await authorizationCodeGrant(
        party.configuration,
        new URL('left' in arrival ? arrival.left : ''),
        checks,
      )
      expect(Number(tokens.claims()?.auth_time)).toBeGreaterThan(Number(first.claims()?.auth_time))
      expect(tokens.claims()?.sub).toBe(first.claims()?.sub)
    }
  })

  it('a registration shows what it kept of pages and logo, and one without redirects is refused', async () => {
    const shown = {
      logo_uri: 'https://rp.example/logo.png',
      policy_uri: 'https://rp.example/policy',
      tos_uri: 'https://rp.example/terms',
      client_uri: 'https://rp.example/',
    }
    const registered = await registerRelyingParty(server, { ...shown, redirect_uris: [withQuery] })
    expect(registered.configuration.clientMetadata()).toMatchObject({ ...shown, redirect_uris: [withQuery] })
    await expect(registerRelyingParty(server, { redirect_uris: [] })).rejects.toThrow()
    await expect(registerRelyingParty(server, { redirect_uris: [`${redirectUri}#fragment`] })).rejects.toThrow()
  })

  it('the metadata has every member that OpenID Connect Discovery §3 requires or recommends', () => {
    const metadata = party.configuration.serverMetadata()
    for (const name of [
      'issuer',
      'authorization_endpoint',
      'token_endpoint',
      'userinfo_endpoint',
      'jwks_uri',
      'registration_endpoint',
      'end_session_endpoint',
      'scopes_supported',
      'response_types_supported',
      'subject_types_supported',
      'id_token_signing_alg_values_supported',
      'claims_supported',
      'claims_parameter_supported',
    ]) {
      expect([name, metadata[name]]).toEqual([name, expect.anything()])
    }
    expect(metadata).toMatchObject({
      subject_types_supported: ['public'],
      response_types_supported: ['code'],
      response_modes_supported: expect.arrayContaining(['query', 'form_post']),
      scopes_supported: expect.arrayContaining(['openid', 'profile', 'email', 'offline_access']),
      authorization_response_iss_parameter_supported: true,
    })
  })
})
