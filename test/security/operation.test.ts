import { afterAll, beforeAll, describe } from '@jest/globals'
import { migrateStorage } from '../../src/storage/storage.js'
import { startServer } from '../authorization-server/server.js'
import { createDatabase, preferredDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { newGrant } from '../support/oauth-client.js'
import { newClient, openServerDatabase } from '../support/opened.js'
import { startRelay } from '../support/relay.js'
import { startStack } from '../support/stack.js'
import { attackTable } from './attack.js'
import { type OperationWorld, attacks as onOperation } from './operation-attacks.js'
import { type OutageWorld, attacks as onOutages } from './outage-attacks.js'

describe('A stack', () => {
  let world: OperationWorld
  beforeAll(async () => {
    const kind = preferredDatabase()
    const stack = await startStack({ database: kind })
    world = {
      kind,
      stack,
      secrets: new Set([stack.account.password]),
      get logLines() {
        return world.stack.logLines
      },
    }
  }, 180_000)
  afterAll(() => world.stack.close())

  attackTable('J', 'stopping and starting', onOperation, () => world)
})

// The embedded database is in this process: nothing comes between.
describeOnPostgres('A server and its PostgreSQL', () => {
  let world: OutageWorld
  const closers: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    const url = new URL(await createDatabase())
    const administrator = newClient({ connectionString: url.href })
    await administrator.connect()
    const relay = await startRelay(Number(url.port))
    url.port = String(relay.port)
    const database = openServerDatabase({ url: url.href, poolSize: 5, onIdleError: () => undefined })
    await migrateStorage(database)
    const server = await startServer('postgresql', { database })
    closers.push(
      () => administrator.end(),
      () => server.close(),
      () => relay.close(),
    )
    world = {
      server,
      relay,
      administrator,
      grant: await newGrant(server),
      secrets: new Set([server.account.password]),
      // Each outage is written down as one: that is no failure of ours.
      get logLines() {
        return server.logLines.filter((line) => !line.includes('"code":"temporarily_unavailable"'))
      },
    }
  }, 180_000)
  afterAll(async () => {
    world.relay.restore()
    for (const close of closers) await close()
  })

  attackTable('J', 'a database in trouble', onOutages, () => world)
})
