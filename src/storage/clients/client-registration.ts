/**
 * What a registration (RFC 7591) and its management (RFC 7592) write, each decided by the row that it is about: an invitation or a
 * registration access token is used up in the statement that stores the client, so a refused request leaves it as it was.
 */

import { hashSecret } from '../../base/secrets.js'
import type { Payload, RegistrationRequest } from '../adapter-types.js'
import { expiryLimit } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { artifacts, clients } from '../tables.js'
import { currentUnit, type Decision, decidedBy, type Reader, type UnitOfWork } from '../unit-of-work.js'
import { belongingTables, deletionsFor, registrationTokenModel } from './client-hygiene.js'
import { clientValues, insertClient, removeClient, saveClient } from './clients.js'
import { invitationModel } from './invitations.js'

const insert = clients.condition('registration', {
  condition: `${insertClient} ON CONFLICT (id) DO NOTHING RETURNING 1`,
})

/** Of any number of registrations with one invitation, in any number of processes, one is stored. */
const insertInvited = clients.condition(
  'registration_invited',
  {
    used: `DELETE FROM artifacts
    WHERE model = '${invitationModel}' AND id_hash = $7 AND expires_at > $8::timestamptz RETURNING 1`,
    condition: `${insertClient} FROM {used} RETURNING 1`,
  },
  artifacts,
)

/**
 * An update (RFC 7592 §2.2) never brings back a client that was removed while it was under way, and uses up the token it came with: of
 * any number with one token, in any number of processes, one is stored and gets the next token.
 */
const update = clients.condition(
  'registration_update',
  {
    used: `DELETE FROM artifacts WHERE model = '${registrationTokenModel}' AND id_hash = $7 RETURNING 1`,
    condition: `UPDATE clients SET name = $3, payload = $4::jsonb, sealed_secret = $5, updated_at = $6::timestamptz
    FROM {used} WHERE id = $1 AND origin = $2 RETURNING 1`,
  },
  artifacts,
)

const remove = clients.condition(
  'registration_remove',
  {
    condition: 'DELETE FROM clients WHERE id = $1::text RETURNING id',
    ...deletionsFor('{condition}'),
  },
  ...belongingTables,
)

const findClient = clients.read('registration_trace', {}, 'SELECT 1 FROM clients WHERE id = $1')

/** The row that was read is another one now. Of a client that was updated again since, the token is not good any more either. */
const findUpdated = clients.read(
  'registration_update_trace',
  {},
  'SELECT 1 FROM clients WHERE id = $1 AND payload = $2::jsonb AND updated_at = $3::timestamptz',
)

const findNoClient = clients.read(
  'registration_remove_trace',
  {},
  'SELECT 1 FROM (VALUES (1)) AS always WHERE NOT EXISTS (SELECT 1 FROM clients WHERE id = $1)',
)

/** Reads nothing ahead. A registration access token waits for what was decided about its client. */
export const registrationReader: Reader = {
  collects: (model, isDecided) => model === 'Client' || (isDecided && model === registrationTokenModel),
}

/** The request's unit of work. An engine without one would answer what was not written yet. */
function unitUnderWay(isInRequest: boolean): UnitOfWork | undefined {
  const unit = currentUnit()
  if (unit?.collects('Client') === true) return unit
  if (isInRequest) throw new Error('a registration needs a unit of work')
  return undefined
}

function registrationOf(
  storage: Storage,
  clientId: string,
  payload: Payload,
  request: RegistrationRequest | undefined,
): Decision {
  const values = clientValues(storage, clientId, payload, 'dynamic')
  if (request?.isUpdate === true) {
    const token = request.registrationAccessToken ?? ''
    const [, , , metadata, , now] = values
    const condition = { text: update, values: [...values, hashSecret(token)] }
    return decidedBy(condition, { statement: findUpdated, values: [clientId, metadata, now] })
  }
  const trace = { statement: findClient, values: [clientId] }
  const invitation = request?.initialAccessToken
  if (invitation === undefined) return decidedBy({ text: insert, values }, trace)
  const used = [hashSecret(invitation), expiryLimit(storage)]
  return decidedBy({ text: insertInvited, values: [...values, ...used] }, trace)
}

/** What the engine stores: a registration, by invitation or not, or an update. */
export async function saveRegistered(
  storage: Storage,
  clientId: string,
  payload: Payload,
  request: RegistrationRequest | undefined,
): Promise<void> {
  const unit = unitUnderWay(request !== undefined)
  if (unit === undefined) await saveClient(storage, clientId, payload, 'dynamic')
  else unit.decide(registrationOf(storage, clientId, payload, request))
}

/** The client, its registration access tokens and everything granted to it. */
export async function removeRegistered(storage: Storage, clientId: string, isInRequest: boolean): Promise<void> {
  const unit = unitUnderWay(isInRequest)
  if (unit === undefined) await removeClient(storage, clientId)
  else {
    const trace = { statement: findNoClient, values: [clientId] }
    unit.decide(decidedBy({ text: remove, values: [clientId] }, trace))
  }
}
