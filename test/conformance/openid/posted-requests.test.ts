import { type IncomingHttpHeaders, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationCodeGrant } from 'openid-client'
import { startServer, type TestServer } from '../../authorization-server/server.js'
import { completeAuthorization, isConsentPage, isSignInPage } from '../../support/authorization.js'
import { type Browser, pageOf } from '../../support/browser.js'
import { type RelyingParty, redirectUri, registerRelyingParty, signInAt, startFlow } from './relying-party.js'

const signedOutUri = 'https://rp.example/signed-out'

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A form of another site, posted by a person's click. `fetch` would not let the test say that it navigates. */
function navigate(url: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: 'https://rp.example',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    const outgoing = request(url, { method: 'POST', headers }, async (message) => {
      let text = ''
      for await (const chunk of message) text += chunk
      resolve({ status: message.statusCode, headers: message.headers, text })
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** Of the plans basic and RP-initiated logout: oidcc-ensure-post-request-succeeds. */
describe('Requests that a form on the client’s site posts', () => {
  let server: TestServer
  let party: RelyingParty
  beforeAll(async () => {
    server = await startServer('embedded')
    party = await registerRelyingParty(server, { post_logout_redirect_uris: [signedOutUri] })
  })
  afterAll(() => server.close())

  /** As a browser posts from another site: without cookies that are SameSite=Lax. Goes on where the answer leads, with them. */
  const postAcross = async (browser: Browser, url: string, fields: URLSearchParams) => {
    const answer = await navigate(url, fields.toString())
    expect([answer.status, answer.headers['set-cookie'], answer.text]).toEqual([303, undefined, ''])
    expect(answer.headers['cache-control']).toBe('no-store')
    return browser.open(new URL(answer.headers.location ?? '', url).href)
  }

  it('find the person’s session at the authorization endpoint (OpenID Connect Core §3.1.2.1)', async () => {
    const browser = server.newBrowser()
    await signInAt(party, browser)
    const { url, checks } = await startFlow(party)
    const page = pageOf(await postAcross(browser, `${server.issuer}/authorize`, url.searchParams))
    expect([isSignInPage(page), isConsentPage(page)]).toEqual([false, true])
    const callback = await browser.press(page, 'Allow')
    const tokens = await authorizationCodeGrant(
      party.configuration,
      new URL('left' in callback ? callback.left : ''),
      checks,
    )
    expect(tokens.claims()?.sub).toEqual(expect.any(String))
  })

  it('sign somebody in who was not', async () => {
    const { url, checks } = await startFlow(party)
    const browser = server.newBrowser()
    const page = pageOf(await postAcross(browser, `${server.issuer}/authorize`, url.searchParams))
    expect(isSignInPage(page)).toBe(true)
    const callback = await completeAuthorization(browser, url.href, { account: server.account })
    expect((await authorizationCodeGrant(party.configuration, new URL(callback), checks)).id_token).toBeDefined()
  })

  it('find the session at the logout endpoint (RP-Initiated Logout §2)', async () => {
    const browser = server.newBrowser()
    const { id_token: hint = '' } = await signInAt(party, browser)
    const fields = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: signedOutUri, state: 'x y' })
    const page = pageOf(await postAcross(browser, `${server.issuer}/logout`, fields))
    expect(page.heading).toBe('Sign out?')
    expect(await browser.press(page, 'Sign out')).toEqual({ left: `${signedOutUri}?state=x+y` })
  })

  it('keep repeated parameters and odd characters, so that the same is refused as in a link', async () => {
    const { url } = await startFlow(party, { state: 'a&b=c+d é\u{1f510}' })
    url.searchParams.append('scope', 'openid')
    const answer = await postAcross(server.newBrowser(), `${server.issuer}/authorize`, url.searchParams)
    expect(pageOf(answer).text).toContain('asked in a way we cannot answer')
    url.searchParams.delete('scope')
    url.searchParams.set('scope', 'openid')
    url.searchParams.set('prompt', 'none')
    url.searchParams.set('redirect_uri', redirectUri)
    const posted = await fetch(`${server.issuer}/authorize`, {
      method: 'POST',
      body: url.searchParams,
      redirect: 'manual',
    })
    const leadsTo = new URL(posted.headers.get('location') ?? '', server.issuer)
    expect(leadsTo.searchParams.get('state')).toBe('a&b=c+d é\u{1f510}')
  })

  it('are forms, and no longer than a link may be', async () => {
    const post = (body: string, type = 'application/x-www-form-urlencoded') =>
      fetch(`${server.issuer}/authorize`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
        redirect: 'manual',
      })
    expect((await post('{}', 'application/json')).status).toBe(415)
    expect((await post(`state=${'x'.repeat(8_193)}`)).status).toBe(413)
    expect((await post(`state=${'x'.repeat(17_000)}`)).status).toBe(413)
  })
})

