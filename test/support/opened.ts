/**
 * The ways in which tests open servers, databases and processes. What is opened here is closed when the test that opened it has ended,
 * passed or failed, or, opened outside a test, with its file. An open socket would otherwise keep Jest from ending: a failure would
 * become a hang. `test/suite.test.ts` finds files that open something by other ways.
 */
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo, Server } from 'node:net'
import pg from 'pg'
import * as databases from '../../src/database/database.js'
import * as embedded from '../../src/database/embedded-database.js'
import * as http from '../../src/http/http.js'

type Release = () => unknown

const ofFile = new Set<Release>()
let ofTest: Set<Release> | undefined

/** Calls `release` when the running test or file has ended, unless the returned function is called before. */
export function releaseAfterwards(release: Release): () => void {
  const scope = ofTest ?? ofFile
  scope.add(release)
  return () => void scope.delete(release)
}

/** What is opened last is closed first: a server before its database. Throws the first error when all were tried. */
async function releaseAll(scope: Set<Release>): Promise<void> {
  const failed: unknown[] = []
  for (const release of [...scope].reverse()) {
    scope.delete(release)
    try {
      await release()
    } catch (error) {
      failed.push(error)
    }
  }
  if (failed.length > 0) throw failed[0]
}

export function beginTest(): void {
  ofTest = new Set()
}

export async function endTest(): Promise<void> {
  const scope = ofTest ?? new Set()
  ofTest = undefined
  await releaseAll(scope)
}

export const endFile = (): Promise<void> => releaseAll(ofFile)

/** What is opened by `open`, even in a test, is closed with the file: the tests after this one go on with it. */
export async function keepForFile<T>(open: () => Promise<T>): Promise<T> {
  const scope = ofTest
  ofTest = undefined
  try {
    return await open()
  } finally {
    ofTest = scope
  }
}

function closeAfterwards<T extends { close(graceMs?: number): Promise<void> }>(opened: T): T {
  let closed: Promise<void> | undefined
  // Hooks of a file run after the one that closes what is left: there it has been closed before.
  const close = (graceMs?: number): Promise<void> => {
    forget()
    closed ??= opened.close(graceMs)
    return closed
  }
  const forget = releaseAfterwards(() => close(0))
  return { ...opened, close }
}

/** `listen` of the product. */
export async function listen(...args: Parameters<typeof http.listen>): Promise<http.ListeningServer> {
  return closeAfterwards(await http.listen(...args))
}

/** Lets a server of Node's listen; returns its port. With null for the host it listens on every interface. */
export async function listenOn(server: Server, port = 0, host: string | null = '127.0.0.1'): Promise<number> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host ?? undefined, resolve)
  })
  releaseAfterwards(async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

export function openServerDatabase(options: databases.ServerDatabaseOptions): databases.Database {
  return closeAfterwards(databases.openServerDatabase(options))
}

export async function openEmbeddedDatabase(folder: string): Promise<databases.Database> {
  return closeAfterwards(await embedded.openEmbeddedDatabase(folder))
}

export async function openEmbeddedSchema(folder: string, schema: string): Promise<databases.Database> {
  return closeAfterwards(await embedded.openEmbeddedSchema(folder, schema))
}

/** A connection of its own to PostgreSQL, not connected yet. */
export function newClient(config: pg.ClientConfig): pg.Client {
  const client = new pg.Client(config)
  releaseAfterwards(() => client.end())
  return client
}

/** A process that was started. */
export function killAfterwards<T extends ChildProcess>(child: T): T {
  releaseAfterwards(() => child.kill('SIGKILL'))
  return child
}
