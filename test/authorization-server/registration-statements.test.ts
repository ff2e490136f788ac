/** What a registration and its management ask of the database, and what is left when something happens as they write. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { outageError } from '../../src/database/outage.js'
import { createInvitation } from '../../src/storage/clients/invitations.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { watchStatements } from '../support/watched-statements.js'
import { type Answer, sendRegistration } from './registration-requests.js'
import { startServer, type TestServer } from './server.js'

const { asked, meanwhile, afterwards, watched } = watchStatements()

const web = { redirect_uris: ['https://client.example/cb'], token_endpoint_auth_method: 'none' }

const commits = {
  registered: 'registration+issue+audit',
  invited: 'registration_invited+issue+audit',
  updated: 'registration_update+issue+audit',
  removed: 'registration_remove+audit',
} as const

type Change = keyof typeof commits

describeOnDatabases('The statements of a registration, on %s', (kind) => {
  let server: TestServer
  /** The same storage, where only who is invited registers. */
  let forInvited: TestServer
  beforeAll(async () => {
    server = await startServer(kind, { database: watched(await openTestDatabase(kind, 'auth')) })
    const registration = { mode: 'token', limitPerAddress: 1_000, limitTotal: 1 } as const
    forInvited = await startServer(kind, { registration, storage: server.storage })
  })
  afterAll(() => Promise.all([server.close(), forInvited.close()]))
  beforeEach(() => {
    asked.length = 0
    for (const events of [meanwhile, afterwards]) events.clear()
  })

  interface Prepared {
    /** Sends the request, any number of times. */
    readonly send: () => Promise<Answer>
    /** Of the client it is about; a registration's is known by its answer. */
    readonly clientId: string | undefined
  }

  const managed = async () => {
    const { body } = await sendRegistration('POST', `${server.issuer}/register`, web)
    const [clientId, url] = [String(body['client_id']), String(body['registration_client_uri'])]
    return { clientId, url, token: String(body['registration_access_token']) }
  }

  const prepare: Readonly<Record<Change, () => Promise<Prepared>>> = {
    registered: async () => ({
      send: () => sendRegistration('POST', `${server.issuer}/register`, web),
      clientId: undefined,
    }),
    invited: async () => {
      const invitation = await createInvitation(server.storage, 60)
      const url = `${forInvited.issuer}/register`
      return { send: () => sendRegistration('POST', url, web, invitation), clientId: undefined }
    },
    updated: async () => {
      const { clientId, url, token } = await managed()
      const update = { ...web, client_id: clientId, client_name: 'Renamed' }
      return { send: () => sendRegistration('PUT', url, update, token), clientId }
    },
    removed: async () => {
      const { clientId, url, token } = await managed()
      return { send: () => sendRegistration('DELETE', url, undefined, token), clientId }
    },
  }

  /** Everything that these requests write, of all clients. */
  const written = async () => {
    const { prisma } = server.storage
    const where = { model: 'RegistrationAccessToken' }
    return {
      clients: (await prisma.client.findMany({ orderBy: { id: 'asc' } })).map(({ id, name }) => `${id} ${name}`),
      tokens: (await prisma.artifact.findMany({ where, orderBy: { idHash: 'asc' } })).map(({ idHash }) => idHash),
      events: (await prisma.auditEvent.findMany({ orderBy: { id: 'asc' } })).map(
        ({ type, clientId }) => `${type} ${clientId}`,
      ),
    }
  }

  const told = (event: string, clientId: unknown) =>
    server.logLines.concat(forInvited.logLines).filter((line) => {
      const { event: type, clientId: id } = JSON.parse(line) as Record<string, unknown>
      return type === event && id === clientId
    }).length

  const expectDone = async (change: Change, { status, body }: Answer, clientId: string | undefined) => {
    const [id, after] = [clientId ?? String(body['client_id']), await written()]
    expect([change, status]).toEqual([change, { registered: 201, invited: 201, updated: 200, removed: 204 }[change]])
    const type = `client.${{ registered: 'registered', invited: 'registered', updated: 'changed', removed: 'removed' }[change]}`
    expect(after.events.filter((event) => event === `${type} ${id}`)).toHaveLength(1)
    expect(told(type, id)).toBe(1)
    const name = change === 'updated' ? 'Renamed' : null
    expect(after.clients.filter((client) => client.startsWith(id))).toEqual(
      change === 'removed' ? [] : [`${id} ${name}`],
    )
    if (change === 'removed') return
    const [url, token] = [String(body['registration_client_uri']), String(body['registration_access_token'])]
    expect((await sendRegistration('GET', url, undefined, token)).status).toBe(200)
  }

  const changes = Object.keys(commits) as Change[]

  it.each([
    ['registered', []],
    ['invited', ['artifact_find', 'rate_limits_take_1']],
    ['updated', ['artifact_find', 'client_find']],
    ['removed', ['artifact_find', 'client_find']],
  ] as const)('write once when a client is %s: the client, its token and the event', async (change, before) => {
    const { send, clientId } = await prepare[change]()
    asked.length = 0
    const answer = await send()
    expect(asked).toEqual([...before, commits[change]])
    await expectDone(change, answer, clientId)
  })

  it.each(changes)(
    'leave nothing when the database is away as a client is %s: the same again goes on',
    async (change) => {
      const { send, clientId } = await prepare[change]()
      const before = await written()
      meanwhile.set(commits[change], () => Promise.reject(outageError(new Error('away'))))
      const refused = await send()
      expect([refused.status, refused.body['error']]).toEqual([503, 'temporarily_unavailable'])
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await written()).toEqual(before)
      await expectDone(change, await send(), clientId)
    },
  )

  it.each(changes)(
    'are answered all the same when the answer to the commit is lost as a client is %s',
    async (change) => {
      const { send, clientId } = await prepare[change]()
      afterwards.set(commits[change], () =>
        Promise.reject(outageError(new Error('Connection terminated unexpectedly'))),
      )
      await expectDone(change, await send(), clientId)
      expect(afterwards.size).toBe(0)
    },
  )

  it.each(['updated', 'removed'] as const)('are refused when the client goes before it is %s', async (change) => {
    const { send, clientId = '' } = await prepare[change]()
    meanwhile.set(commits[change], () => server.clients.remove(clientId))
    const { status, headers, body } = await send()
    expect([status, body['error']]).toEqual([401, 'invalid_token'])
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="[^"]+", error="invalid_token"/)
    const { clients, events } = await written()
    expect(clients.filter((client) => client.startsWith(clientId))).toEqual([])
    expect(events.filter((event) => event.endsWith(clientId))).toEqual([`client.registered ${clientId}`])
  })
})
