/** Interactions and pushed authorization requests, in an unlogged table: a sign-in in progress, nothing issued. */

import { hashSecret } from '../../base/secrets.js'
import type { Columns, Table } from '../../database/table.js'
import { type Steps, writeTogether } from '../../database/writes.js'
import { type Adapter, AdapterRefusal, type Payload, type RequestUnderWay } from '../adapter-types.js'
import { deviceCodePurpose, expiryLimit, expiryOf, openSealed, unsupported } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { accounts, ephemeralArtifacts } from '../tables.js'
import { currentUnit, decidedBy, type UnitOfWork } from '../unit-of-work.js'
import { authorizationOf } from './authorization-reader.js'
import { type InteractionReader, interactionOf, type SignInCondition } from './interaction-reader.js'

const upsert = ephemeralArtifacts.write(
  'ephemeral_upsert',
  `INSERT INTO ephemeral_artifacts (model, id_hash, payload, expires_at) VALUES ($1, $2, $3::jsonb, $4::timestamptz)
    ON CONFLICT (model, id_hash) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at
    WHERE ephemeral_artifacts.model <> 'Interaction' OR ephemeral_artifacts.consumed_at IS NULL`,
)

/** The same for a sign-in that begins, which the session of the browser is saved with. */
const begin = ephemeralArtifacts.condition('interaction_begin', {
  condition: `INSERT INTO ephemeral_artifacts (model, id_hash, payload, expires_at) VALUES ('Interaction', $1, $2::jsonb, $3::timestamptz)
    ON CONFLICT (model, id_hash) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at
    WHERE ephemeral_artifacts.consumed_at IS NULL RETURNING 1`,
})

const find = ephemeralArtifacts.read(
  'ephemeral_find',
  ephemeralArtifacts.pick('payload', 'consumed_at'),
  'SELECT payload, consumed_at FROM ephemeral_artifacts WHERE model = $1 AND id_hash = $2 AND expires_at > $3::timestamptz',
)

/** SQL: `$1` is an interaction that nobody has answered yet. */
const isOpen = `model = 'Interaction' AND id_hash = $1 AND consumed_at IS NULL`

const update = 'UPDATE ephemeral_artifacts SET payload = $2::jsonb, expires_at = $3::timestamptz'

/** An interaction that was read before: one that is over, or that is gone with its account's access, is not brought back. */
const save = ephemeralArtifacts.condition('interaction', {
  condition: `${update} WHERE ${isOpen} RETURNING 1`,
})

/**
 * The same for somebody who has just signed in: a proof that was withdrawn while it was checked, or an account that was disabled,
 * opens nothing. Without an interaction, for somebody who signs in to their account page, the account alone decides. `stillHolds`: SQL
 * about the row of `accounts`, with what was proven as `$5` and on. A change of that row waits for the
 * lock, and then finds this sign-in among those to be ended. `uses`: steps that use up what is good once, named by
 * `stillHolds` as `{step}`; they are carried out even if the sign-in is not saved. `tables`: those that they write.
 */
export function declareSignIn(
  name: string,
  stillHolds: string,
  uses: Steps = {},
  ...tables: readonly Table<Columns>[]
): SignInCondition {
  const alone = (sql: string) => sql.replace(/\$(\d+)/g, (_, place: string) => `$${Number(place) - 3}`)
  const usesAlone = Object.fromEntries(Object.entries(uses).map(([step, sql]) => [step, alone(sql)]))
  const ofAccount = {
    ...usesAlone,
    condition: `SELECT 1 FROM accounts WHERE id = $1 AND ${alone(stillHolds)} AND disabled_at IS NULL FOR SHARE`,
  }
  const [first, ...others] = tables
  return {
    inInteraction: ephemeralArtifacts.condition(
      name,
      {
        ...uses,
        condition: `${update} WHERE ${isOpen} AND EXISTS (
    SELECT 1 FROM accounts WHERE id = $4 AND ${stillHolds} AND disabled_at IS NULL FOR SHARE) RETURNING 1`,
      },
      ...tables,
    ),
    alone:
      first === undefined
        ? accounts.lookingCondition(`${name}_alone`, ofAccount)
        : first.condition(`${name}_alone`, ofAccount, ...others),
  }
}

/** Writes an interaction that was read before, with everything that was collected. False when it is over. */
async function saveAgain(
  unit: UnitOfWork,
  { proven }: InteractionReader,
  values: readonly unknown[],
): Promise<boolean> {
  const condition =
    proven === undefined
      ? { text: save, values }
      : { text: proven.condition.inInteraction, values: [...values, proven.accountId, ...proven.evidence] }
  unit.decide(decidedBy(condition))
  return (await unit.commit()).kind === 'committed'
}

