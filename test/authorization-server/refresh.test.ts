import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { outageError } from '../../src/database/outage.js'
import type { Browser } from '../support/browser.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import {
  authorize,
  completeCode,
  exchangeOf,
  type Grant,
  newGrant,
  obtainTokens,
  redeem,
  refresh,
  register,
  requestTokens,
  revoke,
  type Tokens,
} from '../support/oauth-client.js'
import { watchStatements } from '../support/watched-statements.js'
import { startServer, type TestServer } from './server.js'

const graceSeconds = 20

const { asked, meanwhile, afterwards, watched } = watchStatements()

/** What the audit trail says of the last family that ended. */
function lastRevocation({ storage }: TestServer) {
  return storage.prisma.auditEvent.findFirst({ where: { type: 'grant.revoked' }, orderBy: { id: 'desc' } })
}

describeOnDatabases('Refresh tokens (RFC 6749 §6, RFC 9700 §4.14), on %s', (kind) => {
  let server: TestServer
  let browser: Browser
  let grant: Grant
  beforeAll(async () => {
    const database = watched(await openTestDatabase(kind, 'auth'))
    server = await startServer(kind, { database, refreshGraceSeconds: graceSeconds })
    browser = server.newBrowser()
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const tokensFor = (scope = 'notes:read notes:write') =>
    obtainTokens(grant, browser, { account: server.account }, scope)
  const refreshOf = (tokens: Tokens | undefined) => tokens?.refresh_token ?? ''
  const send = (tokens: Tokens | undefined, changes: Record<string, string> = {}) =>
    requestTokens(grant.server, {
      grant_type: 'refresh_token',
      client_id: grant.clientId,
      refresh_token: refreshOf(tokens),
      ...changes,
    })

  it('rotate at every use, and keep audience, scope and person', async () => {
    const first = await tokensFor()
    const { tokens: second } = await send(first)
    const { tokens: third } = await send(second)
    expect(new Set([first, second, third].map(refreshOf)).size).toBe(3)
    const [before, after] = [decodeJwt(first.access_token), decodeJwt(third?.access_token ?? '')]
    expect(after).toMatchObject({
      aud: before.aud,
      sub: before.sub,
      scope: before['scope'],
      client_id: before['client_id'],
    })
    expect(after.jti).not.toBe(before.jti)
  })

  it('take two statements, a retry within the grace two, and a later one three', async () => {
    const first = await tokensFor()
    const countOf = async () => {
      const before = asked.length
      await send(first)
      return asked.slice(before)
    }
    expect(await countOf()).toEqual(['credential_find_with_client', 'redemption+issue'])
    expect(await countOf()).toEqual(['credential_find_with_client', 'token_request_replaced'])
    server.advance(graceSeconds + 2)
    expect(await countOf()).toEqual(['credential_find_with_client', 'token_request_replaced', 'refresh_reissue+audit'])
  })

  it('answer twenty at once with one and the same successor', async () => {
    const first = await tokensFor()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(first)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ tokens }) => refreshOf(tokens))).size).toBe(1)
    expect((await send(answers[0]?.tokens)).status).toBe(200)
  })

  it('answer an honest retry within the grace with the same successor (RFC 9700 §4.14.2)', async () => {
    const first = await tokensFor()
    const { tokens: second } = await send(first)
    server.advance(graceSeconds - 2)
    const { tokens: again } = await send(first)
    expect(refreshOf(again)).toBe(refreshOf(second))
    expect((await send(second)).status).toBe(200)
  })

  it('repeated when the successor was replaced too get the newest: nobody is left with a token that kills', async () => {
    const first = await tokensFor()
    const { tokens: second } = await send(first)
    const { tokens: third } = await send(second)
    const { tokens: late } = await send(first)
    expect(refreshOf(late)).toBe(refreshOf(third))
    server.advance(graceSeconds + 1)
    expect((await send(late)).status).toBe(200)
  })

  it('repeated after the grace get the same successor, as often as it takes, while nobody has used it', async () => {
    const first = await tokensFor()
    const { tokens: lost } = await send(first)
    const told = () => server.storage.prisma.auditEvent.count({ where: { type: 'refresh.reissued' } })
    const before = await told()
    for (const later of [graceSeconds + 2, 3_600, 86_400]) {
      server.advance(later)
      const { status, tokens: again } = await send(first)
      expect([status, refreshOf(again)]).toEqual([200, refreshOf(lost)])
      expect(decodeJwt(again?.access_token ?? '').aud).toBe(server.resource)
    }
    expect(await told()).toBe(before + 3)
    const { tokens: next } = await send(lost)
    expect((await send(next)).status).toBe(200)
    // From its successor's first use on, a use of the old one is a reuse.
    server.advance(graceSeconds + 2)
    expect((await send(first)).error).toBe('invalid_grant')
    expect(await lastRevocation(server)).toMatchObject({ clientId: grant.clientId, detail: { reason: 'reuse' } })
  })

  it('repeated after the grace are refused with a wider scope, by another client and after a revocation', async () => {
    const first = await tokensFor()
    const { tokens: lost } = await send(first)
    server.advance(graceSeconds + 2)
    const { client_id } = await register(grant.server, { redirect_uris: [grant.redirectUri] })
    expect((await send(first, { scope: 'notes:delete' })).error).toBe('invalid_scope')
    expect((await send(first, { client_id })).error).toBe('invalid_grant')
    expect(refreshOf((await send(first)).tokens)).toBe(refreshOf(lost))
    expect(await revoke(grant, refreshOf(lost))).toBe(200)
    expect((await send(first)).error).toBe('invalid_grant')
  })

  it('in two hands end at the second use of what both were given', async () => {
    const first = await tokensFor()
    const { tokens: thiefs } = await send(first)
    server.advance(graceSeconds + 2)
    const { tokens: clients } = await send(first)
    expect(refreshOf(clients)).toBe(refreshOf(thiefs))
    const { tokens: next } = await send(thiefs)
    server.advance(graceSeconds + 2)
    expect((await send(clients)).error).toBe('invalid_grant')
    expect((await send(next)).error).toBe('invalid_grant')
  })

  it('repeated after the grace, as the successor is used by another request, are a reuse', async () => {
    const first = await tokensFor()
    const { tokens: lost } = await send(first)
    server.advance(graceSeconds + 2)
    let next: Tokens | undefined
    meanwhile.set('refresh_reissue+audit', async () => {
      next = (await send(lost)).tokens
    })
    expect((await send(first)).error).toBe('invalid_grant')
    expect(meanwhile.size).toBe(0)
    expect((await send(next)).error).toBe('invalid_grant')
  })

  it('used again after the grace are taken for stolen: the whole family ends, and the audit trail says so', async () => {
    const first = await tokensFor()
    const { tokens: second } = await send(first)
    const { tokens: third } = await send(second)
    server.advance(graceSeconds + 1)
    expect((await send(first)).error).toBe('invalid_grant')
    for (const tokens of [first, second, third]) expect((await send(tokens)).error).toBe('invalid_grant')
    expect(await lastRevocation(server)).toMatchObject({
      accountId: decodeJwt(first.access_token).sub,
      clientId: grant.clientId,
      detail: { reason: 'reuse' },
    })
  })

  it('used again after the grace are in the audit trail before that is answered', async () => {
    const first = await tokensFor()
    await send((await send(first)).tokens)
    server.advance(graceSeconds + 1)
    const order: string[] = []
    meanwhile.set('always+audit', async () => {
      await sleep(200)
      order.push('recorded')
    })
    expect((await send(first)).error).toBe('invalid_grant')
    order.push('answered')
    expect(order).toEqual(['recorded', 'answered'])
  })

  it('leave other sign-ins of the same person and client alone when a family ends', async () => {
    const [stolen, sibling] = [await tokensFor(), await tokensFor()]
    const { tokens: first } = await send(stolen)
    const { tokens: rotated } = await send(first)
    server.advance(graceSeconds + 1)
    await send(stolen)
    expect((await send(rotated)).error).toBe('invalid_grant')
    expect((await send(sibling)).status).toBe(200)
  })

  it.each<[string, Record<string, string>, string]>([
    ['an unknown resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'http://localhost:4000/mcp#x' }, 'invalid_target'],
    ['a wider scope', { scope: 'notes:read notes:write notes:delete' }, 'invalid_scope'],
  ])('survive %s', async (_name, changes, error) => {
    const first = await tokensFor()
    expect((await send(first, changes)).error).toBe(error)
    server.advance(graceSeconds + 1)
    const honest = await send(first)
    expect(honest.status).toBe(200)
    expect((await send(honest.tokens)).status).toBe(200)
  })

  it('narrow an access token and keep the full scope for later', async () => {
    const first = await tokensFor()
    const { tokens: narrowed } = await send(first, { scope: 'notes:read' })
    expect(decodeJwt(narrowed?.access_token ?? '')['scope']).toBe('notes:read')
    const { tokens: full } = await send(narrowed)
    expect(decodeJwt(full?.access_token ?? '')['scope']).toBe('notes:read notes:write')
  })

  it('are of no use to another client, which does not end them', async () => {
    const first = await tokensFor()
    const { client_id } = await register(grant.server, { redirect_uris: [grant.redirectUri] })
    expect((await send(first, { client_id })).error).toBe('invalid_grant')
    expect((await send(first)).status).toBe(200)
  })

  it('take any spelling of the resource', async () => {
    const { tokens } = await send(await tokensFor(), { resource: 'HTTP://LOCALHOST:4000/mcp/' })
    expect(decodeJwt(tokens?.access_token ?? '').aud).toBe(server.resource)
  })

  it.each([
    ['nothing', ''],
    ['a letter', 'x'],
    ['five thousand', 'x'.repeat(5_000)],
    ['U+0000', '\u0000'],
  ])('that were never issued are refused: %s', async (_name, refreshToken) => {
    const { error, status } = await send(undefined, { refresh_token: refreshToken })
    expect(status).toBe(400)
    expect(error).toMatch(/^invalid_(grant|request)$/)
  })

  it('cut short by a character are refused (CVE-2026-27840)', async () => {
    const first = await tokensFor()
    const token = refreshOf(first)
    for (const other of [token.slice(0, -1), `${token}x`, token.toLowerCase()]) {
      expect((await send(first, { refresh_token: other })).error).toBe('invalid_grant')
    }
    expect((await send(first)).status).toBe(200)
  })

  it('end when they are revoked, with all that came of them (RFC 7009)', async () => {
    const first = await tokensFor()
    const { tokens: second } = await send(first)
    expect(await revoke(grant, refreshOf(second))).toBe(200)
    expect((await send(second)).error).toBe('invalid_grant')
    expect((await send(first)).error).toBe('invalid_grant')
    expect(await revoke(grant, refreshOf(second))).toBe(200)
    expect(await revoke(grant, 'never issued')).toBe(200)
  })

  it('end with their grant in one step: the repetition of a revocation that was cut finds nothing left to do', async () => {
    const first = await tokensFor()
    const { tokens: second } = await send(first)
    const { prisma } = server.storage
    const left = async () => [
      await prisma.grant.count(),
      await prisma.artifact.count({ where: { model: 'RefreshToken' } }),
    ]
    const [grants = 0, tokens = 0] = await left()
    const lost = () => Promise.reject(outageError(new Error('Connection terminated unexpectedly')))
    afterwards.set('family_end', lost)
    expect(await revoke(grant, refreshOf(second))).toBe(503)
    expect(await left()).toEqual([grants - 1, tokens - 2])
    expect(await revoke(grant, refreshOf(second))).toBe(200)
    expect((await send(second)).error).toBe('invalid_grant')
  })

  it('are revoked by their own client alone', async () => {
    const first = await tokensFor()
    const { client_id } = await register(grant.server, { redirect_uris: [grant.redirectUri] })
    await revoke({ ...grant, clientId: client_id }, refreshOf(first))
    expect((await send(first)).status).toBe(200)
  })

  it('end at once when the account is disabled, also for codes not yet redeemed', async () => {
    const person = await server.addAccount(`${kind}-disabled@example.com`)
    const own = server.newBrowser()
    const tokens = await obtainTokens(grant, own, { account: person }, 'notes:read')
    const { callback, codeVerifier } = await authorize(grant, own, { account: person }, 'notes:read')
    await server.accounts.disable(person.id)
    expect((await send(tokens)).error).toBe('invalid_grant')
    expect((await redeem(grant, callback.get('code') ?? '', codeVerifier)).error).toBe('invalid_grant')
    await server.accounts.enable(person.id)
    expect((await send(tokens)).error).toBe('invalid_grant')
  })

  it('stop for a disabled account by themselves, whatever else of its access is still there: refresh, code, userinfo', async () => {
    const person = await server.addAccount(`${kind}-disabled-alone@example.com`)
    const own = server.newBrowser()
    const tokens = await obtainTokens(grant, own, { account: person }, 'notes:read')
    const login = { ...grant, resource: '' }
    const signedIn = await completeCode(login, own, { account: person }, { scope: 'openid email' })
    const { resource: _none, ...exchange } = exchangeOf(login, signedIn)
    const { tokens: identity } = await requestTokens(grant.server, exchange)
    const unredeemed = await completeCode(grant, own, { account: person }, { scope: 'notes:read' })
    const headers = { authorization: `Bearer ${identity?.access_token}` }
    const userinfo = async () => (await fetch(`${server.issuer}/userinfo`, { headers })).status
    expect(await userinfo()).toBe(200)
    const isDisabled = (disabledAt: Date | null) =>
      server.storage.prisma.account.update({ where: { id: person.id }, data: { disabledAt } })
    const { prisma } = server.storage
    const access = async () => ({
      grants: await prisma.grant.count({ where: { accountId: person.id } }),
      sessions: await prisma.session.count({ where: { accountId: person.id } }),
    })
    const before = await access()

    // The command ends the access as well. Here the account alone has changed, so nothing but a look at it can refuse.
    await isDisabled(new Date())
    expect(await send(tokens)).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect(await redeem(grant, unredeemed.code, unredeemed.codeVerifier)).toMatchObject({
      status: 400,
      error: 'invalid_grant',
    })
    expect(await userinfo()).toBe(401)
    expect(await access()).toEqual(before)

    await isDisabled(null)
    expect(await userinfo()).toBe(200)
    expect((await send(tokens)).status).toBe(200)
  })

  it('end when their client is removed', async () => {
    const removed = await newGrant(server)
    const tokens = await obtainTokens(removed, browser, { account: server.account }, 'notes:read')
    await server.clients.remove(removed.clientId)
    expect((await refresh(removed, refreshOf(tokens))).error).toMatch(/^invalid_(grant|client)$/)
  })

  it('outlive the browser session they came from', async () => {
    const own = server.newBrowser()
    const tokens = await obtainTokens(grant, own, { account: server.account }, 'notes:read')
    await server.storage.prisma.session.deleteMany()
    expect((await send(tokens)).status).toBe(200)
  })

  // Last, because it moves the clock by weeks.
  it('end when they are not used for their lifetime', async () => {
    const [idle, used] = [await tokensFor(), await tokensFor()]
    server.advance(20 * 86_400)
    const { tokens: renewed } = await send(used)
    server.advance(11 * 86_400)
    expect((await send(idle)).error).toBe('invalid_grant')
    expect((await send(renewed)).status).toBe(200)
  })
})

