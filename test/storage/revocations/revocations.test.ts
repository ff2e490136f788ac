import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createSecretBox, hashSecret, randomSecret } from '../../../src/base/secrets.js'
import { migrate } from '../../../src/database/migrate.js'
import { createAccountStore } from '../../../src/storage/accounts/accounts.js'
import { createClientStore } from '../../../src/storage/clients/clients.js'
import { revokeGrant } from '../../../src/storage/grants/grants.js'
import { createRevocations, type Revocations, revokeAccessToken } from '../../../src/storage/revocations/revocations.js'
import { authMigrations, createStorage, type Storage } from '../../../src/storage/storage.js'
import { sweepExpired } from '../../../src/storage/sweep.js'
import { createDatabase, openTestDatabase } from '../../support/databases.js'
import { describeOnDatabases, describeOnPostgres } from '../../support/describe-with.js'
import { newClient, openServerDatabase } from '../../support/opened.js'

const notes = 'https://mcp.example.com/mcp'
const other = 'https://other.example.com/mcp'
const hour = 3_600_000

function storageOver(database: Parameters<typeof createStorage>[0]['database'], offset = { ms: 0 }): Storage {
  // The facts carry the database's time, so this clock is the real one.
  const clock = { now: () => new Date(Date.now() + offset.ms) }
  return createStorage({ database, secretBox: createSecretBox(randomSecret()), clock, refreshGraceSeconds: 20 })
}

async function addAccount({ prisma }: Storage): Promise<string> {
  const id = randomSecret(8)
  await prisma.account.create({ data: { id, email: `${id}@example.com`, passwordHash: 'x', updatedAt: new Date() } })
  return id
}

async function addGrant(
  { prisma }: Storage,
  { accountId, clientId = 'a client', resources = [notes], livesMs = hour }: GrantOptions,
): Promise<string> {
  const id = randomSecret(8)
  const payload = { resources: Object.fromEntries(resources.map((resource) => [resource, 'notes:read'])) }
  const expiresAt = new Date(Date.now() + livesMs)
  await prisma.grant.create({ data: { id, accountId, clientId, payload, expiresAt } })
  return id
}

interface GrantOptions {
  readonly accountId: string
  readonly clientId?: string
  readonly resources?: readonly string[]
  readonly livesMs?: number
}

