/** The followed file at a start, over a database that it was applied to before. */

import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { chdir, cwd } from 'node:process'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { parseConfig } from '../../src/config/config.js'
import { FileMistakes } from '../../src/declarations/declaration-file.js'
import { openDeclarations } from '../../src/program/declarations/following.js'
import { openTestStorage, type TestStorage } from '../storage/test-storage.js'
import { eventually } from '../support/eventually.js'
import { keepLines } from '../support/known-problems.js'
import { temporaryFolder } from '../support/run-folder.js'

const before = cwd()
const lines: string[] = []
let storage: TestStorage
beforeAll(async () => {
  storage = await openTestStorage('embedded')
  // The file is the default one: its folder is the current one.
  chdir(temporaryFolder('followed'))
})
afterAll(async () => {
  chdir(before)
  await storage.close()
})

const open = (applies = true) =>
  openDeclarations(storage.storage, {
    config: parseConfig({}, () => ''),
    log: createLogger('info', keepLines(lines)),
    environment: {},
    applies,
    isStart: true,
  })
const ids = ({ live }: Awaited<ReturnType<typeof open>>) => live.current().resources.map(({ id }) => id)
const one = 'resources: [{ url: https://one.example.com/mcp, name: One, scopes: { a: { title: A } } }]'

it('need not be there if it never was', async () => {
  const opened = await open()
  expect([ids(opened), opened.warnings()]).toEqual([['gatehouse-notes'], []])
})

it('ends a first start if it is wrong', async () => {
  writeFileSync('gatehouse.yaml', 'resources: 1')
  await expect(open()).rejects.toThrow(FileMistakes)
})

it('is missed if it was applied before: what it declared stays, with a warning', async () => {
  writeFileSync('gatehouse.yaml', one)
  expect(ids(await open())).toEqual(['one'])
  rmSync('gatehouse.yaml')
  const opened = await open()
  expect(ids(opened)).toEqual(['one'])
  expect(opened.warnings()).toEqual(['gatehouse.yaml:1:1: the file is gone: what it declared stays in force'])
  // Nothing is there to be read again.
  await opened.reload()
  expect(ids(opened)).toEqual(['one'])
})

it('keeps what was applied when a later start finds it wrong', async () => {
  writeFileSync('gatehouse.yaml', 'resources: 1')
  const opened = await open()
  expect(ids(opened)).toEqual(['one'])
  expect(opened.warnings()).toEqual([expect.stringMatching(/^gatehouse\.yaml:1:1: resources must be/)])
})

it('is neither waited for nor read if it is a pipe, or has no end', async () => {
  for (const [make, expected] of [
    [() => execFileSync('mkfifo', ['gatehouse.yaml']), /the file cannot be read: it is no regular file$/],
    [() => symlinkSync('/dev/zero', 'gatehouse.yaml'), /the file cannot be read: it is no regular file$/],
    [
      () => {
        writeFileSync('gatehouse.yaml', '')
        truncateSync('gatehouse.yaml', 2 ** 33)
      },
      /is larger than 1 MiB$/,
    ],
  ] as const) {
    rmSync('gatehouse.yaml')
    make()
    expect((await open()).warnings()).toEqual([expect.stringMatching(expected)])
  }
})

it('ends what a replica gave for a resource that another one had taken away before it knew', async () => {
  const two = one.replace(']', ', { url: https://two.example.com/mcp, name: Two, scopes: { a: { title: A } } }]')
  rmSync('gatehouse.yaml')
  writeFileSync('gatehouse.yaml', two)
  const late = await open()
  expect(ids(late)).toEqual(['one', 'two'])
  writeFileSync('gatehouse.yaml', one)
  expect(ids(await open())).toEqual(['one'])
  const { grant } = storage.storage.prisma
  const give = async (url: string) => {
    const { grantId } = await storage.newGrant()
    await grant.update({ where: { id: grantId }, data: { payload: { resources: { [url]: 'a' } } } })
    return grantId
  }
  const [kept, ended] = [await give('https://one.example.com/mcp'), await give('https://two.example.com/mcp')]
  const stop = late.follow()
  await eventually(async () => (await grant.findUnique({ where: { id: ended } })) === null)
  await stop()
  expect(ids(late)).toEqual(['one'])
  expect(await grant.findUnique({ where: { id: kept } })).not.toBeNull()
})
