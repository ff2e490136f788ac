/**
 * The authorization server: middleware in order, then one mount list. Owns how the parts fit together; every part owns its own
 * rules. RFC 6749, 6750, 7009, 7591, 7592, 7636, 7662, 8414, 8628, 8707, 9068, 9207, OpenID Connect Core, Discovery, RP-Initiated Logout.
 */
import compose from 'koa-compose'
import type { HttpMiddleware } from '../http/context.js'
import { createHttpBase, type HttpApp, type HttpBaseOptions, routesOf } from '../http/http.js'
import { answerAhead } from '../http/prepared-answers.js'
import { createMailer } from '../mail/mailer.js'
import { derived } from '../oauth/declared-resource.js'
import { grantSwitches } from '../oauth/grant-types.js'
import { letsStrangersIn, signUpOf } from '../oauth/sign-up.js'
import { pathOf } from '../oauth/well-known.js'
import { readPageLanguages } from '../pages/page-languages.js'
import { createPages, viewsFolder } from '../pages/pages.js'
import { createAccountStore } from '../storage/accounts/accounts.js'
import { createGroupMembers } from '../storage/accounts/group-members.js'
import { createIdentityLinks } from '../storage/accounts/identity-links.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { createRateLimits } from '../storage/counters/rate-limits.js'
import { createUsageCounters } from '../storage/counters/usage-counters.js'
import { createMailQueue } from '../storage/mail/mail-queue.js'
import { accountRequests, createAccountRouter } from './account/router.js'
import { createAccountLinks } from './accounts/account-links.js'
import { createSetupLinks } from './accounts/setup-link.js'
import { noteClientRequests } from './clients/client-requests.js'
import { ownNames } from './clients/name-warnings.js'
import { CookieSigner } from './cookie-signer.js'
import { guardCodeEntry, limitDeviceCodes } from './device/entry.js'
import { paceDevices } from './device/polling.js'
import { canonicalisePaths } from './endpoints/canonical-paths.js'
import { allowCrossOriginRegistration } from './endpoints/cross-origin.js'
import { refuseCrossSite } from './endpoints/fetch-metadata.js'
import { postOnResume } from './endpoints/form-post.js'
import { serveDocuments } from './endpoints/metadata.js'
import { createRouteMethods } from './endpoints/methods.js'
import { normaliseParameters } from './endpoints/parameters.js'
import { answerPostedRequests } from './endpoints/posted-requests.js'
import { registrations } from './endpoints/registration-endpoint.js'
import { serveRevocationFeed } from './endpoints/revocation-feed.js'
import { introspectSelfContained } from './endpoints/self-contained-introspection.js'
import { revokeSelfContained } from './endpoints/self-contained-revocation.js'
import { createSelfContainedReader } from './endpoints/self-contained-tokens.js'
import { introspections, tokenRequests } from './endpoints/token-endpoint.js'
import { createLiveTokenFinder } from './endpoints/userinfo.js'
import { createClientAuthentication } from './engine/client-authentication.js'
import { hookDeviceCodes } from './engine/device-codes.js'
import { createEngineClients } from './engine/engine-clients.js'
import { listenToEngine } from './engine/engine-events.js'
import { createEnginePages } from './engine/engine-pages.js'
import { keepUnusedWhenPutOff } from './engine/one-time.js'
import { registerOwnGrant } from './engine/own-grants.js'
import { createProvider } from './engine/provider.js'
import { takeResourceTokensAtUserinfo } from './engine/userinfo-tokens.js'
import { createEventLog, noteParties } from './events.js'
import { createAccountMapper } from './grants/account-mapping.js'
import { createOwnGrants } from './grants/grants.js'
import { createIdentityProviders } from './identity-providers/identity-providers.js'
import { createProviderRouter } from './identity-providers/router.js'
import { createDecisionGuard } from './interactions/decision-guard.js'
import { showHandOff } from './interactions/hand-off.js'
import { authorizationRequests, interactionRequests } from './interactions/interaction-requests.js'
import { verifyLogoutHints } from './interactions/logout-hint.js'
import { holdBackErrors } from './interactions/open-redirect-guard.js'
import { createInteractionRouter } from './interactions/router.js'
import { answerSignOuts } from './interactions/sign-outs.js'
import { inLanes } from './lanes.js'
import { createRegistrationGate, requireInvitation } from './limits/registration-limits.js'
import { createTokenGate, limitUsage } from './limits/usage-limits.js'
import { createKnownBrowsers } from './login/known-browsers.js'
import { createSignInFactors } from './login/login-methods.js'
import type { PasswordHasher } from './login/passwords.js'
import { createSignInThrottle } from './login/throttle.js'
import { whereaboutsOf } from './login/whereabouts.js'
import type { AuthorizationServerOptions } from './options.js'
import { createCsrfProtection } from './pages/csrf.js'
import { createFirstRunRouter } from './pages/first-run.js'
import { createNewcomerRouter } from './pages/newcomer-pages.js'
import { renderErrorPage } from './pages/page-error.js'
import { createRecoveryRouter } from './pages/recovery-pages.js'
import { pageScripts, popupViews, type Views } from './pages/views.js'
import { createVisitorPages } from './pages/visitor-pages.js'
import { createResources } from './resources/resources.js'
import { routes, wellKnownPaths } from './routes.js'
import { inUnitsOfWork } from './units-of-work.js'

