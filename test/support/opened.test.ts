import { createServer } from 'node:http'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { openTestDatabase } from './databases.js'
import { listenOn } from './opened.js'

const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port}/`).then(
    ({ ok }) => ok,
    () => false,
  )

describe('What tests open', () => {
  const open = async () => listenOn(createServer((_request, response) => response.end('here')))
  let shared: number
  let own: number
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    shared = await open()
  })

  it('in a test, and never close,', async () => {
    own = await open()
    database = await openTestDatabase('embedded', 'notes')
    await database.ping()
    expect([await answers(own), await answers(shared)]).toEqual([true, true])
  })

  it('is closed when that test has ended; what the file opened is not', async () => {
    expect([await answers(own), await answers(shared)]).toEqual([false, true])
    await expect(database.ping()).rejects.toThrow()
  })
})
