import { expect, it } from '@jest/globals'
import { describeOnDatabases } from '../support/describe-with.js'
import { percentile, runRevocations } from '../support/revocation-run.js'
import { startStack } from '../support/stack.js'

describeOnDatabases('A revocation, on %s', (database) => {
  it('is felt at two resource servers within two seconds, over a restart of the authorization server', async () => {
    const { milliseconds } = await runRevocations({
      count: 100,
      start: (only, env) => startStack({ database, env, overrides: { only } }),
    })
    expect(milliseconds).toHaveLength(200)
    expect(percentile(milliseconds, 99)).toBeLessThan(2_000)
  })
})
