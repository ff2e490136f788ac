/** What narrowing and disconnecting come to at the authorization server: scopes, consents, introspection, strangers and races. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { TokenRules } from '../../../src/oauth/declared-resource.js'
import { listConnections } from '../../../src/storage/grants/connections.js'
import { signIn } from '../../support/authorization.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import {
  type Grant,
  newGrant,
  obtainTokens,
  refresh,
  requestTokens,
  startAuthorization,
  type Tokens,
} from '../../support/oauth-client.js'
import { resource, startServer, type TestServer } from '../server.js'

const scope = 'openid email notes:read notes:write'

describeOnDatabases('A connection on the account page, on %s', (kind) => {
  const servers = new Map<TokenRules['format'], TestServer>()
  let server: TestServer
  beforeAll(async () => {
    const introspecting = {
      resourceServerClient: { clientId: 'rs', clientSecret: 's'.repeat(40), introspects: () => [resource] },
    }
    for (const format of ['jwt', 'opaque'] as const)
      servers.set(format, await startServer(kind, { accessTokenFormat: format, ...introspecting }))
    server = servers.get('jwt') as TestServer
  })
  afterAll(() => Promise.all([...servers.values()].map((each) => each.close())))

  interface Program {
    readonly grant: Grant
    readonly tokens: Tokens
    readonly browser: Browser
  }
  const connect = async (at = server, browser = at.newBrowser(), grant?: Grant): Promise<Program> => {
    const used = grant ?? (await newGrant(at))
    return { grant: used, browser, tokens: await obtainTokens(used, browser, { account: at.account }, scope) }
  }
  const apps = async ({ browser }: Pick<Program, 'browser'>, at = server): Promise<Page> =>
    pageOf(await browser.open(`${at.issuer}/account/apps`))
  const idOf = (page: Page) => page.forms[0]?.fields.find(({ name }) => name === 'id')?.value ?? ''
  const csrfOf = (page: Page) => page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
  const introspect = async ({ grant, tokens }: Program) => {
    const authorization = `Basic ${Buffer.from(`rs:${'s'.repeat(40)}`).toString('base64')}`
    const body = new URLSearchParams({ token: tokens.access_token })
    const endpoint = grant.server.introspection_endpoint as string
    return (await (await fetch(endpoint, { method: 'POST', headers: { authorization }, body })).json()) as {
      active: boolean
      scope?: string
    }
  }

  it('shows what the consent page said, and a box for each scope with the scope as its value', async () => {
    const program = await connect()
    const page = await apps(program)
    expect(page.html).toMatch(/<article[^>]*>\s*<h2/)
    expect(page.text).toContain('Not verified')
    const boxes = page.forms[0]?.fields
      .filter(({ type }) => type === 'checkbox')
      .map(({ value, checked }) => [value, checked])
    expect(boxes).toEqual([
      ['notes:read', true],
      ['notes:write', true],
      ['email', true],
    ])
  })

  it.each(['jwt', 'opaque'] as const)('is narrowed for introspection at once, of %s tokens', async (format) => {
    const at = servers.get(format) as TestServer
    const program = await connect(at)
    expect((await introspect(program)).scope?.split(' ').sort()).toEqual([
      'email',
      'notes:read',
      'notes:write',
      'openid',
    ])
    await program.browser.press(await apps(program, at), 'Save', { 'scope=notes:write': false, 'scope=email': false })
    const narrowed = await introspect(program)
    expect([narrowed.active, narrowed.scope?.split(' ').sort()]).toEqual([true, ['notes:read', 'openid']])
    await program.browser.press(await apps(program, at), 'Disconnect')
    expect(await introspect(program)).toEqual({ active: false })
  })

  it('loses a scope together with one that it includes', async () => {
    const program = await connect()
    await program.browser.press(await apps(program), 'Save', { 'scope=notes:read': false })
    const [left] = await listConnections(server.storage, { clientId: program.grant.clientId })
    expect([left?.access.openid, [...(left?.access.ofResources ?? [])]]).toEqual([['openid', 'email'], []])
  })

  it('gives a refresh that asks for the old scopes the narrowed ones', async () => {
    const { grant, tokens, browser } = await connect()
    await browser.press(await apps({ browser }), 'Save', { 'scope=notes:write': false })
    const answer = await requestTokens(grant.server, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
      client_id: grant.clientId,
      scope,
    })
    expect(answer.tokens?.scope?.split(' ')).not.toContain('notes:write')
    expect(answer.tokens?.scope?.split(' ')).toContain('notes:read')
  })

  it('makes the next consent page ask for what was taken away', async () => {
    const { grant, browser } = await connect()
    const consentPage = async () =>
      pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope }).url))
    expect((await consentPage()).text).not.toContain('wants more access')
    await browser.press(await apps({ browser }), 'Save', { 'scope=notes:write': false })
    expect((await consentPage()).text).toContain('wants more access')
  })

  it('cannot be taken down to nothing by Save', async () => {
    const browser = server.newBrowser()
    const grant = await newGrant(server)
    await obtainTokens(grant, browser, { account: server.account }, 'notes:read')
    const page = pageOf(await browser.press(await apps({ browser }), 'Save', { 'scope=notes:read': false }))
    expect([page.status, page.text.includes('choose Disconnect')]).toEqual([422, true])
    expect(await listConnections(server.storage, { clientId: grant.clientId })).toHaveLength(1)
  })

  it('answers alike for the connection of somebody else and for none, and changes neither', async () => {
    const program = await connect()
    const id = idOf(await apps(program))
    const stranger = await server.addAccount('stranger@example.com')
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, await apps({ browser }), stranger))
    const answers = []
    for (const asked of [id, 'x'.repeat(43), '']) {
      for (const step of ['save', 'disconnect']) {
        const url = `${server.issuer}/account/apps/${step}`
        const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
        const answer = pageOf(await browser.post(url, { csrf, id: asked, scope: 'notes:read' }))
        answers.push([answer.status, answer.text.includes('had ended already')])
      }
    }
    expect(answers).toEqual(Array(6).fill([200, true]))
    expect((await refresh(program.grant, program.tokens.refresh_token ?? '')).tokens?.scope).toContain('notes:write')
    expect(csrfOf(await apps(program))).not.toBe('')
  })

  it('is never widened, by whatever comes at once', async () => {
    const { grant, tokens, browser } = await connect()
    const page = await apps({ browser })
    const [id, csrf] = [idOf(page), csrfOf(page)]
    const save = (...scopes: readonly string[]) => {
      const body = new URLSearchParams([
        ['csrf', csrf],
        ['id', id],
        ...scopes.map((each): [string, string] => ['scope', each]),
      ])
      const url = `${server.issuer}/account/apps/save`
      const headers = { cookie: browser.cookies.header(new URL(url)) ?? '', origin: server.issuer }
      return fetch(url, { method: 'POST', headers, body, redirect: 'manual' })
    }
    let current = tokens.refresh_token ?? ''
    const refreshing = (async () => {
      for (let times = 0; times < 10; times += 1) {
        const next = await refresh(grant, current)
        current = next.tokens?.refresh_token ?? current
      }
    })()
    const narrowing = Array.from({ length: 50 }, (_, at) =>
      at % 2 === 0 ? save('notes:read', 'notes:write') : save('notes:read', 'email'),
    )
    const answers = await Promise.all(narrowing)
    await refreshing
    expect(answers.map(({ status }) => status).filter((status) => status !== 303)).toEqual([])
    const [left] = await listConnections(server.storage, { clientId: grant.clientId })
    expect([left?.access.openid, [...(left?.access.ofResources ?? [])]]).toEqual([
      ['openid'],
      [[resource, ['notes:read']]],
    ])
    expect((await refresh(grant, current)).tokens?.scope?.split(' ').sort()).toEqual(['notes:read', 'openid'])
  })

  it('ends once, with nothing left of it, when fifty disconnect it during refreshes', async () => {
    const { grant, tokens, browser } = await connect()
    const page = await apps({ browser })
    const body = new URLSearchParams({ csrf: csrfOf(page), id: idOf(page) })
    const url = `${server.issuer}/account/apps/disconnect`
    const headers = { cookie: browser.cookies.header(new URL(url)) ?? '', origin: server.issuer }
    await Promise.all([
      refresh(grant, tokens.refresh_token ?? ''),
      ...Array.from({ length: 50 }, () => fetch(url, { method: 'POST', headers, body, redirect: 'manual' })),
    ])
    const { prisma } = server.storage
    expect(await listConnections(server.storage, { clientId: grant.clientId })).toEqual([])
    expect(await prisma.artifact.count({ where: { clientId: grant.clientId, model: 'RefreshToken' } })).toBe(0)
    const events = await prisma.auditEvent.count({ where: { clientId: grant.clientId, type: 'grant.revoked' } })
    expect(events).toBe(1)
    expect((await refresh(grant, tokens.refresh_token ?? '')).error).toBe('invalid_grant')
  })

  it('is one install of a client that several share', async () => {
    const grant = await newGrant(server)
    const [first, second] = [
      await connect(server, server.newBrowser(), grant),
      await connect(server, server.newBrowser(), grant),
    ]
    await second.browser.press(await apps(second), 'Disconnect')
    expect((await refresh(second.grant, second.tokens.refresh_token ?? '')).error).toBe('invalid_grant')
    expect((await refresh(first.grant, first.tokens.refresh_token ?? '')).tokens).toBeDefined()
  })
})
