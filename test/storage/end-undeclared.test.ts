import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { createSecretBox, hashSecret, randomSecret } from '../../src/base/secrets.js'
import { endAccessOutside } from '../../src/storage/grants/end-undeclared.js'
import { createRevocations, type Revocations, standingOf } from '../../src/storage/revocations/revocations.js'
import { createStorage, type Storage } from '../../src/storage/storage.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'

const notes = 'https://mcp.example.com/mcp'
const tickets = 'https://tickets.example.com/mcp'
const now = new Date()

describeOnDatabases('The end of resources that are no longer declared, on %s', (kind) => {
  let storage: Storage
  let revocations: Revocations
  beforeAll(async () => {
    storage = createStorage({
      database: await openTestDatabase(kind, 'auth'),
      secretBox: createSecretBox(randomSecret()),
      clock: { now: () => new Date() },
      refreshGraceSeconds: 20,
    })
    revocations = createRevocations(storage)
    await storage.prisma.account.create({ data: { id: 'ada', email: 'a@example.com', updatedAt: now } })
  })
  afterAll(() => storage.close())
  beforeEach(async () => {
    const { prisma } = storage
    await prisma.grant.deleteMany()
    await prisma.artifact.deleteMany()
    await prisma.consent.deleteMany()
    await prisma.client.deleteMany()
    await prisma.revocation.deleteMany()
  })

  const addGrant = async (id: string, ...resources: string[]) => {
    const scopes = Object.fromEntries(resources.map((each) => [each, 'read']))
    const payload = { openid: { scope: 'openid' }, resources: scopes }
    const expiresAt = new Date(Date.now() + 3_600_000)
    await storage.prisma.grant.create({ data: { id, accountId: 'ada', clientId: 'app', payload, expiresAt } })
  }
  const addToken = (model: string, idHash: string, aud: string, grantId: string | null = null) =>
    storage.prisma.artifact.create({ data: { model, idHash, grantId, payload: { aud } } })
  const addClient = (id: string, ...grants: string[]) =>
    storage.prisma.client.create({ data: { id, origin: 'static', payload: { grant_types: grants }, updatedAt: now } })
  const end = (removed: readonly string[], ...declared: readonly string[]) =>
    storage.prisma.$transaction((tx) => endAccessOutside(tx, (resource) => declared.includes(resource), removed))
  const kept = async () => {
    const { prisma } = storage
    const grants = await prisma.grant.findMany({ orderBy: { id: 'asc' } })
    const artifacts = await prisma.artifact.findMany({ orderBy: { idHash: 'asc' } })
    const consents = await prisma.consent.findMany({ orderBy: { resource: 'asc' } })
    return {
      grants: grants.map(({ id, payload }) => [id, payload]),
      artifacts: artifacts.map(({ idHash }) => idHash),
      consents: consents.map(({ resource }) => resource),
    }
  }
  const toldTo = async (...audience: readonly string[]) =>
    (await revocations.read(audience)).revocations.map(({ kind: of, id }) => `${of} ${id}`).sort()
  const fact = (of: string, id: string) => `${of} ${hashSecret(id)}`

  it('ends grants for them alone, and takes them out of the others, with what was issued', async () => {
    await addGrant('both', notes, tickets)
    await addGrant('notes', notes)
    await addGrant('tickets', tickets)
    await addGrant('sign-in')
    await addToken('AccessToken', 'at of both for notes', notes, 'both')
    await addToken('AccessToken', 'at of both for tickets', tickets, 'both')
    await addToken('RefreshToken', 'rt of both', notes, 'both')
    await addToken('RefreshToken', 'rt of tickets', tickets, 'tickets')
    // The person ticked nothing of the resource that the client asked for.
    await addGrant('nothing ticked')
    const ofSignIn = { model: 'RefreshToken', idHash: 'rt of nothing ticked', grantId: 'nothing ticked' }
    await storage.prisma.artifact.create({ data: { ...ofSignIn, payload: { resource: tickets } } })
    const consent = { accountId: 'ada', clientId: 'app', scopes: ['read'], fingerprint: 'x' }
    await storage.prisma.consent.createMany({
      data: [notes, tickets, ''].map((resource) => ({ ...consent, resource })),
    })

    expect(await end([tickets], notes)).toEqual({ resources: [tickets], grants: 2, narrowed: 1, machineTokens: 0 })
    const openid = { scope: 'openid' }
    const ofNotes = { [notes]: 'read' }
    expect(await kept()).toEqual({
      grants: [
        ['both', { openid, resources: ofNotes, rejected: { resources: { [tickets]: 'read' } } }],
        ['notes', { openid, resources: ofNotes }],
        ['sign-in', { openid, resources: {} }],
      ],
      artifacts: ['at of both for notes', 'rt of both'],
      consents: ['', notes],
    })
    // A grant that names no resource may have tokens for any.
    const unnamed = fact('grant', 'nothing ticked')
    expect(await toldTo(tickets)).toEqual([fact('grant', 'both'), fact('grant', 'tickets'), unnamed].sort())
    expect(await toldTo(notes)).toEqual([unnamed])
    const parties = { tokenId: 'x', clientId: 'app', accountId: 'ada', keyId: 'k', issuedAt: 1 }
    const token = { ...parties, grantHash: hashSecret('both') }
    expect((await standingOf(storage, { ...token, audience: tickets })).revoked).toBe(true)
    expect((await standingOf(storage, { ...token, audience: notes })).revoked).toBe(false)
    // Declared again: nothing comes back, and nothing is left to end.
    expect(await end([], notes, tickets)).toEqual({ resources: [], grants: 0, narrowed: 0, machineTokens: 0 })
    expect((await kept()).grants).toHaveLength(3)
  })

  it('ends tokens of machines: opaque ones at once, the others by the feed of these resources', async () => {
    await addClient('machine', 'client_credentials')
    await addClient('app', 'refresh_token')
    await addToken('ClientCredentials', 'for tickets', tickets)
    await addToken('ClientCredentials', 'for notes', notes)

    expect(await end([tickets], notes)).toMatchObject({ machineTokens: 1 })
    expect((await kept()).artifacts).toEqual(['for notes'])
    expect(await toldTo(tickets)).toEqual([fact('client', 'machine')])
    expect(await toldTo(notes)).toEqual([])
    const token = { grantHash: undefined, tokenId: 'x', clientId: 'machine', accountId: 'machine', keyId: 'k' }
    const seconds = Date.now() / 1_000
    expect((await standingOf(storage, { ...token, issuedAt: seconds - 5, audience: tickets })).revoked).toBe(true)
    expect((await standingOf(storage, { ...token, issuedAt: seconds - 5, audience: notes })).revoked).toBe(false)
    expect((await standingOf(storage, { ...token, issuedAt: seconds + 60, audience: tickets })).revoked).toBe(false)
  })

  it('finds the members of a family that went, and tells their servers, however they name themselves', async () => {
    const family = 'https://*.mcp.example.com/x_y'
    await addClient('machine', 'client_credentials')
    await addGrant('of a member', 'https://a1.mcp.example.com/x_y')
    await end([family], notes)
    const [machine, grant] = [fact('client', 'machine'), fact('grant', 'of a member')]
    // Nobody knows for which members machines had tokens that verify themselves.
    expect(await toldTo('https://b2.mcp.example.com/x_y')).toEqual([machine])
    expect(await toldTo('https://a1.mcp.example.com/x_y')).toEqual([machine, grant].sort())
    expect(await toldTo(family)).toEqual([machine, grant].sort())
    for (const other of [
      notes,
      'https://a1.mcp.example.com/xay',
      'https://a1.mcp.example.com',
      'https://*.mcp.example.com/y',
    ]) {
      expect([other, await toldTo(other)]).toEqual([other, []])
    }
  })
})
