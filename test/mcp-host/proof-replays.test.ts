import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Database } from '../../src/database/database.js'
import { sweepExpiredRows } from '../../src/mcp-host/expired-rows.js'
import { createProofReplayStore } from '../../src/mcp-host/proof-replays.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'

describeOnDatabases('used proofs, on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openTestDatabase(kind, 'notes')
  })
  afterAll(() => database.close())

  const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000)

  it('are remembered once, however many replicas ask at once', async () => {
    const replicas = [createProofReplayStore(database.sql), createProofReplayStore(database.sql)]
    const asked = Array.from({ length: 20 }, (_, index) => replicas[index % 2]?.rememberOnce('key\njti', at(300)))
    expect((await Promise.all(asked)).filter((isNew) => isNew)).toHaveLength(1)
    expect(await replicas[0]?.rememberOnce('key\nother', at(300))).toBe(true)
  })

  it('are swept a minute after their end, in batches, and not before', async () => {
    const store = createProofReplayStore(database.sql)
    // Fewer at once than may wait for the database.
    for (const half of ['first', 'second']) {
      await Promise.all(Array.from({ length: 255 }, (_, index) => store.rememberOnce(`${half} ${index}`, at(0))))
    }
    expect(await sweepExpiredRows(database.sql, { now: () => at(59) })).toBe(0)
    expect(await sweepExpiredRows(database.sql, { now: () => at(61) })).toBe(510)
    expect(await store.rememberOnce('key\njti', at(300))).toBe(false)
  })
})
