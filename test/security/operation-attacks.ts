/** Group J: stopping, starting again, starting wrongly. With processes, killed ones and replicas: `test/system/` and `npm run faults`. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from '@jest/globals'
import type { DatabaseKind } from '../support/databases.js'
import { eventually } from '../support/eventually.js'
import { type Grant, newGrant, obtainTokens, refresh } from '../support/oauth-client.js'
import { keepForFile } from '../support/opened.js'
import { type Stack, startStack } from '../support/stack.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface OperationWorld extends AttackedWorld {
  readonly kind: DatabaseKind
  /** The running stack; rows replace it when they start it anew. */
  stack: Stack
}

type Row = Attack<OperationWorld>

const jwksOf = async ({ issuer }: Stack) => (await fetch(`${issuer}/jwks`)).json()

/** Starts on the same data again, with some settings changed. */
const startAgain = ({ kind, stack }: OperationWorld, changed: Readonly<Record<string, string>> = {}) =>
  keepForFile(() => startStack({ database: kind, env: { ...stack.settings, ...changed } }))

/** Why a start was refused: one line, and nothing in it that must stay secret. */
async function refusalOf(start: () => Promise<Stack>): Promise<string> {
  try {
    const stack = await start()
    await stack.stop()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('it started')
}

async function withTokens(stack: Stack): Promise<{ readonly grant: Grant; readonly token: string }> {
  const grant = await newGrant(stack)
  const tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'notes:read')
  return { grant, token: tokens.refresh_token ?? '' }
}

const startRows: readonly Row[] = [
  {
    id: 'J155',
    name: 'started again on the same data: the same keys, accounts, clients and tokens',
    source: 'ASVS 13.2, Keycloak CVE-2026-9802',
    run: async (world) => {
      const { grant, token } = await withTokens(world.stack)
      const keys = await jwksOf(world.stack)
      const first = await refresh(grant, token)
      await world.stack.stop()
      world.stack = await startAgain(world)
      expect(await jwksOf(world.stack)).toEqual(keys)
      expect((await refresh(grant, first.tokens?.refresh_token ?? '')).status).toBe(200)
      expect(world.stack.logLines.join()).not.toContain('"level":"error"')
    },
  },
  {
    id: 'J155',
    name: 'started with another encryption key: refused in one line, and nothing is spoilt',
    source: 'CVE-2026-33505, ASVS 13.3',
    run: async (world) => {
      const { grant, token } = await withTokens(world.stack)
      await world.stack.stop()
      const other = Buffer.alloc(32, 7).toString('base64url')
      const reason = await refusalOf(() => startAgain(world, { ENCRYPTION_KEY: other }))
      expect(reason.split('\n').filter(Boolean)).toHaveLength(1)
      expect(reason).toMatch(/key/i)
      expect(reason).not.toContain(other)
      world.stack = await startAgain(world)
      expect((await refresh(grant, token)).status).toBe(200)
    },
  },
  {
    id: 'J155',
    name: 'started where somebody listens already: refused in one line, and the other one goes on',
    source: 'ASVS 16.5',
    run: async (world) => {
      const { port } = new URL(world.stack.issuer)
      const reason = await refusalOf(() => startStack({ database: 'embedded', env: { AUTH_PORT: port } }))
      expect(reason).toMatch(/^cannot listen on .*the port is taken \(AUTH_PORT sets it\)$/)
      expect((await fetch(`${world.stack.issuer}/health/ready`)).status).toBe(200)
    },
  },
  {
    id: 'J155',
    name: 'started with a database that is not there: refused in time, without its password',
    source: 'ASVS 13.3, 16.2.5',
    run: async () => {
      const env = { DATABASE_URL: 'postgres://gatehouse:never-to-be-seen@127.0.0.1:1/auth' }
      const reason = await refusalOf(() => startStack({ database: 'embedded', env }))
      expect(reason).not.toContain('never-to-be-seen')
      expect(reason.length).toBeGreaterThan(10)
    },
  },
  {
    id: 'J155',
    name: 'started with a bootstrap account that exists: its password stays the person’s own',
    source: 'CVE-2026-33505',
    run: async (world) => {
      await world.stack.stop()
      world.stack = await startAgain(world, { BOOTSTRAP_PASSWORD: 'quite another pass phrase of the operator' })
      const { token } = await withTokens(world.stack)
      expect(token).not.toBe('')
    },
  },
]

const stopRows: readonly Row[] = [
  {
    id: 'J148',
    name: 'stopped with a request half sent: it is answered, and nobody new is let in',
    source: 'Keycloak graceful shutdown, RFC 9112 §9.6',
    run: async (world) => {
      const { host, port } = new URL(world.stack.issuer)
      const body = 'grant_type=refresh_token&refresh_token=x&client_id=nobody'
      const socket = connect(Number(port), '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => {
        text += String(chunk)
      })
      socket.write(
        `POST /token HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
      )
      // Requests on other connections: by now the server knows the first one.
      for (let count = 0; count < 5; count += 1) await fetch(`${world.stack.issuer}/health/live`)
      const stopped = world.stack.stop()
      await eventually(async () =>
        fetch(`${world.stack.issuer}/health/live`, { headers: { connection: 'close' } }).then(
          () => false,
          () => true,
        ),
      )
      expect(text).toBe('')
      socket.write(body.slice(10))
      await once(socket, 'close')
      expect(text).toMatch(/^HTTP\/1\.1 401 /)
      expect(text).toMatch(/\r\nconnection: close\r\n/i)
      await stopped
      // Once more harms nobody.
      await world.stack.stop()
      world.stack = await startAgain(world)
    },
  },
  {
    id: 'J148',
    name: 'stopped under a hundred requests: each is answered or refused a connection, none fails half-way',
    source: 'Keycloak graceful shutdown, fault plan F10',
    run: async (world) => {
      const { grant, token } = await withTokens(world.stack)
      const asked = Array.from({ length: 100 }, async (_, index) => {
        try {
          const path = index % 2 === 0 ? '/jwks' : '/.well-known/openid-configuration'
          return (await fetch(`${world.stack.issuer}${path}`)).status
        } catch {
          return 0
        }
      })
      await world.stack.stop()
      const statuses = await Promise.all(asked)
      expect(statuses.filter((status) => ![0, 200].includes(status))).toEqual([])
      world.stack = await startAgain(world)
      expect((await refresh(grant, token)).status).toBe(200)
    },
  },
]

export const attacks: readonly Row[] = [...startRows, ...stopRows]
