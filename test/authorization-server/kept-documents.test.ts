/** The cache of clients' documents by itself: what HTTP cannot show, floods and two processes that share a table. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from '@jest/globals'
import {
  type DocumentPolicy,
  DocumentUnavailable,
  KeptDocuments,
} from '../../src/authorization-server/clients/kept-documents.js'
import { createLogger } from '../../src/base/log.js'
import { UntrustedFetchBusyError } from '../../src/outbound/untrusted-fetch-error.js'
import type { ClientDocument, ClientDocumentStore } from '../../src/storage/clients/client-documents.js'

const url = 'https://client.example/client.json'

const policy: DocumentPolicy<string> = {
  kind: 'metadata',
  maxBytes: 100,
  freshness: { minSeconds: 60, maxSeconds: 3_600, defaultSeconds: 300 },
  usableSeconds: 86_400,
  staleSeconds: 3_600,
  parse: (_url, body) => body,
}

function newStore(): ClientDocumentStore & { broken: boolean } {
  const rows = new Map<string, ClientDocument>()
  const store = {
    broken: false,
    find: async (_kind: string, at: string) => {
      if (store.broken) throw new Error('the database is away')
      return rows.get(at)
    },
    save: async (_kind: string, document: ClientDocument, isNew: boolean) => {
      if (isNew || rows.has(document.url)) rows.set(document.url, document)
      return rows.has(document.url)
    },
  }
  return store
}

function answer(body: string): Response {
  return new Response(body, { headers: { 'content-type': 'application/json' } })
}

/** One process: its own memory, a clock and a network that the test holds. */
function newProcess(store = newStore()) {
  const network = { fetches: 0, reply: async (): Promise<Response> => answer('"one"') }
  const from: { asker: string | undefined } = { asker: undefined }
  let now = Date.parse('2026-11-21T12:00:00Z')
  const documents = new KeptDocuments(policy, {
    store,
    untrustedFetch: () => {
      network.fetches += 1
      return network.reply()
    },
    clock: { now: () => new Date(now) },
    log: createLogger('silent'),
    failureMs: 0,
    maxEntries: 10,
    changed: () => undefined,
    asker: () => from.asker,
  })
  const read = async (at = url) => (await documents.read(at, { mayBeStale: false })).value
  const advance = (seconds: number): void => {
    now += seconds * 1_000
  }
  return { documents, network, store, read, advance, from }
}

describe('The cache of documents', () => {
  it('lets one asker wait for a dozen only, so that others find room, and takes the copy at hand rather than turn it away', async () => {
    const { network, read, advance, from } = newProcess()
    from.asker = 'a stranger'
    expect(await read()).toBe('"one"')
    advance(3_600)
    const hanging: (() => void)[] = []
    network.reply = () => new Promise((resolve) => hanging.push(() => resolve(answer('"late"'))))
    const waiting = Array.from({ length: 12 }, (_, index) => read(`${url}?${index}`))
    await expect(read(`${url}?one-too-many`)).rejects.toThrow(/too many .* of one address/)
    expect(await read()).toBe('"one"')
    from.asker = 'somebody else'
    waiting.push(read(`${url}?somebody-else`))
    while (network.fetches < 14) await new Promise((resolve) => setTimeout(resolve, 1))
    for (const finish of hanging) finish()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['"late"']))
    // And the room is free again.
    network.reply = async () => answer('"one"')
    from.asker = 'a stranger'
    expect(await read(`${url}?one-too-many`)).toBe('"one"')
  })

  it('lets no more than a hundred wait, and turns the others away at once', async () => {
    const { network, read } = newProcess()
    const hanging: (() => void)[] = []
    network.reply = () => new Promise((resolve) => hanging.push(() => resolve(answer('"late"'))))
    const waiting = Array.from({ length: 100 }, (_, index) => read(`${url}?${index}`))
    while (network.fetches < 100) await new Promise((resolve) => setTimeout(resolve, 1))
    await expect(read(`${url}?one-too-many`)).rejects.toThrow(/too many/)
    // Who waits for the same one is no further burden.
    const same = read(`${url}?0`)
    await new Promise((resolve) => setTimeout(resolve, 1))
    for (const finish of hanging) finish()
    expect(new Set(await Promise.all([...waiting, same]))).toEqual(new Set(['"late"']))
    expect(network.fetches).toBe(100)
    // And the room is free again.
    network.reply = async () => answer('"one"')
    expect(await read(`${url}?one-too-many`)).toBe('"one"')
  })

  it('does not hold against a host that we were busy', async () => {
    const { network, read } = newProcess()
    network.reply = () => Promise.reject(new UntrustedFetchBusyError('too many fetches are running'))
    await expect(read()).rejects.toBeInstanceOf(DocumentUnavailable)
    network.reply = async () => answer('"one"')
    expect(await read()).toBe('"one"')
  })

  it('forgets the least used, and does not grow', async () => {
    const { network, read } = newProcess()
    for (let index = 0; index < 12; index += 1) await read(`${url}?${index}`)
    await read(`${url}?11`)
    expect(network.fetches).toBe(12)
    await read(`${url}?0`)
    expect(network.fetches).toBe(13)
  })

  it('takes what another process fetched meanwhile', async () => {
    const one = newProcess()
    const other = newProcess(one.store)
    await one.read()
    await one.documents.keep(url)
    expect(await other.read()).toBe('"one"')
    expect(other.network.fetches).toBe(0)
    one.advance(301)
    other.advance(301)
    one.network.reply = async () => answer('"two"')
    expect(await one.read()).toBe('"two"')
    expect(await other.read()).toBe('"two"')
    expect([one.network.fetches, other.network.fetches]).toEqual([2, 0])
  })

  it('reports a fault of the database as one, not as a client that is not there', async () => {
    const { store, read } = newProcess()
    store.broken = true
    await expect(read()).rejects.toThrow('the database is away')
    store.broken = false
    expect(await read()).toBe('"one"')
  })

  it('is asked again by whoever joined somebody that had no place left', async () => {
    const { network, read, from } = newProcess()
    const asking = new AsyncLocalStorage<string>()
    Object.defineProperty(from, 'asker', { get: () => asking.getStore() })
    const readAs = (who: string, at?: string) => asking.run(who, () => read(at))
    const hanging: (() => void)[] = []
    network.reply = () => new Promise((resolve) => hanging.push(() => resolve(answer('"late"'))))
    const waiting = Array.from({ length: 12 }, (_, index) => readAs('a stranger', `${url}?${index}`))
    while (network.fetches < 12) await new Promise((resolve) => setTimeout(resolve, 1))
    network.reply = async () => answer('"one"')
    const [refused, joined] = await Promise.allSettled([readAs('a stranger'), readAs('somebody else')])
    expect(refused).toMatchObject({ status: 'rejected' })
    expect(joined).toEqual({ status: 'fulfilled', value: '"one"' })
    for (const finish of hanging) finish()
    await Promise.all(waiting)
  })
})
