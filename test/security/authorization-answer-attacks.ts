/** Group A, classes 8 to 21: the way from the request to its answer, and how long a code lives. */
import { expect } from '@jest/globals'
import { decodeJwt } from 'jose'
import { consent, isConsentPage, isSignInPage, scopesOn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { authorize, redeem } from '../support/oauth-client.js'
import { ask, type Row } from './authorization-world.js'
import {
  answerAt,
  authorizationUrl,
  consentPage,
  decisionOf,
  fieldOf,
  newCode,
  postStep,
  signInPage,
} from './server-world.js'

const flows: readonly Row[] = [
  {
    id: 'A8',
    name: 'other parameters on the way back from consent change nothing',
    source: 'CVE-2026-7571',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const fields = decisionOf(page)
      const decided = await postStep(browser, page, 'consent', fields)
      expect(decided.status).toBe(303)
      const resume = new URL(decided.headers.get('location') ?? '', world.server.issuer)
      for (const [name, value] of [
        ['response_type', 'token'],
        ['response_mode', 'fragment'],
        ['redirect_uri', 'https://evil.example/'],
        ['scope', 'notes:delete'],
        ['client_id', 'website'],
      ] as const)
        resume.searchParams.set(name, value)
      const left = await browser.open(resume.href)
      const answer = answerAt(left, world.grant.redirectUri)
      expect(Object.keys(answer).sort()).toEqual(['code', 'iss', 'state'])
      expect('left' in left && new URL(left.left).hash).toBe('')
    },
  },
  {
    id: 'A12',
    name: 'prompt=none with a session yields no code for a client that nobody vouches for',
    source: 'OpenID Connect Core §3.1.2.6, RFC 8252 §8.6',
    run: async (world) => {
      const browser = world.server.newBrowser()
      await consent(browser, await consentPage(world, browser))
      for (const by of ['grant', 'stranger'] as const) {
        const arrival = await browser.open(authorizationUrl(world, { prompt: 'none' }, world[by]))
        const answer = answerAt(arrival, world[by].redirectUri)
        expect([answer['error'], answer['code']]).toEqual(['login_required', undefined])
      }
    },
  },
  {
    id: 'A12',
    name: 'prompt=none answers a client that nobody vouches for alike, signed in or not, and in no less time',
    source: 'OpenID Connect Core §3.1.2.6, OWASP ASVS 10.7.2',
    run: async (world) => {
      const browser = world.server.newBrowser()
      await consent(browser, await consentPage(world, browser))
      for (const by of ['grant', 'stranger'] as const) {
        for (const changes of [{}, { max_age: '1', scope: 'openid' }, { id_token_hint: undefined }] as const) {
          const url = authorizationUrl(world, { ...changes, prompt: 'none' }, world[by])
          const answers = []
          for (const visitor of [browser, world.server.newBrowser()]) {
            const startedAt = performance.now()
            answers.push(answerAt(await visitor.open(url), world[by].redirectUri))
            expect(performance.now() - startedAt).toBeGreaterThan(45)
          }
          expect(answers[0]).toEqual(answers[1])
        }
      }
    },
  },
  {
    id: 'A12',
    name: 'max_age=0 and prompt=login ask for the password although there is a session',
    source: 'OpenID Connect Core §3.1.2.1',
    run: async (world) => {
      const browser = world.server.newBrowser()
      await consent(browser, await consentPage(world, browser))
      for (const changes of [{ prompt: 'login' }, { max_age: '0' }] as const) {
        const url = authorizationUrl(world, { scope: 'openid notes:read', ...changes })
        expect(isSignInPage(pageOf(await browser.open(url)))).toBe(true)
      }
    },
  },
  {
    id: 'A14',
    name: 'one resource under two of its names is one audience',
    source: 'RFC 8707 §2',
    note: 'The catalogue refuses two resources; these are one (src/authorization-server/endpoints/parameters.ts).',
    run: async (world) => {
      const { resource } = world.server
      const browser = world.server.newBrowser()
      const arrival = await consent(
        browser,
        await consentPage(world, browser, { resource: [resource, `${resource}/`] }),
      )
      expect(answerAt(arrival, world.grant.redirectUri)['code']).toEqual(expect.any(String))
    },
  },
  {
    id: 'A15',
    name: 'unknown scopes are not on the page, nor in the token',
    source: 'RFC 6749 §3.3',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const unknown = 'notes:read admin notes:* <b>x</b> notes:readall NOTES:WRITE'
      const page = await consentPage(world, browser, { scope: unknown })
      expect(scopesOn(page).map(({ name }) => name)).toEqual(['notes:read'])
      const { callback, codeVerifier } = await authorize(
        world.grant,
        browser,
        { account: world.server.account },
        unknown,
      )
      const { tokens } = await redeem(world.grant, callback.get('code') ?? '', codeVerifier)
      expect(decodeJwt(tokens?.access_token ?? '')['scope']).toBe('notes:read')
    },
  },
  ...['query', 'fragment', 'form_post'].map(
    (responseMode): Row => ({
      id: 'A16',
      name: `iss stands in success and refusal by ${responseMode}`,
      source: 'RFC 9207 §2',
      run: async (world) => {
        for (const button of ['Allow', 'Deny']) {
          const browser = world.server.newBrowser()
          const page = await consentPage(world, browser, { response_mode: responseMode })
          const arrival = await browser.press(page, button)
          const answer =
            'page' in arrival
              ? Object.fromEntries(arrival.page.forms.flatMap(({ fields }) => fields).map((f) => [f.name, f.value]))
              : answerAt(arrival, world.grant.redirectUri)
          expect(answer).toMatchObject({ iss: world.server.issuer, state: 'state-1' })
          expect(Object.keys(answer)).toContain(button === 'Allow' ? 'code' : 'error')
        }
      },
    }),
  ),
  {
    id: 'A16',
    name: 'the metadata says that iss is sent, and names the same issuer',
    source: 'RFC 9207 §3',
    run: async ({ grant, server }) => {
      expect(grant.server).toMatchObject({
        issuer: server.issuer,
        authorization_response_iss_parameter_supported: true,
      })
    },
  },
  ...(
    [
      ['a wrong scope', { scope: 'notes:read\u0007' }],
      ['an unknown resource', { resource: 'https://evil.example/' }],
      ['prompt=none and another value', { prompt: 'none login' }],
      ['no PKCE', { code_challenge: undefined }],
      ['response_type token', { response_type: 'token' }],
      ['a parameter twice', { scope: 'openid notes:read', nonce: ['1', '2'] }],
      ['form_post', { response_mode: 'form_post', prompt: 'none login' }],
    ] as const
  ).map(
    ([what, changes]): Row => ({
      id: 'A17',
      name: `a link with ${what} does not bounce to a site that registered itself`,
      source: 'RFC 9700 §4.11.2',
      run: async (world) => {
        const response = await ask(world, changes, 'stranger')
        const { headers } = response
        expect([response.status, headers.get('location'), headers.get('refresh')]).toEqual([400, null, null])
        expect(await response.text()).not.toMatch(/<script|http-equiv|<form/i)
      },
    }),
  ),
  {
    id: 'A18',
    name: 'what follows a posted password, a decision and a refusal is 303',
    source: 'RFC 9700 §4.12',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await signInPage(world, browser)
      const { email, password } = world.server.account
      const signedIn = await postStep(browser, page, 'sign-in', { csrf: fieldOf(page, 'csrf'), email, password })
      expect(signedIn.status).toBe(303)
      browser.cookies.store(new URL(page.url), signedIn.headers.getSetCookie())
      const shown = pageOf(await browser.open(page.url))
      expect(isConsentPage(shown)).toBe(true)
      const decided = await postStep(browser, shown, 'consent', {
        csrf: fieldOf(shown, 'csrf'),
        seen: fieldOf(shown, 'seen'),
        decision: 'deny',
      })
      expect(decided.status).toBe(303)
      const url = new URL(decided.headers.get('location') ?? '', world.server.issuer)
      const cookie = browser.cookies.header(url) ?? ''
      expect((await fetch(url, { redirect: 'manual', headers: { cookie } })).status).toBe(303)
    },
  },
  ...['PUT', 'DELETE', 'PATCH', 'PROPFIND'].map(
    (method): Row => ({
      id: 'A18',
      name: `${method} is no authorization request`,
      source: 'OpenID Connect Core §3.1.2.1',
      run: async (world) => {
        const response = await ask(world, {}, 'grant', { method })
        expect([response.status, response.headers.get('location')]).toEqual([405, null])
      },
    }),
  ),
  {
    id: 'A18',
    name: 'a posted authorization request gives nothing that a link would not give: the browser asks again, by GET',
    source: 'OpenID Connect Core §3.1.2.1',
    note: 'Cookies stay SameSite=Lax: another site’s form does not bring them, the GET that follows does.',
    run: async (world) => {
      const { searchParams } = new URL(authorizationUrl(world))
      const { authorization_endpoint: url } = world.grant.server
      const form = await fetch(url, { method: 'POST', redirect: 'manual', body: searchParams })
      const again = new URL(form.headers.get('location') ?? '', url)
      expect([form.status, again.origin + again.pathname]).toEqual([303, url])
      expect([form.headers.getSetCookie(), await form.text()]).toEqual([[], ''])
      const body = JSON.stringify(Object.fromEntries(searchParams))
      const headers = { 'content-type': 'application/json' }
      const json = await fetch(url, { method: 'POST', redirect: 'manual', body, headers })
      expect([json.status, json.headers.get('location')]).toEqual([415, null])
    },
  },
  {
    id: 'A18',
    name: 'a line break in state breaks no header',
    source: 'RFC 9112 §11.1',
    run: async (world) => {
      const state = 'a\r\nSet-Cookie: planted=1\r\n\r\n<script>'
      const response = await ask(world, { state, prompt: 'none' }, 'website')
      expect(response.headers.getSetCookie().join()).not.toContain('planted')
      expect(new URL(response.headers.get('location') ?? '').searchParams.get('state')).toBe(state)
    },
  },
  {
    id: 'A18',
    name: 'markup in state stays text where it is posted to the client',
    source: 'OAuth Form Post Response Mode §4',
    run: async (world) => {
      const state = '"><script>alert(1)</script>'
      const response = await ask(world, { state, prompt: 'none', response_mode: 'form_post' }, 'website')
      const html = await response.text()
      expect(html).not.toContain(state)
      expect(html).not.toContain('<script>alert')
    },
  },
]

const times: readonly Row[] = [
  {
    id: 'A21',
    name: 'a code is good at 59 seconds, and not after its minute and the tolerance',
    source: 'OWASP ASVS 10.4.3',
    run: async (world) => {
      const [early, late] = [await newCode(world), await newCode(world)]
      world.server.advance(59)
      expect((await redeem(world.grant, early.code, early.codeVerifier)).status).toBe(200)
      world.server.advance(17)
      expect((await redeem(world.grant, late.code, late.codeVerifier)).error).toBe('invalid_grant')
    },
  },
]

export const attacks: readonly Row[] = [...flows, ...times]
