/**
 * What is good once, and readiness, on the embedded database: a machine without PostgreSQL notices too if one of these is lost. Two
 * requests meet between a read and a write by arrangement, not by luck.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createSetupLinks } from '../../src/authorization-server/accounts/setup-link.js'
import { startServer } from '../authorization-server/server.js'
import { newClientKey, signClientAssertion } from '../support/client-assertion.js'
import { openTestDatabase } from '../support/databases.js'
import { authorize, exchangeOf, newGrant, requestTokens, type TokenAnswer } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { startStackProcess } from '../support/stack-process.js'
import { watchStatements } from '../support/watched-statements.js'

const { meanwhile, watched } = watchStatements()
afterEach(() => meanwhile.clear())

describe('On the embedded database', () => {
  it('a code that another request redeems between the read and the commit is refused (RFC 6749 §4.1.2)', async () => {
    const server = await startServer('embedded', { database: watched(await openTestDatabase('embedded', 'auth')) })
    const grant = await newGrant(server)
    const { callback, codeVerifier } = await authorize(grant, server.newBrowser(), server, 'notes:read')
    const exchange = () =>
      requestTokens(grant.server, exchangeOf(grant, { code: callback.get('code') ?? '', codeVerifier }))
    let faster: TokenAnswer | undefined
    const overtake = async () => {
      meanwhile.clear()
      faster = await exchange()
    }
    // Whichever statement commits a request of this shape: what is redeemed, and one token or two for it.
    for (const name of ['redemption', 'redemption+issue', 'redemption+issue+issue']) meanwhile.set(name, overtake)
    const slower = await exchange()
    expect([faster?.status, slower.status, slower.error]).toEqual([200, 400, 'invalid_grant'])
  })

  it('an assertion is remembered over a restart: by the database, not by the process (RFC 7523 §3)', async () => {
    const key = await newClientKey('worker-1', 'ES256')
    const file = join(temporaryFolder('clients'), 'clients.json')
    const worker = { client_id: 'worker', client_name: 'Worker', jwks: { keys: [key.publicJwk] } }
    writeFileSync(file, JSON.stringify({ clients: [worker] }))
    const env = { LOG_LEVEL: 'warn', GATEHOUSE_FILE: file }
    const server = await startStackProcess({ database: 'embedded', only: 'auth', env })
    const parameters = {
      grant_type: 'client_credentials',
      client_assertion: await signClientAssertion(key, { clientId: 'worker', audience: server.issuer }),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    const ask = () => requestTokens({ token_endpoint: `${server.issuer}/token` }, parameters)
    expect((await ask()).status).toBe(200)
    await server.stop()
    await server.restart()
    expect(await ask()).toMatchObject({ status: 401, error: 'invalid_client' })
  })

  it('a set-up link that was used stays used, also when the account that it made is gone', async () => {
    const server = await startServer('embedded')
    const { prisma } = server.storage
    await prisma.account.deleteMany()
    const links = createSetupLinks(server.storage)
    const token = (await links.issue()) ?? ''
    const account = { email: 'first@example.org', passwordHash: 'x' }
    expect(await links.redeem(token, account)).toBeDefined()
    await prisma.account.deleteMany()
    expect(await links.isUsable(token)).toBe(false)
    expect(await links.redeem(token, account)).toBeUndefined()
  })

  it('a server is ready only while its database answers', async () => {
    const database = await openTestDatabase('embedded', 'auth')
    let isAway = false
    const server = await startServer('embedded', {
      database: { ...database, ping: () => (isAway ? Promise.reject(new Error('away')) : database.ping()) },
    })
    const statuses = async () =>
      Promise.all(['ready', 'live'].map(async (path) => (await fetch(`${server.issuer}/health/${path}`)).status))
    expect(await statuses()).toEqual([200, 200])
    isAway = true
    expect(await statuses()).toEqual([503, 200])
  })
})