describe('A method that a route does not take (RFC 9110 §15.5.6)', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('embedded')
  })
  afterAll(() => server.close())

  it.each([
    ['GET', '/token', 'POST, OPTIONS'],
    ['GET', '/register', 'POST, OPTIONS'],
    ['POST', '/register/some-client', 'GET, PUT, DELETE, HEAD, OPTIONS'],
    ['PUT', '/authorize', 'GET, POST, HEAD, OPTIONS'],
    ['POST', '/authorize/some-interaction', 'GET, HEAD, OPTIONS'],
    ['PUT', '/par', 'POST, OPTIONS'],
    ['GET', '/par', 'POST, OPTIONS'],
    ['GET', '/introspect', 'POST, OPTIONS'],
    ['GET', '/revoke', 'POST, OPTIONS'],
    ['DELETE', '/userinfo', 'GET, POST, HEAD, OPTIONS'],
    ['PATCH', '/logout', 'GET, POST, HEAD, OPTIONS'],
    ['GET', '/logout/confirm', 'POST, OPTIONS'],
    ['POST', '/jwks', 'GET, HEAD, OPTIONS'],
    ['POST', '/.well-known/openid-configuration', 'GET, HEAD, OPTIONS'],
    ['GET', '/device/authorize', 'POST, OPTIONS'],
    ['PUT', '/device', 'GET, POST, HEAD, OPTIONS'],
    ['GET', '/revocations', 'POST, OPTIONS'],
    ['PUT', '/interaction/some-interaction', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/setup', 'GET, POST, HEAD, OPTIONS'],
    ['POST', '/', 'GET, HEAD, OPTIONS'],
  ])('is 405 with Allow: %s %s', async (method, path, allow) => {
    const answer = await fetch(server.issuer + path, { method, headers: { accept: 'application/json' } })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
  })

  it.each([
    ['/token', 'POST, OPTIONS'],
    ['/register', 'POST, OPTIONS'],
    ['/userinfo', 'GET, POST, HEAD, OPTIONS'],
    ['/jwks', 'GET, HEAD, OPTIONS'],
    ['/.well-known/openid-configuration', 'GET, HEAD, OPTIONS'],
    ['/authorize', 'GET, POST, HEAD, OPTIONS'],
  ])('OPTIONS without a preflight’s headers is told what %s takes: %s', async (path, allow) => {
    const answer = await fetch(server.issuer + path, { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, allow])
  })

  it('is still 404 where there is no route, also where a feature is off', async () => {
    expect((await fetch(`${server.issuer}/nowhere`, { method: 'POST' })).status).toBe(404)
    expect((await fetch(`${server.issuer}/backchannel`)).status).toBe(404)
    const closed = await startServer('embedded', {
      registration: { mode: 'closed', limitPerAddress: 1, limitTotal: 1 },
      offersDeviceFlow: false,
    })
    try {
      for (const path of ['/register', '/register/x', '/device', '/device/authorize']) {
        // Whatever is sent along: a form, nothing, or what would be no form.
        const asks = [
          { method: 'GET' },
          ...['POST', 'PUT'].flatMap((method) => [new URLSearchParams(), null, '{}'].map((body) => ({ method, body }))),
        ]
        for (const ask of asks) {
          const { status } = await fetch(closed.issuer + path, ask)
          expect([path, ask, status]).toEqual([path, ask, 404])
        }
      }
    } finally {
      await closed.close()
    }
  })

  it('leaves OPTIONS and HEAD as they were', async () => {
    for (const path of ['/token', '/register', '/userinfo', '/jwks']) {
      const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
      const preflight = await fetch(server.issuer + path, { method: 'OPTIONS', headers })
      expect([preflight.status, preflight.headers.has('access-control-allow-origin')]).toEqual([204, true])
    }
    const options = await fetch(`${server.issuer}/revocations`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, OPTIONS'])
    expect((await fetch(`${server.issuer}/jwks`, { method: 'HEAD' })).status).toBe(200)
  })
})