describeOnDatabases('Refresh tokens without a grace, on %s', (kind) => {
  it('are taken for stolen at the second use', async () => {
    const server = await startServer(kind, { refreshGraceSeconds: 0 })
    const grant = await newGrant(server)
    const first = await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')
    const { tokens: second } = await refresh(grant, first.refresh_token ?? '')
    expect((await refresh(grant, first.refresh_token ?? '')).error).toBe('invalid_grant')
    expect((await refresh(grant, second?.refresh_token ?? '')).error).toBe('invalid_grant')
    await server.close()
  })

  it('are taken for stolen when two use one at the same moment', async () => {
    const server = await startServer(kind, { refreshGraceSeconds: 0 })
    const grant = await newGrant(server)
    const first = await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(grant, first.refresh_token ?? '')))
    const winners = answers.flatMap(({ tokens }) => tokens ?? [])
    expect(winners.length).toBeLessThanOrEqual(1)
    expect(await server.storage.prisma.grant.count()).toBe(0)
    for (const { refresh_token } of [first, ...winners]) {
      expect((await refresh(grant, refresh_token ?? '')).error).toBe('invalid_grant')
    }
    expect(await lastRevocation(server)).toMatchObject({ clientId: grant.clientId, detail: { reason: 'reuse' } })
    await server.close()
  })
})