/** Builds the app over an opened, migrated storage. */
export async function createAuthorizationServer(
  options: AuthorizationServerOptions,
  hasher: PasswordHasher,
): Promise<HttpApp> {
  const { storage, keyRing, log, issuer, productName, accentColor, hidesAddresses = false } = options
  const { origin } = new URL(issuer)
  const basePath = pathOf(issuer)
  const pages = createPages<Views>({
    viewsFolder,
    textFolders: options.textFolders,
    productName,
    accentColor,
    brand: options.brand,
    popupViews,
    scripts: pageScripts,
    basePath,
  })
  const { declarations, requiredLevel } = options
  const resources = createResources(declarations, issuer)
  const csrf = createCsrfProtection(keyRing, origin)
  const audit = createAuditTrail(storage, log, options.auditObserver)
  const accounts = createAccountStore(storage)
  const clients = createEngineClients(options, (clientId) => void audit.record({ type: 'client.changed', clientId }))
  const enginePages = createEnginePages(pages)
  const standing = { storage, resources, requiredLevel, audit }
  const provider = createProvider({ options, resources, keyRing, pages: enginePages, clients, standing })
  const ownGrants = createOwnGrants({
    issuer,
    trustedIssuers: derived(declarations, ({ assertionIssuers }) => assertionIssuers),
    storage,
    resources,
    accounts: createAccountMapper({
      accounts,
      links: createIdentityLinks(storage.prisma),
      audit,
      clock: storage.clock,
    }),
    members: createGroupMembers(storage),
    audit,
    operatorFetch: options.operatorFetch,
  })
  for (const grant of ownGrants) registerOwnGrant(provider, grant)
  listenToEngine(provider, createEventLog(log, audit))

  const base: HttpBaseOptions = {
    log,
    clock: storage.clock,
    origin,
    basePath,
    alsoAnswerHosts: options.internalHosts,
    trustedProxies: options.trustedProxies,
    forwarderSecret: options.forwarderSecret,
    operatorSecrets: options.operatorSecrets,
    observer: options.observer,
    ready: async () => {
      keyRing.assertAllOpen()
      await storage.ready()
      await options.alsoReady?.()
    },
    stopping: options.stopping,
    warnings: options.warnings,
    peers: options.peers,
    renderErrorPage: renderErrorPage(pages),
  }
  const app = createHttpBase(base)
  // The engine signs its cookies with the app's keys.
  keyRing.follow(({ cookie }) => {
    app.keys = new CookieSigner(cookie)
  })
  const knownBrowsers = createKnownBrowsers(keyRing, issuer, storage.clock)
  const setupLinks = createSetupLinks(storage)
  const visitorPages = createVisitorPages({ issuer, setupLinks, pages, resources })
  const firstRun = createFirstRunRouter({
    productName,
    setupLinks,
    knownBrowsers,
    hasher,
    audit,
    csrf,
    pages,
    resources,
  })
  const limits = createRateLimits(storage.database.sql, storage.clock)
  const languages = readPageLanguages([viewsFolder, ...(options.textFolders ?? [])])
  const queue = createMailQueue(storage)
  const mailer = options.mail && createMailer({ queue, languages, issuer, productName, wake: options.mail.wake })
  const recovery = createRecoveryRouter({
    ...{ storage, productName, languages, accounts, knownBrowsers, hasher, audit, limits, hidesAddresses, csrf, pages },
    mail: mailer && { queue, mailer },
    links: createAccountLinks(storage),
    usageLimits: options.usageLimits,
  })
  const identityProviders = createIdentityProviders({ options, accounts, audit })
  const signIns = {
    engine: provider,
    storage,
    ...createSignInFactors(options, accounts, hasher),
    accounts,
    ...identityProviders,
    throttle: createSignInThrottle(storage.database.sql, storage.clock),
    knownBrowsers,
    mailer,
    audit,
    csrf,
    pages,
    sessionTtlSeconds: options.sessionTtlSeconds,
    issuer,
    hidesAddresses,
    resources,
    ownNames: derived(declarations, (declared) => ownNames({ productName, issuer, resources: declared.resources })),
    letsStrangersSignUp: () => mailer !== undefined && letsStrangersIn(signUpOf(declarations.current(), issuer)),
  }
  const newcomers = createNewcomerRouter({
    ...{ ...signIns, productName, hasher, languages, limits, signUp: () => signUpOf(declarations.current(), issuer) },
    ...{ mail: mailer && { queue, mailer }, usageLimits: options.usageLimits },
  })
  const accountArea = createAccountRouter({ ...signIns, hasher, productName })
  const interactions = createInteractionRouter({
    ...signIns,
    keepDocument: (clientId) => clients.keep(clientId),
    requiredLevel,
    decisionGuard: createDecisionGuard(csrf, storage.clock),
    offersHandOff: options.offersHandOff,
    refreshTokenTtlSeconds: options.refreshTokenTtlSeconds,
  })

  const codeEntry = { limits, csrf, hidesAddresses }
  hookDeviceCodes(provider, limitDeviceCodes(codeEntry))
  const counters = createUsageCounters(storage.database.sql, storage.clock, {
    onFailure: (err) => log.warn({ err }, 'rate limits are counted per process until the database answers'),
  })
  const usage = { limits: options.usageLimits, counters, hidesAddresses, issuer }
  const normalise = normaliseParameters(resources)
  const limited = limitUsage(usage)
  const unusedWhenPutOff = keepUnusedWhenPutOff(storage)
  const paced = paceDevices(storage)
  const documents = serveDocuments({
    basePath,
    declarations,
    resources,
    switches: grantSwitches(options),
    languages: pages.languages,
    keyRing,
  })
  const readSelfContained = createSelfContainedReader({ issuer, storage, keyRing })
  takeResourceTokensAtUserinfo(provider, createLiveTokenFinder(storage, readSelfContained))
  const unitsOfWork = inUnitsOfWork(
    [
      tokenRequests(storage, audit, createTokenGate(usage)),
      introspections(storage, resources, introspectSelfContained(storage, resources, readSelfContained)),
      interactionRequests(storage),
      accountRequests(storage),
      authorizationRequests(storage),
      registrations(issuer, storage, createRegistrationGate(options.registration, limits)),
    ],
    (ctx) => whereaboutsOf(ctx, hidesAddresses),
  )
  const everything: readonly HttpMiddleware[] = [
    pages.serveAssets,
    documents.middleware,
    allowCrossOriginRegistration,
    requireInvitation(options.registration),
    unusedWhenPutOff,
    normalise,
    limited,
    answerPostedRequests,
    paced,
    ...(options.offersDeviceFlow ? [guardCodeEntry(codeEntry)] : []),
    showHandOff(pages),
    holdBackErrors(pages),
    verifyLogoutHints(issuer, keyRing),
    answerSignOuts(pages),
    postOnResume(enginePages.postForm),
    unitsOfWork,
    noteClientRequests(storage, log),
    routesOf(visitorPages),
    routesOf(firstRun),
    routesOf(recovery),
    routesOf(newcomers),
    routesOf(interactions),
    routesOf(accountArea),
    routesOf(createProviderRouter(identityProviders)),
    serveRevocationFeed(
      storage,
      declarations,
      createClientAuthentication(provider, 'revocation_feed'),
      options.stopping,
    ),
    revokeSelfContained({ storage, audit, read: readSelfContained }),
  ]
  // Where most requests go, only what has a say there stands in the way.
  const lanes = [
    { paths: [routes.jwks, ...wellKnownPaths], middleware: [documents.middleware] },
    {
      paths: [routes.token],
      middleware: [unusedWhenPutOff, normalise, limited, paced, unitsOfWork],
    },
    {
      paths: [routes.introspection],
      middleware: [unusedWhenPutOff, normalise, limited, unitsOfWork],
    },
  ]
  const methods = createRouteMethods({
    registration: options.registration.mode !== 'closed',
    deviceFlow: options.offersDeviceFlow,
  })
  app.use(canonicalisePaths)
  app.use(methods.refuseOthers)
  app.use(refuseCrossSite(origin))
  app.use(inLanes(lanes, everything, [noteParties, compose(provider.middleware), methods.answerRest]))
  return answerAhead(app, base, documents.prepared)
}
