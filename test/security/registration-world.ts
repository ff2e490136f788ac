/** For the attacks on dynamic client registration (RFC 7591, RFC 7592): two servers, and bodies that make no client. */
import { expect } from '@jest/globals'
import { register } from '../authorization-server/registration-requests.js'
import type { TestServer } from '../authorization-server/server.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface RegistrationWorld extends AttackedWorld {
  readonly server: TestServer
  /** The same rules, three registrations an hour for one address. */
  readonly limited: TestServer
  /** URLs that the server wanted to fetch so far. */
  readonly fetched: readonly string[]
}

export type Row = Attack<RegistrationWorld>

export type Id = Row['id']

export type Metadata = Readonly<Record<string, unknown>>

export const https = 'https://client.example/cb'

export const web: Metadata = { redirect_uris: [https] }

export const clients = ({ server }: RegistrationWorld) => server.storage.prisma.client.count()

/** None of the bodies makes a client; each is answered with 400 and a code of RFC 7591 §3.2.2. */
export function refused(id: Id, name: string, source: string, bodies: readonly (Metadata | string)[]): Row {
  return {
    id,
    name,
    source,
    run: async (world) => {
      const before = await clients(world)
      const taken = []
      for (const body of bodies) {
        const answer = await register(world.server, body)
        const isRefused = answer.status === 400 && /^invalid_/.test(String(answer.body['error']))
        if (!isRefused) taken.push([body, answer.status])
      }
      expect(taken).toEqual([])
      expect(await clients(world)).toBe(before)
    },
  }
}

export async function registered(world: RegistrationWorld, metadata: Metadata = web) {
  const { body } = await register(world.server, metadata)
  const client = {
    id: String(body['client_id']),
    url: String(body['registration_client_uri']),
    token: String(body['registration_access_token']),
    secret: typeof body['client_secret'] === 'string' ? body['client_secret'] : '',
  }
  world.secrets.add(client.token).add(client.secret)
  return client
}
