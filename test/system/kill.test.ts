/**
 * kill -9 at any point: whatever was acknowledged still holds afterwards. A recorder writes down every acknowledged fact while
 * it happens; after the fault each one is checked. Time and rounds are bounded.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { z } from 'zod'
import { describeOnDatabases, describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { type Grant, newGrant, obtainTokens, refresh } from '../support/oauth-client.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

const registrationSchema = z.looseObject({ registration_client_uri: z.string(), registration_access_token: z.string() })

interface Facts {
  /** Management URLs and tokens of registered clients (RFC 7592). */
  readonly clients: { readonly url: string; readonly token: string }[]
  refreshToken: string
  refreshes: number
}

async function registerOnce(grant: Grant, facts: Facts): Promise<void> {
  const response = await fetch(grant.server.registration_endpoint ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [grant.redirectUri], token_endpoint_auth_method: 'none' }),
  })
  if (response.status !== 201) return
  const body = registrationSchema.parse(await response.json())
  facts.clients.push({ url: body.registration_client_uri, token: body.registration_access_token })
}

async function refreshOnce(grant: Grant, facts: Facts): Promise<void> {
  const { tokens } = await refresh(grant, facts.refreshToken)
  if (tokens?.refresh_token === undefined) return
  facts.refreshToken = tokens.refresh_token
  facts.refreshes += 1
}

/** Registers and refreshes as fast as it goes until `strike` is over; failures after the fault are what it expects. */
async function keepBusyUntil(grant: Grant, facts: Facts, strike: () => Promise<void>): Promise<void> {
  let struck = false
  const loop = async (step: (grant: Grant, facts: Facts) => Promise<void>) => {
    while (!struck) await step(grant, facts).catch(() => sleep(5))
  }
  const loops = [loop(registerOnce), loop(refreshOnce)]
  const before = { clients: facts.clients.length, refreshes: facts.refreshes }
  const enough = () => facts.clients.length >= before.clients + 5 && facts.refreshes >= before.refreshes + 5
  await eventually(enough)
  await strike()
  struck = true
  await Promise.all(loops)
}

async function lostClients({ clients }: Facts): Promise<number> {
  const statuses = await Promise.all(
    clients.map(async ({ url, token }) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status),
  )
  return statuses.filter((status) => status !== 200).length
}

async function newFacts(stack: StackProcess): Promise<{ grant: Grant; facts: Facts }> {
  const grant = await newGrant(stack)
  const tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account })
  return { grant, facts: { clients: [], refreshToken: tokens.refresh_token ?? '', refreshes: 0 } }
}

/** The chain goes on from the last token whose receipt was acknowledged. */
async function expectNothingLost(grant: Grant, facts: Facts): Promise<void> {
  expect(facts.clients.length).toBeGreaterThan(0)
  expect(facts.refreshes).toBeGreaterThan(0)
  expect(await lostClients(facts)).toBe(0)
  const answer = await refresh(grant, facts.refreshToken)
  expect(answer.status).toBe(200)
  facts.refreshToken = answer.tokens?.refresh_token ?? ''
}

describeOnDatabases('kill -9 of the server (%s)', (database) => {
  let stack: StackProcess

  beforeAll(async () => {
    stack = await startStackProcess({ database, only: 'auth', env: { LOG_LEVEL: 'warn' } })
  })

  afterAll(async () => {
    await stack.stop()
  })

  it('loses no acknowledged registration and no acknowledged refresh, twice', async () => {
    const { grant, facts } = await newFacts(stack)
    for (let round = 0; round < 2; round += 1) {
      await keepBusyUntil(grant, facts, () => stack.kill9())
      await stack.restart()
      await expectNothingLost(grant, facts)
    }
  })
})

describeOnPostgres('kill -9 of PostgreSQL', () => {
  let postgres: Postgres
  let stack: StackProcess

  beforeAll(async () => {
    postgres = await startPostgres()
    const env = {
      DATABASE_URL: await postgres.url('auth'),
      NOTES_DATABASE_URL: await postgres.url('notes'),
      LOG_LEVEL: 'silent',
    }
    stack = await startStackProcess({ database: 'postgresql', only: 'auth', env })
  })

  afterAll(async () => {
    await stack.stop()
    await postgres.stop()
  })

  async function readyStatus(): Promise<number> {
    return (await fetch(`${stack.issuer}/health/ready`)).status
  }

  it('loses nothing acknowledged; readiness tells the truth, and service returns by itself', async () => {
    const { grant, facts } = await newFacts(stack)
    await keepBusyUntil(grant, facts, () => postgres.kill9())
    expect(await readyStatus()).toBe(503)
    await postgres.restart()
    await eventually(async () => (await readyStatus()) === 200)
    await expectNothingLost(grant, facts)
  })
})
