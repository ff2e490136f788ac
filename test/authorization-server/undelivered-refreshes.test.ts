/** The database is silent as a refresh is committed, for longer than the grace: the client is told to come again, and does. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { outageError } from '../../src/platform/outage.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { type Grant, newGrant, obtainTokens, refresh } from '../support/oauth-client.js'
import { watchStatements } from '../support/watched-statements.js'
import { startServer, type TestServer } from './server.js'

const { meanwhile, afterwards, watched } = watchStatements()

const graceSeconds = 300
const commit = 'token_request_commit_one'
const beginAnew = 'refresh_undelivered+audit'

describeOnDatabases('A refresh whose answer the database kept, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind, {
      database: watched(await openTestDatabase(kind, 'auth')),
      refreshGraceSeconds: graceSeconds,
    })
    grant = await newGrant(server)
  })
  afterAll(() => server.close())
  beforeEach(() => {
    for (const events of [meanwhile, afterwards]) events.clear()
  })

  const refreshToken = async () =>
    (await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')).refresh_token ?? ''

  const lost = () => Promise.reject(outageError(new Error('Connection terminated unexpectedly')))

  /** From now on no statement of that name gets through, until `meanwhile` is cleared. */
  const silence = (name: string) => {
    meanwhile.set(name, () => {
      silence(name)
      return Promise.reject(outageError(new Error('Query read timeout')))
    })
  }

  /** Sends a refresh into the silence. */
  const refreshInto = async (token: string, moment: 'before' | 'after') => {
    const strike = () => {
      silence(commit)
      silence(beginAnew)
      return lost()
    }
    const events = moment === 'before' ? meanwhile : afterwards
    events.set(commit, strike)
    const { status, error } = await refresh(grant, token)
    expect([status, error]).toEqual([503, 'temporarily_unavailable'])
    expect(afterwards.size).toBe(0)
  }

  const noted = () => server.storage.prisma.auditEvent.count({ where: { type: 'refresh.undelivered' } })

  it('has its grace from when it was carried out, however long it lay before the database', async () => {
    // The first of all: the two clocks still agree.
    const token = await refreshToken()
    server.advance(-3 * graceSeconds)
    meanwhile.set(commit, async () => server.advance(3 * graceSeconds))
    const first = await refresh(grant, token)
    const second = await refresh(grant, token)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.tokens?.refresh_token).toBe(first.tokens?.refresh_token)
  })

  it('is an honest retry at once, for one grace more when the database is back, and no longer', async () => {
    const token = await refreshToken()
    await refreshInto(token, 'after')
    server.advance(3 * graceSeconds)
    meanwhile.delete(commit)
    // The process that was not answered knows by itself.
    const first = await refresh(grant, token)
    expect([first.status, await noted()]).toEqual([200, 0])
    meanwhile.clear()
    await eventually(async () => (await noted()) === 1)
    const event = await server.storage.prisma.auditEvent.findFirst({ where: { type: 'refresh.undelivered' } })
    expect(event).toMatchObject({ accountId: expect.any(String), clientId: grant.clientId })
    // From here on the database knows: every process answers so, with the one successor there is.
    const second = await refresh(grant, token)
    expect([second.status, second.tokens?.refresh_token]).toEqual([200, first.tokens?.refresh_token])
    server.advance(2 * graceSeconds)
    expect((await refresh(grant, token)).error).toBe('invalid_grant')
    // And that was the end of the family, as after any theft.
    expect((await refresh(grant, first.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
    expect(await noted()).toBe(1)
  })

  it('leaves a token as it was that was not replaced, and begins no grace', async () => {
    const before = await noted()
    const token = await refreshToken()
    await refreshInto(token, 'before')
    meanwhile.clear()
    server.advance(3 * graceSeconds)
    const { status, tokens } = await refresh(grant, token)
    expect(status).toBe(200)
    server.advance(2 * graceSeconds)
    expect((await refresh(grant, token)).error).toBe('invalid_grant')
    expect((await refresh(grant, tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
    expect(await noted()).toBe(before)
  })
})
