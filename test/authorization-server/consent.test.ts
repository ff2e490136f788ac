import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { consent, deny, isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { authorize, type Grant, newGrant, redeem, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const everything = 'notes:read notes:write notes:delete'

describeOnDatabases('Consent, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  let browser: Browser
  beforeAll(async () => {
    server = await startServer(kind)
    browser = server.newBrowser()
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  /** From an authorization request to its consent page, past the sign-in if it comes up. */
  const walk = async (url: string): Promise<Page> => {
    const page = pageOf(await browser.open(url))
    const next = isSignInPage(page) ? pageOf(await signIn(browser, page, server.account)) : page
    if (!isConsentPage(next)) throw new Error(`no consent page, but "${next.heading}"`)
    return next
  }

  const open = (by: Grant, scope: string): Promise<Page> => walk(startAuthorization(by.server, { ...by, scope }).url)

  const callbackOf = (arrival: Arrival): URLSearchParams => {
    if (!('left' in arrival)) throw new Error(`no redirect, but "${arrival.page.heading}"`)
    return new URL(arrival.left).searchParams
  }

  /** What the form sends without being asked. */
  const hiddenFields = (page: Page): Record<string, string> => ({
    ...Object.fromEntries(
      page.forms
        .flatMap((form) => form.fields)
        .filter(({ name }) => name === 'csrf' || name === 'seen')
        .map(({ name, value }) => [name, value]),
    ),
    deliberate: '1',
  })

  const grants = () => server.storage.prisma.grant.count()

  /** Posts a decision as the page would, with fields of the test's choosing. */
  const post = (page: Page, fields: Record<string, string>) =>
    browser.post(`${page.url}/consent`, { ...hiddenFields(page), ...fields }, page.url)

  it('says so when a name is asked for and the account has none', async () => {
    const page = await open(grant, 'openid profile notes:read')
    expect(page.text).toContain('See your name profile Your account has no name yet.')
    await server.storage.prisma.account.update({ where: { email: server.account.email }, data: { name: 'Ada' } })
    try {
      expect((await open(grant, 'openid profile notes:read')).text).not.toContain('no name yet')
    } finally {
      await server.storage.prisma.account.update({ where: { email: server.account.email }, data: { name: null } })
    }
  })

  it('never grants what was not asked for, whatever the form says', async () => {
    const page = await open(grant, 'notes:read')
    const callback = callbackOf(await post(page, { decision: 'allow', scope: 'notes:delete' }))
    expect(callback.get('error')).toBe('access_denied')
    const { url, codeVerifier } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const again = await walk(url)
    const body = new URLSearchParams([
      ...Object.entries(hiddenFields(again)),
      ['decision', 'allow'],
      ['scope', 'notes:read'],
      ['scope', 'notes:delete'],
      ['scope', 'openid'],
    ])
    const answer = await fetch(`${again.url}/consent`, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { cookie: browser.cookies.header(new URL(again.url)) ?? '', origin: server.issuer },
    })
    expect(answer.status).toBe(303)
    const arrival = await browser.open(new URL(answer.headers.get('location') ?? '', server.issuer).href)
    const { tokens } = await redeem(grant, callbackOf(arrival).get('code') ?? '', codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
    expect(tokens).not.toHaveProperty('id_token')
  })

  it.each<[string, Record<string, string>]>([
    ['no decision', { scope: 'notes:read' }],
    ['a decision nobody knows', { decision: 'maybe', scope: 'notes:read' }],
  ])('takes %s for a mistake, and waits on', async (_name, fields) => {
    const before = await grants()
    const page = await open(grant, 'notes:read')
    expect(pageOf(await post(page, fields)).status).toBe(400)
    expect(await grants()).toBe(before)
    expect(isConsentPage(pageOf(await browser.open(page.url)))).toBe(true)
  })

  it('that is denied, or allows nothing, leaves no grant', async () => {
    const before = await grants()
    expect(callbackOf(await deny(browser, await open(grant, everything))).get('error')).toBe('access_denied')
    expect(callbackOf(await consent(browser, await open(grant, everything), [])).get('error')).toBe('access_denied')
    expect(await grants()).toBe(before)
  })

  it('does not grant what was left unticked, and asks for it again the next time', async () => {
    const { callback, codeVerifier } = await authorize(
      grant,
      browser,
      { account: server.account, allow: ['notes:read'] },
      everything,
    )
    expect((await redeem(grant, callback.get('code') ?? '', codeVerifier)).tokens?.scope).toBe('notes:read')
    for (let round = 0; round < 2; round += 1) {
      const page = await open(grant, everything)
      expect(scopesOn(page).map(({ name }) => name)).toEqual(['notes:write', 'notes:delete', 'notes:read'])
      await consent(browser, page, ['notes:read'])
    }
  })

  it('offers reading alone when there is more, and grants just that', async () => {
    const { url, codeVerifier } = startAuthorization(grant.server, { ...grant, scope: everything })
    const page = pageOf(await browser.open(url))
    const callback = callbackOf(await browser.press(page, 'Read access only'))
    expect((await redeem(grant, callback.get('code') ?? '', codeVerifier)).tokens?.scope).toBe('notes:read')
    expect((await open(grant, 'notes:read')).html).not.toContain('allow-read-only')
  })

  it('is asked of a client on this computer every time (RFC 8252 §8.6)', async () => {
    await consent(browser, await open(grant, 'notes:read'))
    expect((await open(grant, 'notes:read')).text).toContain('Allowed before')
  })

  it('is asked of another client of the same name, as for the first time (confused deputy)', async () => {
    const twin = await newGrant(server)
    const page = await open(twin, 'notes:read')
    expect(page.text).toContain('Journey client')
    expect(page.text).not.toContain('Allowed before')
  })

  it('of a client that has changed since is as for the first time', async () => {
    const { client_id: clientId, ...registration } = await register(grant.server, {
      redirect_uris: [grant.redirectUri],
    })
    const changing = { ...grant, clientId }
    await consent(browser, await open(changing, 'notes:read'))
    expect((await open(changing, 'notes:read')).text).toContain('Allowed before')
    const update = {
      client_id: clientId,
      client_name: 'Another name',
      redirect_uris: [grant.redirectUri],
      token_endpoint_auth_method: 'none',
    }
    const answer = await fetch(String(registration['registration_client_uri']), {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${registration['registration_access_token']}`,
      },
      body: JSON.stringify(update),
    })
    expect(answer.status).toBe(200)
    const page = await open(changing, 'notes:read')
    expect(page.text).toContain('Another name')
    expect(page.text).not.toContain('Allowed before')
  })

  it('of one person is not another one’s', async () => {
    await consent(browser, await open(grant, 'notes:read'))
    const person = await server.addAccount(`consent-${kind}@example.com`)
    const other = server.newBrowser()
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const page = pageOf(await signIn(other, pageOf(await other.open(url)), person))
    expect(page.text).not.toContain('Allowed before')
  })

  it('is not given silently: prompt=none never yields a code for a client on this computer', async () => {
    await consent(browser, await open(grant, 'notes:read'))
    const { url, state } = startAuthorization(grant.server, {
      ...grant,
      scope: 'notes:read',
      parameters: { prompt: 'none' },
    })
    const callback = callbackOf(await browser.open(url))
    expect(callback.get('error')).toMatch(/^(consent|interaction|login)_required$/)
    expect(Object.fromEntries(callback)).toMatchObject({ state, iss: server.issuer })
    expect(callback.has('code')).toBe(false)
  })

  it('asks for the password again when the client wants that (prompt=login, max_age)', async () => {
    for (const parameters of [{ prompt: 'login' }, { max_age: '0', scope: 'openid notes:read' }]) {
      const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters })
      const page = pageOf(await browser.open(url))
      expect([parameters, isSignInPage(page)]).toEqual([parameters, true])
      expect(isConsentPage(pageOf(await signIn(browser, page, server.account)))).toBe(true)
    }
  })

  it('warns of a name that pretends, and shows markup as text', async () => {
    for (const [name, warning] of [
      ['CIaude', undefined],
      ['Claude Code', 'this may not be Claude'],
      ['Сlаude', 'this may not be Claude'],
      ['"><img src=x onerror=alert(1)>', undefined],
      ['<%= 7*7 %>{{7*7}}', undefined],
    ] as const) {
      const { client_id: clientId } = await register(grant.server, {
        redirect_uris: [grant.redirectUri],
        client_name: name,
      })
      const page = await open({ ...grant, clientId }, 'notes:read')
      expect(page.html).not.toContain('<img')
      expect(page.text).not.toContain('49')
      expect(page.text).toContain('Not verified')
      if (warning !== undefined) expect(page.text).toContain(warning)
    }
  })

  it('says where the answer goes', async () => {
    const uris = [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.client.example/cb',
      'http://localhost:8787/cb',
    ]
    const { client_id: clientId } = await register(grant.server, { redirect_uris: uris })
    const words = ['cursor', 'www.client.example', 'program on this computer']
    for (const [index, redirectUri] of uris.entries()) {
      expect((await open({ ...grant, clientId, redirectUri }, 'notes:read')).text).toContain(words[index])
    }
  })

  it('goes into the audit trail, decision by decision', async () => {
    const types = (await server.storage.prisma.auditEvent.findMany()).map(({ type }) => type)
    expect(new Set(types)).toEqual(
      new Set(['consent.allowed', 'consent.denied', 'sign_in.succeeded', 'client.registered', 'client.changed']),
    )
  })
})
