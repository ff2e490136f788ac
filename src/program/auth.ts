/** The authorization server, from its database to its port. */

import { bootstrapAccount } from '../authorization-server/accounts/bootstrap.js'
import { createSetupLinks, setupLinkUrl } from '../authorization-server/accounts/setup-link.js'
import { createAuthorizationServer } from '../authorization-server/app.js'
import { createPasswordHasher } from '../authorization-server/login/passwords.js'
import type { RegistrationOptions } from '../authorization-server/options.js'
import { observedAuthorizationServer } from '../authorization-server/request-counts.js'
import type { Database } from '../database/database.js'
import { type ListeningServer, listen } from '../http/http.js'
import { sharePort } from '../http/shared-port.js'
import { allowsHost } from '../oauth/host-pattern.js'
import { levelNames } from '../oauth/sign-in-levels.js'
import { createOperatorFetch } from '../outbound/operator-fetch.js'
import { createUntrustedFetch } from '../outbound/untrusted-fetch.js'
import { createAccountStore } from '../storage/accounts/accounts.js'
import { type KeyRing, tendRegularly } from '../storage/keys/key-ring.js'
import { authMigrations, type Storage } from '../storage/storage.js'
import { startSweeper } from '../storage/sweep.js'
import { brandOf } from './branding.js'
import { clientRules } from './client-rules.js'
import {
  bringUpToDate,
  letCommandsIn,
  noteKeyFile,
  openDatabase,
  openKeys,
  operatorSecrets,
  storageOver,
} from './databases.js'
import { type FollowedDeclarations, openDeclarations } from './declarations/following.js'
import { openMail } from './mail.js'
import type { ServedMcp } from './mcp.js'
import type { DeclaredParts, Parts } from './parts.js'
import { createResourceProposals } from './resource-proposals.js'
import { internalHosts, ownClient } from './topology.js'

const clientFetches = { total: 60, atHost: 5 } as const

function registrationOptions({ config }: Parts): RegistrationOptions {
  const { hidesAddresses } = config
  return {
    mode: config.registrationMode,
    limitPerAddress: hidesAddresses ? undefined : config.REGISTRATION_LIMIT_PER_ADDRESS,
    limitTotal: config.REGISTRATION_LIMIT_TOTAL,
  }
}

function sweepRegularly({ config, log, observability }: Parts, storage: Storage): () => Promise<void> {
  return startSweeper(storage, log, {
    idleClientSeconds: config.IDLE_CLIENT_DAYS * 86_400,
    auditRetentionSeconds: config.AUDIT_RETENTION_DAYS === 0 ? undefined : config.AUDIT_RETENTION_DAYS * 86_400,
    observe: (sweep) => observability.sweep('auth', sweep),
  })
}

/** The issuer's database, migrated, with its keys. */
export interface OpenIssuer {
  readonly database: Database
  readonly storage: Storage
  readonly keyRing: KeyRing
}

/** Opens the database of the issuer, and what is declared in it. */
export async function openIssuer(parts: Parts): Promise<OpenIssuer & { readonly declared: FollowedDeclarations }> {
  const { config, log, clock, overrides, startsAll, closers, observability } = parts
  const database = observability.database('auth', await openDatabase(config, 'auth', log))
  closers.add(() => database.close())
  if (startsAll) await bringUpToDate(config, database, authMigrations, log)
  closers.add(await letCommandsIn(config, 'auth', database))
  const storage = await storageOver(config, database, clock)
  closers.add(() => storage.prisma.$disconnect())
  const keyRing = await openKeys(config, storage, log)
  const declared = await openDeclarations(storage, {
    config,
    log,
    environment: overrides.environment ?? {},
    applies: overrides.worker?.isFirst !== false,
    isStart: startsAll,
  })
  return { database, storage, keyRing, declared }
}

