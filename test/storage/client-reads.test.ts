import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createAdapter } from '../../src/storage/adapter.js'
import { createClientStore } from '../../src/storage/clients/clients.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { openTestStorage, type TestStorage } from './test-storage.js'

describeOnDatabases('Clients that were read before, on %s', (kind) => {
  let given: TestStorage
  beforeAll(async () => {
    given = await openTestStorage(kind)
  })
  afterAll(() => given.close())

  const metadata = (name: string) => ({
    client_id: 'c',
    client_name: name,
    client_secret: `of ${name}`,
    redirect_uris: ['https://client.example/cb'],
  })

  it('are the same object while nothing changed, and new in every process as soon as something did', async () => {
    // Each factory knows what it has read itself, as two processes do.
    const [here, there] = [1, 2].map(() => createAdapter(given.storage, 'Client'))
    const elsewhere = createClientStore(given.storage)
    await elsewhere.save('c', metadata('First'), 'static')
    const first = await here?.find('c')
    expect(first).toMatchObject({ client_name: 'First', client_secret: 'of First', made_by_operator: true })
    expect(await here?.find('c')).toBe(first)
    expect(await there?.find('c')).toEqual(first)

    await elsewhere.save('c', metadata('Second'), 'static')
    for (const adapter of [here, there]) {
      expect(await adapter?.find('c')).toMatchObject({ client_name: 'Second', client_secret: 'of Second' })
    }
    await elsewhere.remove('c')
    expect(await Promise.all([here?.find('c'), there?.find('c')])).toEqual([undefined, undefined])

    await elsewhere.save('c', metadata('First'), 'static')
    expect(await here?.find('c')).toEqual(first)
  })
})
