/** What a whole life of tokens leaves behind: in the log, in the database, in the headers of every page. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { completeAuthorization, consent, deny, signIn } from '../support/authorization.js'
import { type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import {
  type Grant,
  newGrant,
  redeem,
  refresh,
  register,
  requestTokens,
  revoke,
  startAuthorization,
} from '../support/oauth-client.js'
import { addConfidentialClient, startServer, type TestServer } from './server.js'

describeOnDatabases('Traces of a flow at debug level, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  const secrets = new Map<string, string>()
  const pages: Page[] = []
  const seen = (page: Page): Page => {
    pages.push(page)
    for (const { name, value } of page.forms.flatMap(({ fields }) => fields))
      if (name === 'csrf') note('CSRF token', value)
    return page
  }
  const note = (name: string, value: string | undefined): string => {
    if (value !== undefined && value !== '') secrets.set(`${name} ${secrets.size}`, value)
    return value ?? ''
  }

  beforeAll(async () => {
    server = await startServer(kind)
    note('password', server.account.password)
    const plain = await newGrant(server)
    const registration = await register(plain.server, {
      redirect_uris: [plain.redirectUri],
      token_endpoint_auth_method: 'client_secret_post',
    })
    note('registration access token', String(registration['registration_access_token']))
    const clientSecret = note('client secret', registration.client_secret)
    grant = { ...plain, clientId: registration.client_id }
    const browser = server.newBrowser()
    const started = startAuthorization(grant.server, {
      ...grant,
      scope: 'openid notes:read notes:write',
      parameters: { nonce: 'nonce-never-logged' },
    })
    note('verifier', started.codeVerifier)
    note('state', started.state)
    note('nonce', 'nonce-never-logged')
    const wrong = note('wrong password', 'wrong password that nobody should read')
    const first = seen(pageOf(await browser.open(started.url)))
    const uid = note('interaction', new URL(first.url).pathname.split('/')[2])
    const again = seen(pageOf(await signIn(browser, first, { ...server.account, password: wrong })))
    const page = seen(pageOf(await signIn(browser, again, server.account)))
    for (const path of ['/', `/interaction/${uid}`]) {
      for (const cookie of (browser.cookies.header(new URL(path, server.issuer)) ?? '').split('; ')) {
        note('cookie', cookie.slice(cookie.indexOf('=') + 1))
      }
    }
    const arrival = await consent(browser, page)
    if (!('left' in arrival)) throw new Error('no redirect')
    const code = note('code', new URL(arrival.left).searchParams.get('code') ?? '')
    const credentials = { client_id: grant.clientId, client_secret: clientSecret }
    const request = { grant_type: 'authorization_code', redirect_uri: grant.redirectUri, code, ...credentials }
    await requestTokens(grant.server, { ...request, code_verifier: note('wrong verifier', 'w'.repeat(50)) })
    await requestTokens(grant.server, { ...request, client_secret: note('wrong secret', 'wrong-client-secret') })
    const { tokens } = await requestTokens(grant.server, { ...request, code_verifier: started.codeVerifier })
    note('access token', tokens?.access_token)
    note('ID token', tokens?.id_token)
    const refreshToken = note('refresh token', tokens?.refresh_token)
    const { tokens: next } = await requestTokens(grant.server, {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      ...credentials,
    })
    note('access token', next?.access_token)
    note('refresh token', next?.refresh_token)
    await redeem(grant, code, started.codeVerifier)
    await refresh(grant, refreshToken)
    await revoke(grant, refreshToken)
    const machine = await addConfidentialClient(server)
    note('client secret', machine.clientSecret)
    note('Authorization header', machine.authorization.slice(6))
    const own = await requestTokens(
      grant.server,
      { grant_type: 'client_credentials' },
      { authorization: machine.authorization },
    )
    note('access token', own.tokens?.access_token)
    await fetch(`${server.issuer}/introspect`, {
      method: 'POST',
      headers: { authorization: machine.authorization },
      body: new URLSearchParams({ token: tokens?.access_token ?? '' }),
    })
    await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens?.access_token}` } })
    const second = seen(
      pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url)),
    )
    await deny(browser, second)
    seen(pageOf(await browser.open(second.url)))
    seen(pageOf(await browser.open(`${server.issuer}/authorize?client_id=nobody&state=${started.state}`)))
    seen(pageOf(await browser.open(`${server.issuer}/`)))
    seen(pageOf(await browser.open(`${server.issuer}/nowhere`)))
    seen(pageOf(await browser.open(`${server.issuer}/setup?token=${note('set-up token', 'made-up-set-up-token')}`)))
    const asked = seen(pageOf(await browser.open(`${server.issuer}/logout?state=${started.state}`)))
    note('xsrf', asked.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'xsrf')?.value)
    seen(pageOf(await browser.press(asked, 'Sign out')))
  })
  afterAll(() => server.close())

  it('hold no secret in any log line', () => {
    const log = server.logLines.join('\n')
    expect(server.logLines.length).toBeGreaterThan(20)
    expect(secrets.size).toBeGreaterThan(20)
    expect([...secrets].filter(([, value]) => log.includes(value)).map(([name]) => name)).toEqual([])
  })

  it('hold no secret in any column of the database', async () => {
    const held = []
    const tables = await server.storage.database.sql.query<{ name: string }>(
      {
        name: 'trace_tables',
        lane: 'read',
        text: `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
      },
      [],
    )
    for (const { name: table } of tables.rows) {
      const { rows } = await server.storage.database.sql.query<{ text: string }>(
        { name: `trace_${table}`, lane: 'read', text: `SELECT row_to_json(t)::text AS text FROM ${table} t` },
        [],
      )
      for (const [name, value] of secrets) {
        // What a client sends along with its request is kept with the sign-in in progress, and is no secret of ours.
        if (/^(state|nonce|xsrf)/.test(name)) continue
        if (rows.some(({ text }) => text.includes(value))) held.push(`${name} in ${table}`)
      }
    }
    expect(held).toEqual([])
  })

  it('hold one log line per request, each with an id, none a failure of ours', () => {
    const events = server.logLines.map((line) => JSON.parse(line))
    expect(events.filter(({ level, status }) => level === 'error' || status >= 500)).toEqual([])
    const requests = events.filter(({ msg }) => msg === 'request')
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(requests.length)
    expect(requests.every(({ path }) => !String(path).includes('?'))).toBe(true)
  })

  it('say in the log why a request was refused, which the client is not told', () => {
    const events = server.logLines.map((line) => JSON.parse(line))
    expect(events.find(({ error }) => error === 'invalid_grant')).toMatchObject({
      clientId: grant.clientId,
      errorDetail: expect.any(String),
    })
  })

  it('went over pages that all have the security headers (RFC 9700 §4.16, ASVS 3.4)', () => {
    expect(pages.length).toBeGreaterThan(10)
    for (const { url, headers, status } of pages) {
      const of = `${status} ${new URL(url).pathname}`
      expect([of, headers.get('content-security-policy')]).toEqual([
        of,
        expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
      ])
      expect([of, headers.get('content-security-policy')]).toEqual([
        of,
        // Scripts of ours alone, by the hash of their text.
        expect.not.stringMatching(/script-src(?! 'sha256-[\w+/]{43}='(?:;|$))|unsafe|form-action/),
      ])
      expect([of, headers.get('x-frame-options')]).toEqual([of, 'DENY'])
      expect([of, headers.get('x-content-type-options')]).toEqual([of, 'nosniff'])
      expect([of, headers.get('referrer-policy')]).toEqual([of, expect.stringMatching(/^(no-referrer|same-origin)$/)])
      expect([of, headers.get('cross-origin-opener-policy')]).toEqual([of, expect.any(String)])
      expect([of, headers.get('cache-control')]).toEqual([of, expect.stringMatching(/no-store/)])
      expect([of, headers.get('content-type')]).toEqual([of, expect.stringMatching(/^text\/html; charset=utf-8$/)])
    }
  })
})

describe('Cookies (ASVS 3.3)', () => {
  const cookiesOf = async (server: TestServer, host?: string) => {
    const grant = await newGrant({ issuer: server.issuer, resource: server.resource })
    const url = startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url
    const { headers } = await fetch(url, { redirect: 'manual', headers: host === undefined ? {} : { host } })
    return headers.getSetCookie()
  }

  it('are for this host alone, out of reach for scripts, and not sent along from elsewhere', async () => {
    const server = await startServer('embedded')
    const cookies = await cookiesOf(server)
    expect(cookies.length).toBeGreaterThanOrEqual(2)
    for (const cookie of cookies) {
      expect(cookie).toMatch(/; httponly/i)
      expect(cookie).toMatch(/; samesite=lax/i)
      expect(cookie).not.toMatch(/; domain=/i)
      expect(cookie.length).toBeLessThan(4_000)
    }
    await server.close()
  })

  it('are Secure, and the session’s is of the host alone (__Host-), where the issuer is https', async () => {
    const server = await startServer('embedded', { behindTls: true })
    const redirectUri = 'https://client.example/cb'
    await server.clients.save(
      'web-client',
      { client_id: 'web-client', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
      'static',
    )
    const endpoints = { authorization_endpoint: `${server.issuer}/authorize` }
    const { url } = startAuthorization(endpoints, { clientId: 'web-client', redirectUri, scope: 'notes:read' })
    const browser = server.newBrowser()
    expect(await completeAuthorization(browser, url, { account: server.account })).toContain('code=')
    // The cookie jar refuses, as browsers do, a prefixed cookie that is not Secure, not at / or for a domain.
    expect(browser.cookies.header(new URL(server.issuer))).toMatch(/(^|; )__Host-gatehouse_session_\d+=/)
    // `answered` says only that: it holds no secret and opens nothing.
    const bare = browser.cookies.names().filter((name) => !/^__(Host|Secure)-/.test(name))
    expect(bare.filter((name) => !/^answered_\d+$/.test(name))).toEqual([])
    await server.close()
  })
})
