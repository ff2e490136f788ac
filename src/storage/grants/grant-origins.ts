/** What the consent page said of the client of a grant, and from where the person allowed it: for the person's list of connections. */
import type { Write } from '../../database/writes.js'
import { grantOrigins } from '../tables.js'
import type { Whereabouts } from './whereabouts.js'

/** As the page that shows it knows it: kept as it is. */
export interface ShownGrantClient {
  readonly name: string
  readonly [fact: string]: unknown
}

const insertion = grantOrigins.insertion('grant_id', 'client', 'device', 'network')
const insert = grantOrigins.part('grant_origin', {
  origin: `${insertion.sql} FROM {condition} ON CONFLICT (grant_id) DO NOTHING`,
})

/** Written with the grant, in one statement. */
export function grantOrigin(grantId: string, client: ShownGrantClient, { device, network }: Whereabouts): Write {
  const row = { grant_id: grantId, client, device: device ?? null, network: network ?? null }
  return { text: insert, values: insertion.values(row) }
}