/** `beside`: the MCP server, when it shares the port. Resolves with the link by which the first account is created, if there is none. */
export async function startAuth(
  parts: DeclaredParts,
  { storage, keyRing }: OpenIssuer,
  listening: (server: ListeningServer) => void,
  beside?: ServedMcp,
): Promise<string | undefined> {
  const { config, log, overrides, startsAll, closers, observability, declared } = parts
  const { worker } = overrides
  const plainHasher = await createPasswordHasher({ queue: worker?.hashTurns, cost: overrides.passwordCost })
  if (startsAll) noteKeyFile(config, log)
  const hasher = observability.hasher(plainHasher)
  observability.signingKeys(storage)
  const accounts = createAccountStore(storage)
  const { BOOTSTRAP_EMAIL: email, BOOTSTRAP_PASSWORD: password, PRODUCT_NAME: productName } = config
  if (startsAll && email !== undefined && password !== undefined) {
    const outcome = await bootstrapAccount(accounts, hasher, { email, password, productName })
    log.info({ outcome }, 'bootstrap account')
  }
  const clientHosts = { allowed: config.CLIENT_METADATA_ALLOWED_HOSTS, denied: config.CLIENT_METADATA_DENIED_HOSTS }
  const mail = openMail(config, storage, log, observability.auditObserver)
  const proposals = createResourceProposals(config, storage, log)
  if (proposals !== undefined) closers.add(() => proposals.close())
  const app = await createAuthorizationServer(
    {
      ...clientRules(config, declared.live),
      storage,
      keyRing,
      log,
      mail,
      untrustedFetch: observability.clientFetch(
        overrides.untrustedFetch ??
          createUntrustedFetch({
            timeoutMs: 2_500,
            maxBytes: 65_536,
            maxConcurrent: clientFetches.total,
            maxConcurrentPerHost: clientFetches.atHost,
            allowsHost: (hostname) => allowsHost(clientHosts, hostname),
            allowLoopback: config.dangerouslyAllowLoopbackClientMetadata,
          }),
      ),
      operatorFetch: observability.operatorFetch(createOperatorFetch({ timeoutMs: 5_000, maxBytes: 262_144 })),
      observer: observability.requests(observedAuthorizationServer),
      auditObserver: observability.auditObserver,
      acceptsTokenEndpointAudience: config.ASSERTION_AUDIENCE_TOKEN_ENDPOINT,
      clientFailureMs: 3_000,
      clientFetches,
      clientHosts,
      trustedProxies: config.TRUSTED_PROXIES,
      hidesAddresses: config.hidesAddresses,
      forwarderSecret: parts.forwarderSecret,
      operatorSecrets: () => operatorSecrets(config, 'auth', overrides.only),
      resourceServerClient: ownClient(config, parts.ownSecret),
      onUnknownResource: proposals?.note,
      warnings: declared.warnings,
      stopping: parts.stopping.signal,
      alsoReady: beside?.ready,
      peers: worker?.peers('auth'),
      internalHosts: internalHosts(config, overrides.only),
      registration: registrationOptions(parts),
      usageLimits: config.usageLimits,
      offersHandOff: config.HAND_OFF,
      acceptsMetadataDocuments: config.CLIENT_ID_METADATA_DOCUMENTS,
      accessTokenTtlSeconds: config.ACCESS_TOKEN_TTL_SECONDS,
      refreshTokenTtlSeconds: config.REFRESH_TOKEN_TTL_SECONDS,
      sessionTtlSeconds: config.SESSION_TTL_SECONDS,
      requiredLevel: config.SIGN_IN_ACR === 'any' ? undefined : levelNames[config.SIGN_IN_ACR],
      productName,
      accentColor: config.ACCENT_COLOR,
      brand: brandOf(config),
    },
    hasher,
  )
  parts.issuerRoute?.attach(app)
  const served = beside === undefined ? app : sharePort(beside.app, app, beside.isFor)
  const server = await listen(served, config.HOST, config.authPort)
  listening(server)
  closers.add(tendRegularly(keyRing, log))
  mail?.start()
  if (mail !== undefined) closers.add(() => mail.stop())
  if (worker?.isFirst !== false) closers.add(sweepRegularly(parts, storage))
  if (!startsAll) return undefined
  const token = await createSetupLinks(storage).issue()
  return token === undefined ? undefined : setupLinkUrl(config.ISSUER_URL, token)
}
