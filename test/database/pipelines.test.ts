import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { createPipelines, type Pipelines } from '../../src/database/pipelines.js'
import { plainly, type SendStatement } from '../../src/database/prepared-query.js'
import type { Statement } from '../../src/database/sql.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'

const echo: Statement = { name: 'echo', lane: 'read', text: 'SELECT $1::int AS value' }
const backend: Statement = { name: 'backend', lane: 'read', text: 'SELECT pg_backend_pid() AS pid' }
const cut: Statement = { name: 'cut', lane: 'read', text: 'SELECT pg_terminate_backend($1::int)' }
const slow: Statement = { name: 'slow', lane: 'read', text: 'SELECT pg_sleep($1::float), 5 AS five' }
const fails: Statement = { name: 'fails', lane: 'read', text: 'SELECT 1 / $1::int' }

const ways = { 'by the short way': undefined, 'by what pg documents': plainly }

for (const [way, send] of Object.entries(ways)) describeOnPostgres(`Pipelines, ${way}`, () => pipelinesBy(send))

function pipelinesBy(send: SendStatement | undefined): void {
  const by = send === undefined ? {} : { send }
  let pipelines: Pipelines
  let url: string
  let lost: Error[]

  beforeEach(async () => {
    url = await createDatabase('pipelines')
    lost = []
    pipelines = createPipelines({
      ...by,
      connection: { connectionString: url },
      size: 2,
      mostWaiting: 1_000,
      onError: (error) => lost.push(error),
    })
  })
  afterEach(() => pipelines.end())

  const pidsOf = async (count: number) => {
    const asked = Array.from({ length: count }, () => pipelines.query(backend, []))
    return (await Promise.all(asked)).map(({ rows }) => Number(rows[0]?.['pid']))
  }

  it('answers each of many statements at once with its own rows, over no more connections than allowed', async () => {
    const asked = Array.from({ length: 200 }, (_, index) => pipelines.query(echo, [index]))
    const values = (await Promise.all(asked)).map(({ rows }) => rows[0]?.['value'])
    expect(values).toEqual(Array.from({ length: 200 }, (_, index) => index))
    expect(new Set(await pidsOf(50)).size).toBe(2)
  })

  it('opens no second connection for one statement after the other', async () => {
    const pids = new Set<number>()
    for (let asked = 0; asked < 5; asked += 1) for (const pid of await pidsOf(1)) pids.add(pid)
    expect(pids.size).toBe(1)
  })

  it('lets a statement that fails fail alone', async () => {
    const asked = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? pipelines.query(fails, [0]) : pipelines.query(echo, [index]),
    )
    const outcomes = await Promise.allSettled(asked)
    expect(outcomes.map(({ status }) => status)).toEqual(
      outcomes.map((_, index) => (index % 2 === 0 ? 'rejected' : 'fulfilled')),
    )
  })

  it('goes on over new connections after the old ones were cut, and says so', async () => {
    const [pid] = await pidsOf(1)
    await Promise.allSettled([pipelines.query(cut, [pid]), pipelines.query(slow, [0.05])])
    // The server says goodbye on the connection a moment after it answered.
    for (let tries = 0; tries < 100 && lost.length === 0; tries += 1)
      await pipelines.query(echo, [tries]).catch(() => undefined)
    expect(lost.length).toBeGreaterThan(0)
    expect((await pipelines.query(echo, [7])).rows).toEqual([{ value: 7 }])
    expect(await pidsOf(1)).not.toEqual([pid])
  })

  it('refuses at once what would be one too many waiting, as an outage, and nothing else', async () => {
    const bounded = createPipelines({
      ...by,
      connection: { connectionString: url },
      size: 1,
      mostWaiting: 3,
      onError: () => undefined,
    })
    const asked = Array.from({ length: 5 }, (_, index) => bounded.query(echo, [index]))
    const outcomes = await Promise.allSettled(asked)
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(3).fill('fulfilled'), 'rejected', 'rejected'])
    expect(outcomes[4]).toMatchObject({ reason: { code: 'temporarily_unavailable', status: 503 } })
    expect((await bounded.query(echo, [6])).rows).toEqual([{ value: 6 }])
    await bounded.end()
  })

  it('keeps the connection of statements that were answered in time', async () => {
    const limitMs = 1_500
    const limited = createPipelines({
      ...by,
      connection: { connectionString: url, query_timeout: limitMs },
      size: 1,
      mostWaiting: 10,
      onError: () => undefined,
    })
    const { rows } = await limited.query(backend, [])
    await new Promise((resolve) => setTimeout(resolve, limitMs + 100))
    expect((await limited.query(backend, [])).rows).toEqual(rows)
    await limited.end()
  })

  it('lets statements under way end before it closes', async () => {
    const underWay = pipelines.query(slow, [0.1])
    await pipelines.query(echo, [1])
    await Promise.all([pipelines.end(), expect(underWay).resolves.toMatchObject({ rows: [{ five: 5 }] })])
  })

  it('rejects while the server cannot be reached, and asks again next time', async () => {
    const connection = { connectionString: 'postgresql://postgres@127.0.0.1:1/none' }
    const unreachable = createPipelines({ ...by, connection, size: 1, mostWaiting: 10, onError: () => undefined })
    await expect(unreachable.query(echo, [1])).rejects.toThrow('ECONNREFUSED')
    await expect(unreachable.query(echo, [1])).rejects.toThrow('ECONNREFUSED')
    await unreachable.end()
  })
}
