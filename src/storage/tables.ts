/** The authorization server's tables (prisma/auth/schema.prisma says what each is for). Their statements are declared beside their nouns. */
import { bigint, bool, int, json, moment, orNull, table, text, textList, transactionId } from '../database/table.js'
import type { Payload } from './adapter-types.js'

export const accounts = table('accounts', {
  id: text,
  email: text,
  name: orNull(text),
  password_hash: orNull(text),
  language: orNull(text),
  email_verified: bool,
  disabled_at: orNull(moment),
  created_at: moment,
  updated_at: moment,
})

export const identityLinks = table('identity_links', {
  issuer: text,
  subject: text,
  account_id: text,
  created_at: moment,
})

export const passkeys = table('passkeys', {
  id: text,
  account_id: text,
  public_key: text,
  counter: bigint,
  // Never null; Prisma declares lists so.
  transports: orNull(textList),
  name: text,
  is_synced: bool,
  created_at: moment,
  last_used_at: orNull(moment),
})

export const authenticatorApps = table('authenticator_apps', {
  account_id: text,
  sealed_secret: text,
  confirmed_at: orNull(moment),
  last_step: bigint,
  created_at: moment,
})

export const recoveryCodes = table('recovery_codes', { account_id: text, code_hash: text, created_at: moment })

export const usedChallenges = table('used_challenges', { challenge_hash: text, expires_at: moment })

export const setupLinks = table('setup_links', {
  token_hash: text,
  expires_at: moment,
  consumed_at: orNull(moment),
})

export const accountLinks = table('account_links', {
  token_hash: text,
  kind: text,
  account_id: text,
  email: orNull(text),
  created_at: moment,
  expires_at: moment,
  consumed_at: orNull(moment),
})

export const mails = table('mails', {
  id: text,
  kind: text,
  sealed: text,
  created_at: moment,
  expires_at: moment,
  due_at: moment,
  attempts: int,
  claim: orNull(text),
  handed_over_at: orNull(moment),
})

export const sessions = table('sessions', {
  uid: text,
  id_hash: text,
  account_id: orNull(text),
  payload: json<Payload>(),
  expires_at: moment,
  started_at: orNull(moment),
  seen_at: orNull(moment),
  device: orNull(text),
  network: orNull(text),
})

export const clients = table('clients', {
  id: text,
  origin: text,
  name: orNull(text),
  payload: json<Payload>(),
  sealed_secret: orNull(text),
  created_at: moment,
  updated_at: moment,
  last_used_at: orNull(moment),
  review_at: orNull(moment),
})

export const clientDocuments = table('client_documents', {
  kind: text,
  url: text,
  body: text,
  fingerprint: text,
  etag: orNull(text),
  fetched_at: moment,
  fresh_until: moment,
  usable_until: moment,
})

export const grants = table('grants', {
  id: text,
  account_id: text,
  client_id: text,
  payload: json<Payload>(),
  created_at: moment,
  expires_at: moment,
})

export const grantOrigins = table('grant_origins', {
  grant_id: text,
  client: json<Readonly<Record<string, unknown>>>(),
  device: orNull(text),
  network: orNull(text),
})

export const artifacts = table('artifacts', {
  model: text,
  id_hash: text,
  grant_id: orNull(text),
  client_id: orNull(text),
  user_code: orNull(text),
  payload: json<Payload>(),
  consumed_at: orNull(moment),
  successor: orNull(text),
  expires_at: orNull(moment),
})

export const ephemeralArtifacts = table('ephemeral_artifacts', {
  model: text,
  id_hash: text,
  payload: json<Payload>(),
  consumed_at: orNull(moment),
  expires_at: moment,
})

export const consents = table('consents', {
  account_id: text,
  client_id: text,
  resource: text,
  // Never null; Prisma declares lists so.
  scopes: orNull(textList),
  fingerprint: text,
  updated_at: moment,
})

export const accountInvitations = table('account_invitations', {
  token_hash: text,
  kind: text,
  name: orNull(text),
  password_hash: orNull(text),
  email: text,
  // Never null; Prisma declares lists so.
  groups: orNull(textList),
  created_at: moment,
  expires_at: moment,
  consumed_at: orNull(moment),
})

export const groupMembers = table('group_members', {
  member: text,
  group_name: text,
  source: text,
  created_at: moment,
})

export const signingKeys = table('signing_keys', {
  kid: text,
  algorithm: text,
  status: text,
  public_jwk: json<Readonly<Record<string, unknown>>>(),
  sealed_private_jwk: text,
  created_at: moment,
  activates_at: orNull(moment),
  published_until: orNull(moment),
})

export const cookieKeys = table('cookie_keys', {
  id: text,
  sealed: text,
  created_at: moment,
  activates_at: orNull(moment),
})

export const signInThrottles = table('sign_in_throttles', { key: text, failures: int, resets_at: moment })

export const rateLimits = table('rate_limits', { key: text, used: int, resets_at: moment })

export const auditEvents = table('audit_events', {
  id: bigint,
  at: moment,
  type: text,
  account_id: orNull(text),
  client_id: orNull(text),
  detail: json<Readonly<Record<string, unknown>>>(),
})

export const revocations = table('revocations', {
  id: bigint,
  transaction_id: transactionId,
  kind: text,
  subject_hash: text,
  audiences: orNull(textList),
  scopes: orNull(textList),
  at: moment,
  expires_at: moment,
})

export const declarations = table('declarations', {
  kind: text,
  id: text,
  source: text,
  payload: text,
  places: json<Readonly<Record<string, string>>>(),
})

export const appliedDeclarations = table('applied_declarations', {
  id: int,
  version: int,
  file_hash: orNull(text),
  applied_at: moment,
})
