/** Without a setting nothing is watched: every part gets exactly what it had, so no request pays. */
import { expect, it } from '@jest/globals'
import { observedAuthorizationServer } from '../../src/authorization-server/request-counts.js'
import { systemClock } from '../../src/base/clock.js'
import { parseConfig } from '../../src/config/config.js'
import { openObservability } from '../../src/program/observability.js'
import { openServerDatabase } from '../support/opened.js'

it('without METRICS_PORT and an endpoint for traces nothing is wrapped', async () => {
  const config = parseConfig({}, () => '')
  const watch = await openObservability({ config, clock: systemClock, tracing: undefined })
  // Connects on first use, which never comes.
  const database = openServerDatabase({
    url: 'postgresql://127.0.0.1:1/none',
    poolSize: 4,
    onIdleError: () => undefined,
  })
  const hasher = { hash: async () => '', verify: async () => false, needsRehash: () => false }
  const send = async () => new Response()
  const sweep = async () => 0
  expect(watch.requests(observedAuthorizationServer)).toBeUndefined()
  expect(watch.auditObserver).toBeUndefined()
  expect(watch.database('auth', database)).toBe(database)
  expect(watch.hasher(hasher)).toBe(hasher)
  expect(watch.clientFetch(send)).toBe(send)
  expect(watch.operatorFetch(send)).toBe(send)
  expect(watch.sweep('auth', sweep)).toBe(sweep)
  await watch.close()
  await database.close()
})
