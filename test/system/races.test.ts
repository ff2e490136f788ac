/** Two processes of the authorization server on one PostgreSQL: what must happen once happens once, whoever asks where. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { consent, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { deviceCodeGrant, poll, startDevice } from '../support/device-client.js'
import { freePort } from '../support/free-port.js'
import {
  authorize,
  type Grant,
  newGrant,
  redeem,
  refresh,
  register,
  type TokenAnswer,
} from '../support/oauth-client.js'
import { newClient } from '../support/opened.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

const racers = 50

/** The embedded database serves one process; these races need a server. */
describeOnPostgres('races over two processes', () => {
  let first: StackProcess
  let second: StackProcess
  let atFirst: Grant
  let atSecond: Grant

  beforeAll(async () => {
    first = await startStackProcess({ database: 'postgresql', only: 'auth', env: { LOG_LEVEL: 'warn' } })
    const port = String(await freePort())
    const internal = `http://127.0.0.1:${port}`
    const env = { ...first.settings, AUTH_PORT: port, ISSUER_INTERNAL_URL: internal }
    second = await startStackProcess({ database: 'postgresql', only: 'auth', env })
    atFirst = await newGrant(first)
    atSecond = { ...atFirst, server: { ...atFirst.server, token_endpoint: `${internal}/token` } }
  })

  afterAll(async () => {
    await Promise.all([first.stop(), second.stop()])
  })

  async function newCode(): Promise<{ code: string; codeVerifier: string }> {
    const { callback, codeVerifier } = await authorize(atFirst, first.newBrowser(), { account: first.account })
    return { code: callback.get('code') ?? '', codeVerifier }
  }

  /** The same request, many times at once, every other one at the other process. */
  function race(request: (grant: Grant) => Promise<TokenAnswer>): Promise<TokenAnswer[]> {
    return Promise.all(Array.from({ length: racers }, (_, index) => request(index % 2 === 0 ? atFirst : atSecond)))
  }

  /** Sends the request and hangs up: resolves when the server has done what was asked, its answer unread. */
  async function refreshWithoutListening(grant: Grant, refreshToken: string): Promise<void> {
    const { hostname, port } = new URL(grant.server.token_endpoint)
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: grant.clientId,
      refresh_token: refreshToken,
    }).toString()
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(
      `POST /token HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    )
    await once(socket, 'data')
    socket.destroy()
  }

  const successes = (answers: readonly TokenAnswer[]) => answers.filter(({ status }) => status === 200)

  it('a code is redeemed once (RFC 6749 §4.1.2)', async () => {
    const { code, codeVerifier } = await newCode()
    const answers = await race((grant) => redeem(grant, code, codeVerifier))
    expect(successes(answers)).toHaveLength(1)
    expect(answers.filter(({ error }) => error === 'invalid_grant')).toHaveLength(racers - 1)
  })

  it('a refresh token has one successor, which every racer gets, and which lives on (RFC 9700 §4.14.2)', async () => {
    const { code, codeVerifier } = await newCode()
    const { tokens } = await redeem(atFirst, code, codeVerifier)
    const answers = await race((grant) => refresh(grant, tokens?.refresh_token ?? ''))
    expect(successes(answers)).toHaveLength(racers)
    const successors = new Set(answers.map((answer) => answer.tokens?.refresh_token))
    expect(successors.size).toBe(1)
    const [successor = ''] = [...successors]
    expect(successor).not.toBe(tokens?.refresh_token)
    // Each racer goes on with what it got, again all at once: all end in one and the same session.
    const next = await race((grant) => refresh(grant, successor))
    expect(successes(next)).toHaveLength(racers)
    expect(new Set(next.map((answer) => answer.tokens?.refresh_token)).size).toBe(1)
  })

  it('a refresh whose answer was lost is repeated at the other process; used again later, it ends the family', async () => {
    const { code, codeVerifier } = await newCode()
    const { tokens } = await redeem(atFirst, code, codeVerifier)
    const value = tokens?.refresh_token ?? ''
    await refreshWithoutListening(atFirst, value)
    const { tokens: again } = await refresh(atSecond, value)
    expect((await refresh(atFirst, again?.refresh_token ?? '')).status).toBe(200)
    const client = newClient({ connectionString: first.settings['DATABASE_URL'] })
    await client.connect()
    // A minute passes, for the database.
    await client.query("UPDATE artifacts SET consumed_at = consumed_at - interval '1 minute'")
    await client.end()
    expect((await refresh(atSecond, value)).error).toBe('invalid_grant')
    expect((await refresh(atFirst, again?.refresh_token ?? '')).error).toBe('invalid_grant')
  })

  it('a device code is redeemed once, and decided about once, wherever (RFC 8628)', async () => {
    const grant_types = [deviceCodeGrant, 'refresh_token']
    const { client_id: clientId } = await register(atFirst.server, { grant_types })
    const device = await startDevice({ ...atFirst, clientId })
    const browser = first.newBrowser()
    const signInPage = pageOf(
      await browser.press(pageOf(await browser.open(device.verification_uri_complete)), 'Continue'),
    )
    await consent(browser, pageOf(await signIn(browser, signInPage, first.account)))
    const answers = await race((grant) => poll({ ...grant, clientId }, device.device_code))
    expect(successes(answers)).toHaveLength(1)
    expect(answers.filter(({ error }) => error === 'invalid_grant')).toHaveLength(racers - 1)
  })

  it('finds the same keys in both processes', async () => {
    const [one, other] = await Promise.all(
      [`${first.issuer}/jwks`, new URL('/jwks', atSecond.server.token_endpoint)].map(async (url) =>
        (await fetch(url)).text(),
      ),
    )
    expect(one).toBe(other)
  })
})

describe('the embedded database', () => {
  it('serves one process: a second one on the same folder is refused with one clear line', async () => {
    const stack = await startStackProcess({ database: 'embedded' })
    try {
      const ports = { AUTH_PORT: String(await freePort()), MCP_PORT: String(await freePort()) }
      const second = startStackProcess({ database: 'embedded', env: { ...stack.settings, ...ports } })
      await expect(second).rejects.toThrow(/in use by another process/)
    } finally {
      await stack.stop()
    }
  })
})
