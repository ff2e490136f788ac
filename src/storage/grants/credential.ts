/**
 * Reads the authorization code or refresh token of a token request in one statement with everything the engine asks for next: its
 * grant, the grant's account and, if it is known to be needed, the client. Judges none of it.
 */

import { hashSecret } from '../../base/secrets.js'
import type { ColumnsOf, RowStatement } from '../../database/sql.js'
import { orNull, text, textList } from '../../database/table.js'
import type { GroupedPerson } from '../../oauth/groups.js'
import type { Payload } from '../adapter-types.js'
import { expiryLimit } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { accounts, artifacts, clients, grants } from '../tables.js'

/** Models that are redeemed at the token endpoint together with their grant. */
export type RedeemedModel = 'AuthorizationCode' | 'RefreshToken'

/** Models of what is asked about at introspection: which of them a value is, only its row tells. */
const tokenModels = ['AccessToken', 'ClientCredentials', 'RefreshToken'] as const

export type CredentialModel = RedeemedModel | (typeof tokenModels)[number]

export interface PresentedCredential {
  readonly model: RedeemedModel | 'any token'
  readonly value: string
}

export function isRedeemed(model: string): model is RedeemedModel {
  return model === 'AuthorizationCode' || model === 'RefreshToken'
}

export function isAskedAbout(model: string): model is CredentialModel {
  return tokenModels.some((token) => token === model)
}

/** The person a grant belongs to, as joined with what the request is about. */
export interface GrantHolder extends GroupedPerson {
  readonly accountId: string
  readonly name: string | null
  readonly disabled: boolean
}

/** Columns of a grant and of an account that are joined to something else: null when they are not there. */
export interface JoinedGrant {
  readonly grant_id: string | null
  readonly grant_payload: Payload | null
  readonly account_id: string | null
  readonly email: string | null
  readonly name: string | null
  readonly disabled_at: Date | string | null
  readonly email_verified: boolean | null
  readonly memberships: readonly string[] | null
}

/** SQL: what is read of an account that is joined as `account`. */
export function holderColumns(account: string): string {
  return `${account}.id AS account_id, ${account}.email, ${account}.name, ${account}.disabled_at, ${account}.email_verified,
    (SELECT array_agg(m.group_name) FROM group_members m
      WHERE m.member = ANY(ARRAY[${account}.id, CASE WHEN ${account}.email_verified THEN ${account}.email END])) AS memberships`
}

type JoinedHolder = Omit<JoinedGrant, 'grant_id' | 'grant_payload'>

export const joinedHolderColumns: ColumnsOf<JoinedHolder> = {
  account_id: orNull(accounts.columns.id),
  ...{ email: orNull(accounts.columns.email), name: accounts.columns.name, disabled_at: accounts.columns.disabled_at },
  ...{ email_verified: orNull(accounts.columns.email_verified), memberships: orNull(textList) },
}

export function holderOf(row: JoinedHolder): GrantHolder | undefined {
  if (row.account_id === null) return undefined
  const { account_id: accountId, email, name, disabled_at, email_verified, memberships } = row
  return {
    accountId,
    email: email ?? '',
    name,
    disabled: disabled_at !== null,
    emailVerified: email_verified ?? false,
    memberships: memberships ?? [],
  }
}

const findById = accounts.read(
  'account_holder',
  joinedHolderColumns,
  `SELECT ${holderColumns('p')} FROM accounts p WHERE p.id = $1`,
)

/** For a request that has read the account with nothing else. */
export async function findHolder({ database }: Storage, accountId: string): Promise<GrantHolder | undefined> {
  const [row] = (await database.sql.query(findById, [accountId])).rows
  return row === undefined ? undefined : holderOf(row)
}

/** A row of `artifacts`, with its grant and account when both are still there. */
export interface CredentialRow extends JoinedGrant {
  readonly model: string
  readonly payload: Payload
  readonly consumed_at: Date | string | null
  /** Sealed: see refresh-successor.ts. */
  readonly successor: string | null
}

export interface ClientRow {
  /** Changes with every change of the row. */
  readonly version: string
  /** Null when the version is the one that the reader knows. */
  readonly payload: Payload | null
  readonly sealed_secret: string | null
  /** As in `ClientOrigin`. */
  readonly origin: string
}

/** Every column of the client and of the credential may be null: either may be missing. */
type JoinedRow = Omit<CredentialRow, 'payload' | 'model'> & {
  readonly model: string | null
  readonly payload: Payload | null
  readonly client_version: string | null
  readonly client_payload: Payload | null
  readonly origin: string | null
  readonly sealed_secret: string | null
}

