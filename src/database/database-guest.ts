/** Lets a command use the embedded database of a running server: the server executes every statement. */
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type {
  IsolationLevel,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from '@prisma/driver-adapter-utils'
import type { Database } from './database.js'
import {
  type Answer,
  type CallError,
  type CallName,
  noTransaction,
  protocolVersion,
  readSocketName,
} from './database-calls.js'
import { belongsToOwner } from './file-owner.js'
import { messagesOver } from './framed-messages.js'
import type { QueryResult } from './sql.js'

type Ask = (name: CallName, ...args: readonly unknown[]) => Promise<unknown>

function thrown({ name, message, ...members }: CallError): Error {
  return Object.assign(new Error(message), { name, ...members })
}

/** Calls over one connection. If the connection is lost, all waiting and later calls fail. */
function asking(socket: Socket): { readonly ask: Ask; readonly end: () => Promise<void> } {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const lost = () =>
    Object.assign(new Error('the server that has the database open has stopped'), { code: 'ECONNRESET' })
  let lastId = 0
  let isOver = false
  const stream = messagesOver(socket, (message) => {
    const answer = message as Answer
    const call = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) call?.reject(thrown(answer.error))
    else call?.resolve(answer.value)
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.once('close', () => {
    isOver = true
    for (const { reject } of waiting.values()) reject(lost())
    waiting.clear()
  })
  return {
    ask: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (isOver) return reject(lost())
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        stream.send({ id: lastId, name, args })
      }),
    end: () => {
      stream.end()
      return closed
    },
  }
}

const identity = { provider: 'postgres', adapterName: 'gatehouse-shared' } as const

function queryable(ask: Ask, transaction: number) {
  return {
    ...identity,
    queryRaw: async (query: SqlQuery) => (await ask('queryRaw', transaction, query)) as SqlResultSet,
    executeRaw: async (query: SqlQuery) => (await ask('executeRaw', transaction, query)) as number,
  }
}

async function begin(ask: Ask, isolation: IsolationLevel | undefined): Promise<Transaction> {
  const id = Number(await ask('begin', isolation))
  return {
    ...queryable(ask, id),
    options: { usePhantomQuery: true },
    commit: async () => void (await ask('commit', id)),
    rollback: async () => void (await ask('rollback', id)),
  }
}

const noScripts = () => Promise.reject(new Error('a running server has this database open: it migrates at its start'))

function adapterOver(ask: Ask): SqlDriverAdapterFactory {
  return {
    ...identity,
    connect: async (): Promise<SqlDriverAdapter> => {
      const schema = await ask('schema')
      return {
        ...queryable(ask, noTransaction),
        executeScript: noScripts,
        startTransaction: (isolation) => begin(ask, isolation),
        getConnectionInfo: () => ({
          ...(typeof schema === 'string' && { schemaName: schema }),
          supportsRelationJoins: true,
        }),
        dispose: async () => undefined,
      }
    },
  }
}

function connected(name: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(name)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

/**
 * The database `name` of `folder`, which another process has open and shares; `undefined` if none shares it. Throws if that process has a
 * different version.
 */
export async function openSharedDatabase(folder: string, name: string): Promise<Database | undefined> {
  const path = readSocketName(folder, name)
  // The path may date from before a crash: in a world-writable folder another user may have taken it since.
  const isOurs = path !== undefined && [dirname(path), path].every((file) => belongsToOwner(file, folder))
  const socket = isOurs ? await connected(path) : undefined
  if (socket === undefined) return undefined
  const { ask, end } = asking(socket)
  const theirs = await ask('hello', protocolVersion)
  if (theirs !== protocolVersion) {
    await end()
    throw new Error(`the running server is ${String(theirs)}, this is ${protocolVersion}: use the server's own command`)
  }
  return {
    sql: {
      query: async <Row>(statement: unknown, values: readonly unknown[]) =>
        (await ask('query', statement, values)) as QueryResult<Row>,
    },
    adapter: adapterOver(ask),
    withMigrationAdapter: noScripts,
    embedded: true,
    exclusively: async (lock, work) => {
      await ask('lock', lock)
      try {
        return await work()
      } finally {
        await ask('unlock', lock)
      }
    },
    ping: async () => void (await ask('ping')),
    pools: () => [],
    close: end,
  }
}
