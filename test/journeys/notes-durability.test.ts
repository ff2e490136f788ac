/**
 * The whole stack after kill -9, seen from a client: notes whose writing was acknowledged are there, its access token still opens
 * them (so the keys are the same), and the person can sign in again. test/system/kill.test.ts does the same to tokens and clients.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { z } from 'zod'
import { describeOnDatabases, describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { callTool, structured } from '../support/mcp-request.js'
import { newGrant, obtainTokens } from '../support/oauth-client.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

const noteSchema = z.looseObject({ id: z.string() })

/** Two writers create notes until `strike` is over. Resolves to the ids of those that were acknowledged, at least `count`. */
async function writeUntil(
  resource: string,
  token: string,
  count: number,
  strike: () => Promise<void>,
): Promise<string[]> {
  const ids: string[] = []
  let struck = false
  const write = async () => {
    while (!struck) {
      try {
        const answer = await callTool(resource, token, 'create_note', { title: 'Kept', body: 'b' })
        ids.push(noteSchema.parse(structured(answer)).id)
      } catch (error) {
        if (!struck) throw error
      }
    }
  }
  const writing = Promise.all([write(), write()])
  const enough = async () => {
    while (ids.length < count) await sleep(5)
  }
  await Promise.race([enough(), writing])
  struck = true
  await strike()
  await writing
  return ids
}

async function readAll(resource: string, token: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) structured(await callTool(resource, token, 'read_note', { id }))
}

describeOnDatabases('kill -9 of the whole stack (%s)', (database) => {
  let stack: StackProcess
  beforeAll(async () => {
    stack = await startStackProcess({ database, env: { LOG_LEVEL: 'warn' } })
  })
  afterAll(() => stack.stop())

  it('keeps every acknowledged note, the keys and the account, over two deaths', async () => {
    const grant = await newGrant(stack)
    const tokens = await obtainTokens(grant, stack.newBrowser(), stack, 'notes:read notes:write')
    for (const count of [3, 20]) {
      const ids = await writeUntil(stack.resource, tokens.access_token, count, () => stack.kill9())
      await stack.restart()
      await readAll(stack.resource, tokens.access_token, ids)
    }
    await obtainTokens(grant, stack.newBrowser(), stack, 'notes:read')
  })
})

describeOnPostgres('kill -9 of PostgreSQL under the whole stack', () => {
  let postgres: Postgres
  let stack: StackProcess
  beforeAll(async () => {
    postgres = await startPostgres()
    const [auth, notes] = [await postgres.url('auth'), await postgres.url('notes')]
    const env = { DATABASE_URL: auth, NOTES_DATABASE_URL: notes, LOG_LEVEL: 'silent' }
    stack = await startStackProcess({ database: 'postgresql', env })
  })
  afterAll(async () => {
    await stack.stop()
    await postgres.stop()
  })

  it('keeps every acknowledged note; the MCP server says it is not ready and recovers by itself', async () => {
    const origin = new URL(stack.resource).origin
    const tokens = await obtainTokens(await newGrant(stack), stack.newBrowser(), stack, 'notes:read notes:write')
    const ids = await writeUntil(stack.resource, tokens.access_token, 10, () => postgres.kill9())
    expect((await fetch(`${origin}/health/live`)).status).toBe(200)
    expect((await fetch(`${origin}/health/ready`)).status).toBe(503)
    await postgres.restart()
    await eventually(async () => (await fetch(`${origin}/health/ready`)).ok)
    await readAll(stack.resource, tokens.access_token, ids)
  })
})