/** What a grant and its account bring along when they are joined to something else. */
export const joinedGrantColumns: ColumnsOf<JoinedGrant> = {
  grant_id: orNull(grants.columns.id),
  grant_payload: orNull(grants.columns.payload),
  ...joinedHolderColumns,
}

const credentialColumns = `a.model, a.payload, a.consumed_at, a.successor, g.id AS grant_id,
    g.payload AS grant_payload, ${holderColumns('p')}`

const grantJoins = `LEFT JOIN grants g ON g.id = a.grant_id AND g.expires_at > $3::timestamptz
    LEFT JOIN accounts p ON p.id = g.account_id`

const isPresented = 'a.model = $1'
const isAnyToken = `$1 = 'any token' AND a.model IN (${tokenModels.map((model) => `'${model}'`).join(', ')})`

interface CredentialStatements<Row> {
  readonly one: RowStatement<Row>
  readonly any: RowStatement<Row>
}

function statements<Row>(
  name: string,
  columns: ColumnsOf<Row>,
  text: (isModel: string) => string,
): CredentialStatements<Row> {
  return {
    one: artifacts.read(name, columns, text(isPresented)),
    any: artifacts.read(`${name}_any`, columns, text(isAnyToken)),
  }
}

const credentialRow: ColumnsOf<CredentialRow> = {
  ...artifacts.pick('model', 'payload', 'consumed_at', 'successor'),
  ...joinedGrantColumns,
}

const findCredential = statements(
  'credential_find',
  credentialRow,
  (isModel) => `SELECT ${credentialColumns} FROM artifacts a ${grantJoins}
    WHERE ${isModel} AND a.id_hash = $2 AND (a.expires_at IS NULL OR a.expires_at > $3::timestamptz)`,
)

/** A client as the engine's adapter reads it. `version`: see `clientColumns`. */
export const clientRow: ColumnsOf<ClientRow> = {
  version: text,
  payload: orNull(clients.columns.payload),
  ...clients.pick('sealed_secret', 'origin'),
}

/** SQL. `xmin` is the transaction that wrote the row. `known`: the version whose metadata need not be sent again. */
export function clientColumns(client: string, known: string, as: { version: string; payload: string }): string {
  return `${client}.xmin::text AS ${as.version}, CASE WHEN ${client}.xmin::text = ${known} THEN NULL ELSE ${client}.payload END AS ${as.payload},
    ${client}.sealed_secret, ${client}.origin`
}

const findWithClient = statements<JoinedRow>(
  'credential_find_with_client',
  {
    ...credentialRow,
    client_version: orNull(text),
    client_payload: orNull(clients.columns.payload),
    origin: orNull(clients.columns.origin),
    sealed_secret: clients.columns.sealed_secret,
  },
  (
    isModel,
  ) => `SELECT ${clientColumns('c', '$5::text', { version: 'client_version', payload: 'client_payload' })}, ${credentialColumns} FROM (VALUES (1)) AS always
    LEFT JOIN clients c ON c.id = $4
    LEFT JOIN artifacts a ON ${isModel} AND a.id_hash = $2 AND (a.expires_at IS NULL OR a.expires_at > $3::timestamptz)
    ${grantJoins}`,
)

function statementFor<Row>({ model }: PresentedCredential, all: CredentialStatements<Row>): RowStatement<Row> {
  return model === 'any token' ? all.any : all.one
}

export async function readCredential(
  storage: Storage,
  presented: PresentedCredential,
): Promise<CredentialRow | undefined> {
  const values = [presented.model, hashSecret(presented.value), expiryLimit(storage)]
  return (await storage.database.sql.query(statementFor(presented, findCredential), values)).rows[0]
}

/** The client of a request is asked for before its credential: one statement answers both. */
export async function readCredentialWithClient(
  storage: Storage,
  presented: PresentedCredential,
  clientId: string,
  knownVersion: string | undefined,
): Promise<{ readonly credential: CredentialRow | undefined; readonly client: ClientRow | undefined }> {
  const values = [presented.model, hashSecret(presented.value), expiryLimit(storage), clientId, knownVersion ?? null]
  const row = (await storage.database.sql.query(statementFor(presented, findWithClient), values)).rows[0]
  if (row === undefined) return { credential: undefined, client: undefined }
  const { model, payload, client_version: version, client_payload: client, sealed_secret, origin } = row
  return {
    credential: model === null || payload === null ? undefined : { ...row, model, payload },
    client: version === null ? undefined : { version, payload: client, sealed_secret, origin: origin ?? 'dynamic' },
  }
}
