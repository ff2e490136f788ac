/** The database is silent as a refresh is committed, for longer than the grace: the client gets 503, and repeats the refresh. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { outageError } from '../../src/database/outage.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { type Grant, newGrant, obtainTokens, refresh } from '../support/oauth-client.js'
import { watchStatements } from '../support/watched-statements.js'
import { startServer, type TestServer } from './server.js'

const { meanwhile, afterwards, watched } = watchStatements()

const graceSeconds = 300
const commit = 'redemption+issue'

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
      return lost()
    }
    const events = moment === 'before' ? meanwhile : afterwards
    events.set(commit, strike)
    const { status, error } = await refresh(grant, token)
    expect([status, error]).toEqual([503, 'temporarily_unavailable'])
    expect(afterwards.size).toBe(0)
  }

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

  it('is a retry however long the silence lasts, at every process, and goes on with the one successor there is', async () => {
    const token = await refreshToken()
    await refreshInto(token, 'after')
    meanwhile.clear()
    server.advance(3 * graceSeconds)
    const replica = { ...grant, server: { ...grant.server, token_endpoint: await server.startReplica() } }
    const first = await refresh(grant, token)
    const second = await refresh(replica, token)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.tokens?.refresh_token).toBe(first.tokens?.refresh_token)
    const next = await refresh(replica, first.tokens?.refresh_token ?? '')
    expect(next.status).toBe(200)
    server.advance(2 * graceSeconds)
    expect((await refresh(grant, token)).error).toBe('invalid_grant')
    expect((await refresh(grant, next.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
  })

  it('leaves a token as it was that was not replaced', async () => {
    const token = await refreshToken()
    await refreshInto(token, 'before')
    meanwhile.clear()
    server.advance(3 * graceSeconds)
    const { status, tokens } = await refresh(grant, token)
    expect(status).toBe(200)
    expect((await refresh(grant, tokens?.refresh_token ?? '')).status).toBe(200)
  })
})