const consume = ephemeralArtifacts.write(
  'ephemeral_consume',
  'UPDATE ephemeral_artifacts SET consumed_at = $3::timestamptz WHERE model = $1 AND id_hash = $2 AND consumed_at IS NULL',
)

/** The row stays, empty, until it is swept: a decision that was under way must not bring the interaction back. */
const end = ephemeralArtifacts.condition('interaction_end', {
  condition: `UPDATE ephemeral_artifacts SET consumed_at = $2::timestamptz, payload = '{}' WHERE ${isOpen} RETURNING 1`,
})

const destroy = ephemeralArtifacts.write(
  'ephemeral_destroy',
  'DELETE FROM ephemeral_artifacts WHERE model = $1 AND id_hash = $2',
)

/** Stands for an interaction's own value, which is a cookie's too, in the address the engine returns to. */
const ownValue = '{jti}'

function inReturnAddress(payload: Payload, from: string, to: string): Payload {
  const { returnTo } = payload
  return returnTo === undefined ? payload : { ...payload, returnTo: returnTo.replace(from, () => to) }
}

/** An interaction that was begun with a user code holds the device code too: the one is sealed like the other's row. */
function withDeviceCode(payload: Payload, change: (value: string) => string): Payload {
  const { deviceCode } = payload
  return deviceCode === undefined ? payload : { ...payload, deviceCode: change(deviceCode) }
}

/** The engine copies the session cookie into the interaction but never reads it back: it is not stored. */
function storedPayload(storage: Storage, id: string, payload: Payload): Payload {
  const sealed = withDeviceCode(payload, (value) => storage.secretBox.seal(value, deviceCodePurpose))
  const { jti: _value, ...rest } = inReturnAddress(sealed, id, ownValue)
  if (rest.session === undefined) return rest
  const { cookie: _cookie, ...session } = rest.session
  return { ...rest, session: { ...session, cookie: '' } }
}

function ended(): Error {
  return new AdapterRefusal('interaction over', 'interaction session not found')
}

export function createEphemeralAdapter(storage: Storage, model: string, under: RequestUnderWay): Adapter {
  const { sql } = storage.database
  return {
    upsert: async (id, payload, expiresIn) => {
      const idHash = hashSecret(id)
      const state = [JSON.stringify(storedPayload(storage, id, payload)), expiryOf(storage, expiresIn)]
      const unit = currentUnit()
      const reader = model === 'Interaction' ? interactionOf(unit) : undefined
      if (model === 'Interaction' && authorizationOf(unit)?.begins(idHash) === true)
        return unit?.decide(decidedBy({ text: begin, values: [idHash, ...state] }))
      const isSaved =
        unit !== undefined && reader?.isAbout(idHash) === true
          ? await saveAgain(unit, reader, [idHash, ...state])
          : (await sql.query(upsert, [model, idHash, ...state])).rowCount > 0
      if (!isSaved) throw ended()
    },
    find: async (id) => {
      const idHash = hashSecret(id)
      const reader = model === 'Interaction' ? interactionOf(currentUnit()) : undefined
      const row =
        reader === undefined
          ? (await sql.query(find, [model, idHash, expiryLimit(storage)])).rows[0]
          : await reader.read(idHash)
      if (row === undefined || (row.consumed_at !== null && model === 'Interaction')) return undefined
      const opened = withDeviceCode(row.payload, (sealed) => openSealed(storage, sealed, deviceCodePurpose))
      const payload = inReturnAddress(opened, ownValue, id)
      return { ...payload, jti: id, ...(row.consumed_at === null ? {} : { consumed: true }) }
    },
    consume: async (id) => {
      const { rowCount } = await sql.query(consume, [model, hashSecret(id), storage.clock.now().toISOString()])
      if (rowCount === 0) throw new AdapterRefusal('request used', 'the pushed authorization request was already used')
    },
    /** The engine destroys an interaction as it answers the client: of two decisions at once, one is answered. */
    destroy: async (id) => {
      const idHash = hashSecret(id)
      if (model !== 'Interaction') return void (await sql.query(destroy, [model, idHash]))
      const ending = { text: end, values: [idHash, storage.clock.now().toISOString()] }
      const unit = currentUnit()
      if (interactionOf(unit)?.isAnsweredWithCode(idHash) === true) return unit?.decide(decidedBy(ending))
      if (await writeTogether(sql, [], ending)) return
      // Another request answers this interaction. The engine would report a failure to the waiting device, and a device takes the
      // first answer: a double click would have allowed nothing.
      under.forgetDeviceCode()
      throw ended()
    },
    findByUid: unsupported(model, 'uid'),
    findByUserCode: unsupported(model, 'user code'),
    revokeByGrantId: unsupported(model, 'grant'),
  }
}
