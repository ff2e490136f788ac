/** Two replicas on one database, each with a copy of the declaration file of its own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it, jest } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { createMigratedDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'
import { health, knows, resourcesNamed, webClient } from './declared-names.js'

jest.setTimeout(300_000)

describeOnPostgres('Two replicas that follow their copies of a declaration file', () => {
  let replicas: readonly Stack[]
  let files: readonly string[]
  const write = (copy: number, ...names: readonly string[]) =>
    writeFileSync(files[copy] ?? '', resourcesNamed(...names) + webClient)
  const known = async (name: string) => Promise.all(replicas.map((replica) => knows(replica, name)))
  const both = async (name: string) => (await known(name)).every(Boolean)
  const neither = async (name: string) => !(await known(name)).some(Boolean)

  beforeAll(async () => {
    const folder = temporaryFolder('replicas')
    files = ['one.yaml', 'two.yaml'].map((name) => join(folder, name))
    const shared = {
      RESOURCE_URL: '',
      ENCRYPTION_KEY: randomSecret(),
      DATABASE_URL: await createMigratedDatabase('auth'),
      NOTES_DATABASE_URL: await createMigratedDatabase('notes'),
    }
    const start = async (copy: number) => {
      write(copy, 'one')
      const env = { ...shared, GATEHOUSE_FILE: files[copy] ?? '', MCP_PORT: String(await freePort()) }
      return startStack({ database: 'postgresql', env })
    }
    replicas = [await start(0), await start(1)]
  })

  it('serve a resource that was added at one of them, also while the other has the former copy', async () => {
    expect([await both('one'), await neither('two')]).toEqual([true, true])
    write(0, 'one', 'two')
    await eventually(() => both('two'))
    // Longer than each looks at its file, and asks what was applied.
    await sleep(1_500)
    expect(await both('two')).toBe(true)
    write(1, 'one', 'two')
    await sleep(1_500)
    expect(await known('two')).toEqual([true, true])
  })

  it('go on with what was in force when a copy is broken, and only its own replica warns', async () => {
    writeFileSync(files[1] ?? '', 'resources: [')
    await eventually(async () => 'warnings' in (await health(replicas[1] ?? { issuer: '' })))
    expect(await health(replicas[0] ?? { issuer: '' })).toEqual({ status: 'ready' })
    expect([await both('one'), await both('two')]).toEqual([true, true])
  })

  it('refuse a resource that was removed at one of them, and take up the mended copy', async () => {
    write(0, 'one')
    await eventually(() => neither('two'))
    write(1, 'one', 'three')
    await eventually(async () => !('warnings' in (await health(replicas[1] ?? { issuer: '' }))))
    await eventually(() => both('three'))
  })
})