describeOnDatabases('Facts of the revocation feed, on %s', (kind) => {
  const offset = { ms: 0 }
  let storage: Storage
  let revocations: Revocations
  beforeAll(async () => {
    storage = storageOver(await openTestDatabase(kind, 'auth'), offset)
    revocations = createRevocations(storage)
  })
  afterAll(() => storage.close())

  /** What is told about what `work` does, to a reader for each audience. */
  const toldAbout = async (work: () => Promise<unknown>) => {
    const before = await Promise.all([notes, other].map((audience) => revocations.read(audience)))
    await work()
    const after = await Promise.all(
      [notes, other].map((audience, index) => revocations.read(audience, before[index]?.cursor)),
    )
    return after.map((page) => page.revocations.map(({ kind: what, id }) => `${what} ${id}`).sort())
  }

  it('are written by every way in which a grant ends, for the audiences it was for', async () => {
    const accountId = await addAccount(storage)
    const ofNotes = await addGrant(storage, { accountId })
    const ofOther = await addGrant(storage, { accountId, resources: [other] })
    const ofBoth = await addGrant(storage, { accountId, resources: [notes, other] })
    const ofNone = await addGrant(storage, { accountId, resources: [] })
    const fact = (id: string) => `grant ${hashSecret(id)}`
    expect(await toldAbout(() => revokeGrant(storage, ofNotes))).toEqual([[fact(ofNotes)], []])
    expect(await toldAbout(() => revokeGrant(storage, ofOther))).toEqual([[], [fact(ofOther)]])
    const [there, elsewhere] = await toldAbout(() => createAccountStore(storage).endAccess(accountId))
    expect(there).toEqual([fact(ofBoth), fact(ofNone)].sort())
    expect(elsewhere).toEqual(there)
    // Nothing is left to end.
    expect(await toldAbout(() => revokeGrant(storage, ofNotes))).toEqual([[], []])
  })

  it('name accounts that are disabled, once, and clients that are removed', async () => {
    const accountId = await addAccount(storage)
    const grantId = await addGrant(storage, { accountId })
    const accounts = createAccountStore(storage)
    const account = `account ${hashSecret(accountId)}`
    expect(await toldAbout(() => accounts.disable(accountId))).toEqual([
      [account, `grant ${hashSecret(grantId)}`],
      [account],
    ])
    expect(await toldAbout(() => accounts.disable(accountId))).toEqual([[], []])
    expect(await toldAbout(() => accounts.enable(accountId))).toEqual([[], []])

    const clients = createClientStore(storage)
    const clientId = randomSecret(8)
    await clients.save(clientId, { client_id: clientId }, 'static')
    const ofClient = await addGrant(storage, { accountId, clientId })
    const client = `client ${hashSecret(clientId)}`
    const told = await toldAbout(() => clients.remove(clientId))
    expect(told).toEqual([[client, `grant ${hashSecret(ofClient)}`].sort(), [client]])
  })

  it('name a single access token for its audience only', async () => {
    expect(await toldAbout(() => revokeAccessToken(storage, 'a jti', [notes]))).toEqual([
      [`token ${hashSecret('a jti')}`],
      [],
    ])
  })

  it('are not written when a transaction does not come about, nor for what expired by itself', async () => {
    const accountId = await addAccount(storage)
    const grantId = await addGrant(storage, { accountId })
    const failing = storage.prisma.$transaction([
      storage.prisma.grant.deleteMany({ where: { id: grantId } }),
      storage.prisma.account.create({ data: { id: accountId, email: 'x', passwordHash: 'x', updatedAt: new Date() } }),
    ])
    expect(await toldAbout(() => failing.catch(() => undefined))).toEqual([[], []])
    const old = await addGrant(storage, { accountId, livesMs: -hour })
    expect(await toldAbout(() => sweepExpired(storage))).toEqual([[], []])
    expect(await storage.prisma.grant.count({ where: { id: { in: [old, grantId] } } })).toBe(1)
  })

  it('come in pages, with what happens meanwhile after them', async () => {
    const first = await revocations.read(notes)
    const accountId = await addAccount(storage)
    const ids = Array.from({ length: 2_100 }, () => randomSecret(8))
    const expiresAt = new Date(Date.now() + hour)
    const row = { accountId, clientId: 'many', payload: { resources: { [notes]: 'x' } }, expiresAt }
    await storage.prisma.grant.createMany({ data: ids.map((id) => ({ ...row, id })) })
    await createAccountStore(storage).endAccess(accountId)
    const full = await revocations.read(notes, first.cursor)
    expect([full.revocations.length, full.more]).toEqual([2_000, true])
    await revokeAccessToken(storage, 'meanwhile', [notes])
    const rest = await revocations.read(notes, full.cursor)
    expect([rest.revocations.length, rest.more]).toEqual([100, false])
    const told = new Set([...full.revocations, ...rest.revocations].map(({ id }) => id))
    expect(told).toEqual(new Set(ids.map(hashSecret)))
    const last = await revocations.read(notes, rest.cursor)
    expect(last.revocations.map(({ id }) => id)).toEqual([hashSecret('meanwhile')])
    expect((await revocations.read(notes, last.cursor)).revocations).toEqual([])
  })

  it('are all told again to a reader from another life of the database, and cursors never given are refused', async () => {
    const everything = await revocations.read(notes)
    expect(everything).toMatchObject({ known: true, more: true })
    const anew = await revocations.read(notes, '99999999999:99999999999:')
    expect(anew).toMatchObject({ known: false, more: true, revocations: everything.revocations })
    const malformed = ['', 'x', '1:2', '2:1:', '1:3:9', '5:6:7', '1:1:/', '//1', "1:1:'"]
    for (const cursor of malformed) {
      await expect(revocations.read(notes, cursor)).rejects.toThrow(RangeError)
    }
  })

  it('say whether there is anything new', async () => {
    const { changed, snapshot } = await revocations.look()
    expect(changed).toBe(true)
    expect(await revocations.look(snapshot)).toMatchObject({ changed: false })
    await revokeAccessToken(storage, 'news', [other])
    expect(await revocations.look(snapshot)).toMatchObject({ changed: true })
  })

  it('are kept longer than any access token lives, then swept', async () => {
    await sweepExpired(storage)
    const kept = await storage.prisma.revocation.count()
    expect(kept).toBeGreaterThan(2_000)
    offset.ms = hour + 300_000
    await sweepExpired(storage)
    expect(await storage.prisma.revocation.count()).toBeGreaterThanOrEqual(kept)
    offset.ms = 1.3 * hour
    expect((await revocations.read(notes)).revocations).toEqual([])
    await sweepExpired(storage)
    expect(await storage.prisma.revocation.count()).toBe(0)
    offset.ms = 0
  })

  it('that a dump brought along, from transactions still to come, are told to who starts anew, all and once', async () => {
    await storage.database.sql.query(
      {
        name: 'restored_rows',
        lane: 'write',
        text: `INSERT INTO revocations (kind, subject_hash, transaction_id)
          SELECT 'grant', 'restored ' || n, ((pg_current_xact_id()::text)::numeric + 1000000 + n)::text::xid8 FROM generate_series(1, $1::int) AS n`,
      },
      [2_100],
    )
    const first = await revocations.read(notes)
    const second = await revocations.read(notes, first.cursor)
    expect([first.more, second.more]).toEqual([true, false])
    expect(new Set([...first.revocations, ...second.revocations].map(({ id }) => id)).size).toBe(2_100)
    expect((await revocations.read(notes, second.cursor)).revocations).toEqual([])
    const { snapshot } = await revocations.look()
    expect((await revocations.look(snapshot)).changed).toBe(false)
    await storage.prisma.revocation.deleteMany()
  })
})

describeOnPostgres('Facts of the revocation feed that commit out of order', () => {
  it('are neither lost nor told twice', async () => {
    const url = await createDatabase('auth')
    const database = openServerDatabase({ url, poolSize: 4, onIdleError: () => undefined })
    await migrate(database, authMigrations)
    const storage = storageOver(database)
    const revocations = createRevocations(storage)
    const slow = newClient({ connectionString: url })
    await slow.connect()
    const start = await revocations.read(notes)
    await slow.query('BEGIN')
    await slow.query("INSERT INTO revocations (kind, subject_hash) VALUES ('grant', 'early id, late commit')")
    await revokeAccessToken(storage, 'late id, early commit', [notes])

    const told = async (cursor: string) => {
      const page = await revocations.read(notes, cursor)
      return { ids: page.revocations.map(({ id }) => id), cursor: page.cursor }
    }
    const first = await told(start.cursor)
    expect(first.ids).toEqual([hashSecret('late id, early commit')])
    const { snapshot } = await revocations.look()
    // While the other transaction is open, nothing is told again and again.
    expect((await told(first.cursor)).ids).toEqual([])
    expect((await revocations.look(snapshot)).changed).toBe(false)

    await slow.query('COMMIT')
    expect((await revocations.look(snapshot)).changed).toBe(true)
    const second = await told(first.cursor)
    expect(second.ids).toEqual(['early id, late commit'])
    expect((await told(second.cursor)).ids).toEqual([])
    await slow.end()
    await storage.close()
  })
})
