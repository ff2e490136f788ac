import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Database } from '../../src/database/database.js'
import { createNotesStore, type NotesStore } from '../../src/notes/notes.js'
import { createNotesReadiness } from '../../src/notes/notes-database.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { openEmbeddedDatabase } from '../support/opened.js'

describeOnDatabases('store of notes on %s', (kind) => {
  let database: Database
  let store: NotesStore
  let now = new Date('2026-11-21T12:00:00.123Z')

  beforeAll(async () => {
    database = await openTestDatabase(kind, 'notes')
    store = createNotesStore(database, { now: () => now })
  })
  afterAll(() => database.close())

  async function create(ownerId: string, title: string, body = '') {
    const note = await store.create(ownerId, { title, body })
    if (note === 'full') throw new Error('full')
    return note
  }

  it('keeps what it was given, with its times', async () => {
    const note = await create('times', 'title', 'body')
    expect(note).toEqual({ id: note.id, title: 'title', body: 'body', createdAt: now, updatedAt: now })
    now = new Date(now.getTime() + 1_000)
    await expect(store.update('times', note.id, { title: 'new' })).resolves.toEqual({
      ...note,
      title: 'new',
      updatedAt: now,
    })
    await expect(store.read('times', note.id)).resolves.toMatchObject({ title: 'new', body: 'body' })
  })

  it.each(['read', 'update', 'remove'] as const)("does not %s another owner's note", async (operation) => {
    const { id } = await create('owner', 'mine')
    if (operation === 'read') expect(await store.read('stranger', id)).toBeUndefined()
    if (operation === 'update') expect(await store.update('stranger', id, { title: 'stolen' })).toBeUndefined()
    if (operation === 'remove') expect(await store.remove('stranger', id)).toBe(false)
    await expect(store.read('owner', id)).resolves.toMatchObject({ title: 'mine' })
  })

  it('pages a list with equal times without loss or repetition', async () => {
    for (let index = 0; index < 9; index += 1) await create('pages', `note ${index}`)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await store.list('pages', { limit: 4, cursor })
      seen.push(...(page?.items.map(({ title }) => title) ?? []))
      cursor = page?.nextCursor
    } while (cursor !== undefined)
    expect(seen).toHaveLength(9)
    expect(new Set(seen).size).toBe(9)
  })

  it('ranks a word in the title above one in the text, and pages by rank', async () => {
    await create('ranks', 'other', 'pear')
    await create('ranks', 'pear', 'other')
    await create('ranks', 'third', 'a pear')
    const first = await store.search('ranks', 'pear', { limit: 1 })
    expect(first?.items.map(({ title }) => title)).toEqual(['pear'])
    const rest = await store.search('ranks', 'pear', { limit: 5, cursor: first?.nextCursor })
    expect(rest?.items.map(({ title }) => title).sort()).toEqual(['other', 'third'])
    expect(rest).not.toHaveProperty('nextCursor')
  })

  it('shows the words around a match, wherever it is in a long note and however it is written', async () => {
    const filling = 'disappear lorem ipsum '.repeat(2_500)
    await create('excerpts', 'long', `${filling}\nthe ripe PEAR's taste ${filling.slice(0, 4_000)}`)
    for (const query of ['pear', 'apple OR pear', '"ripe pear"']) {
      const found = await store.search('excerpts', query, { limit: 5 })
      expect(found?.items.map(({ excerpt }) => excerpt)).toEqual([expect.stringContaining('PEAR')])
    }
  })

  const manyWords = Array.from({ length: 60 }, (_, index) => `w${index}`).join(' ')
  it.each([
    ['excerpts of whole notes', 20, 'lorem ipsum dolor '.repeat(3_300), 'one OR two OR lorem'],
    ['a word that nearly occurs everywhere', 20, `hit ${'a'.repeat(60_000)}`, `hit OR b${'a'.repeat(480)}`],
    ['each two places of each two words', 2, `${manyWords} `.repeat(250), manyWords.split(' ').slice(0, 16).join(' ')],
  ])('a search takes no longer for what is in the notes: %s', async (_what, count, body, query) => {
    const secondsOfSearch = async (owner: string, text: string): Promise<number> => {
      for (let index = 0; index < count; index += 1) await create(owner, `note ${index}`, text)
      expect((await store.search(owner, query, { limit: 1 }))?.items).toHaveLength(1)
      const before = process.cpuUsage()
      expect((await store.search(owner, query, { limit: 20 }))?.items).toHaveLength(count)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1e6
    }
    const owner = `searcher ${query}`
    const plain = await secondsOfSearch(`${owner} short`, [...new Set(body.split(' '))].join(' ').slice(0, 400))
    const long = await secondsOfSearch(owner, body)
    // Each of these took a second or more, in which the embedded database answers nobody. A PostgreSQL server does its work elsewhere.
    expect(long - plain).toBeLessThan(0.5)
  })

  const letters = [...'abcdefghijklmnop']
  it.each([
    ['words, repeated', 'a b '.repeat(120)],
    ['a phrase of repeated words', `"${'a b '.repeat(8)}"`],
    ['phrases', '"a b" "b a" "a b a" "b a b" OR "a a b"'],
    ['as many words as it may have', letters.join(' OR ')],
    [
      'words left out',
      `a ${letters
        .slice(1)
        .map((letter) => `-${letter}z`)
        .join(' ')}`,
    ],
    ['a long word', 'a'.repeat(500)],
  ])('a search takes no longer for what is in the query: %s', async (what, query) => {
    const owner = `words of ${what}`
    for (let index = 0; index < 30; index += 1) await create(owner, `a b ${index}`, 'a b '.repeat(500))
    const before = process.cpuUsage()
    // PostgreSQL would end it after two seconds.
    const found = await store.search(owner, query, { limit: 100 })
    const { user, system } = process.cpuUsage(before)
    expect(found?.items).toHaveLength(what === 'a long word' ? 0 : 30)
    expect((user + system) / 1e6).toBeLessThan(0.7)
  })

  it.each([
    ['more words than are searched', [...letters, 'q'].join(' ')],
    ['a long phrase', `"${'a b '.repeat(120).trim()}"`],
    ['a long compound word', 'a-'.repeat(200)],
  ])('a query of %s is refused', async (_what, query) => {
    await expect(store.search('refused', query, { limit: 5 })).rejects.toMatchObject({ reason: 'too-many-words' })
  })

  describe('in a store too large to be read through', () => {
    beforeAll(async () => {
      now = new Date('2026-11-20T12:00:00Z')
      await create('large', 'oldest', 'a single zebra, and a rare bird')
      // Each has nearly as many bytes as a note may have.
      const text = `INSERT INTO notes (id, owner_id, title, body, created_at, updated_at)
        SELECT $1 || n, 'large', $1 || n, repeat('lorem ipsum dolor ', 3600), '2026-11-21T12:00:00Z', '2026-11-21T12:00:00Z'
        FROM generate_series(1, 20) n`
      const fill = { name: 'fill_large_store', lane: 'write', text } as const
      for (let part = 0; part < 6; part += 1) await database.sql.query(fill, [`part-${part}-`])
      now = new Date('2026-11-22T12:00:00Z')
      await create('large', 'newest', 'lorem dolor and another zebra')
    })

    it.each([
      ['zebra', ['newest', 'oldest']],
      ['rare OR another', ['newest', 'oldest']],
      ['"rare bird"', ['oldest']],
      ['"bird rare"', []],
      ['zebra -rare', ['newest']],
      ['lorem zebra', ['newest']],
    ])('%s finds the notes that have the words, however old', async (query, titles) => {
      const found = await store.search('large', query, { limit: 5 })
      expect(found?.items.map(({ title }) => title).sort()).toEqual(titles)
    })

    it('a word of every note finds the newest of them, page by page, in bounded time', async () => {
      const before = process.cpuUsage()
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await store.search('large', 'lorem OR ipsum OR dolor', { limit: 50, cursor })
        seen.push(...(page?.items.map(({ title }) => title) ?? []))
        cursor = page?.nextCursor
      } while (cursor !== undefined)
      const { user, system } = process.cpuUsage(before)
      expect(seen).toContain('newest')
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.length).toBeGreaterThan(80)
      expect(seen.length).toBeLessThan(110)
      expect((user + system) / 1e6).toBeLessThan(3)
    })

    it('a query that only leaves words out is refused', async () => {
      await expect(store.search('large', '-zebra', { limit: 5 })).rejects.toMatchObject({ reason: 'no-word' })
    })
  })

  it('finds a changed note by its new words only', async () => {
    const { id } = await create('changes', 'first')
    await store.update('changes', id, { title: 'second' })
    expect((await store.search('changes', 'first', { limit: 5 }))?.items).toEqual([])
    expect((await store.search('changes', 'second', { limit: 5 }))?.items).toHaveLength(1)
  })

  it('serves many at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => create('crowd', `note ${index}`)))
    expect((await store.list('crowd', { limit: 100 }))?.items).toHaveLength(20)
  })
})

describe('readiness of the notes database', () => {
  it('is refused until it is migrated', async () => {
    const empty = await openEmbeddedDatabase('memory')
    try {
      await expect(createNotesReadiness(empty)()).rejects.toThrow(/lacks migrations/)
    } finally {
      await empty.close()
    }
  })

  it('is refused when the database has gone', async () => {
    const database = await openTestDatabase('embedded', 'notes')
    const ready = createNotesReadiness(database)
    await ready()
    await database.close()
    await expect(ready()).rejects.toThrow()
  })
})
