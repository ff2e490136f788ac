/**
 * Every setting: its environment name, its default, how its text is read, and the one line that documents it. The README's
 * settings table is made from here.
 */

import { internalUrl, issuerUrl, resourceUrl } from '../oauth/public-url.js'
import { parseTrustedIssuers, type TrustedIssuer } from '../oauth/trusted-issuer.js'
import { allowedOrigin } from '../oauth/web-origin.js'
import { databaseSettings } from './database-settings.js'
import { setting, unset } from './setting.js'
import {
  accentColor,
  addressRange,
  boolean,
  callLimit,
  emailAddress,
  encryptionKeys,
  hostPattern,
  integer,
  listOf,
  oneOf,
  plainText,
  privateUseRedirect,
  sharedSecret,
  text,
  usageLimits,
} from './setting-values.js'

export type RegistrationMode = 'open' | 'limited' | 'token' | 'closed'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Every setting: environment name, default, one line of documentation. */
export const settings = {
  ISSUER_URL: setting(
    'http://localhost:3000',
    'Public URL of the authorization server, its `issuer`; it may have a path. Never change it once clients exist.',
    issuerUrl,
  ),
  RESOURCE_URL: setting(
    'http://localhost:4000/mcp',
    'Public URL of the MCP endpoint, the `resource` and `aud` of its tokens.',
    resourceUrl,
  ),
  RESOURCE_ALIASES: setting<readonly string[]>(
    [],
    'Further URLs of the MCP endpoint, former ones for example, comma-separated. Clients of each go on working; tokens always name RESOURCE_URL.',
    listOf(resourceUrl),
  ),
  RESOURCE_FILE: setting(
    unset,
    'JSON file with the name, scopes and tools of an MCP server of your own at RESOURCE_URL, see "Protect your own MCP server" in the README. For `serve auth` alone. Unset: the notes.',
    text,
  ),
  ISSUER_MIRROR: setting(
    true,
    "Show the authorization server's metadata, /authorize, /token, /register and /revoke on the MCP server's origin too, where clients of revision 2025-03-26 look.",
    boolean,
  ),
  ISSUER_INTERNAL_URL: setting(
    unset,
    'URL at which the MCP server reaches the authorization server in another process, if it differs from ISSUER_URL. Never published. One process that runs both does not need it.',
    internalUrl,
  ),
  HOST: setting('127.0.0.1', 'Interface both servers listen on. The container image sets 0.0.0.0.', text),
  AUTH_PORT: setting<number | undefined>(
    undefined,
    'Port of the authorization server; default: the port of ISSUER_URL.',
    integer(0, 65535),
  ),
  MCP_PORT: setting<number | undefined>(
    undefined,
    'Port of the MCP server; default: the port of RESOURCE_URL.',
    integer(0, 65535),
  ),
  TRUSTED_PROXIES: setting<readonly string[]>(
    [],
    'Addresses or CIDR ranges, comma-separated, whose X-Forwarded-For is believed.',
    listOf(addressRange),
  ),
  STOP_DELAY_SECONDS: setting(
    0,
    'How long a server that was asked to stop goes on answering while /health/ready says 503: until your proxy has noticed, and longer than it keeps idle connections.',
    integer(0, 60),
  ),
  ALLOWED_ORIGINS: setting<readonly string[]>(
    [],
    'Origins of pages that may call the MCP endpoint, comma-separated: https://app.example.com, chrome-extension://<id>, tauri://localhost, or vscode-webview://* where hosts are random. Its own origin and pages on localhost always may.',
    listOf(allowedOrigin),
  ),
  READ_ONLY: setting(false, 'The MCP server has only the tools that change nothing.', boolean),
  API_KEYS: setting(
    false,
    'The MCP server also takes API keys, made by `gatehouse api-keys add`, in place of access tokens.',
    boolean,
  ),
  CALL_LIMIT_PER_CALLER: setting(
    unset,
    'Requests a second that one client may make for one person, and how many at once: 5/20. Unset: no limit. Replicas count together, through their database, once a second.',
    callLimit,
  ),
  CALL_LIMIT_TOTAL: setting(
    unset,
    'The same for all callers of the MCP server together. Once it is used up, each person still has a twentieth of it.',
    callLimit,
  ),
  ...databaseSettings,
  ENCRYPTION_KEY: setting<readonly string[] | undefined>(
    undefined,
    'Seals keys and client secrets at rest, 32+ bytes in base64url; unset: generated into DATA_DIR/encryption.key. Of several, separated by commas or lines, the first seals and all open.',
    encryptionKeys,
    { secret: true },
  ),
  KEY_ROTATION_DAYS: setting(
    90,
    'Days after which new keys sign tokens and cookies; 0: only when `gatehouse keys rotate` says so.',
    integer(0, 3_650),
  ),
  KEY_LEAD_SECONDS: setting(
    86_400,
    'How long a new key is published before it signs: longer than any resource server keeps a copy of the key set.',
    integer(1_200, 7 * 86_400),
  ),
  BOOTSTRAP_EMAIL: setting(
    unset,
    'With BOOTSTRAP_PASSWORD: the account created at start if it does not exist.',
    emailAddress,
  ),
  BOOTSTRAP_PASSWORD: setting(unset, 'Password of that account, at least 15 characters.', text, { secret: true }),
  AUDIT_RETENTION_DAYS: setting(
    365,
    'Days that security events stay in the audit table, see `gatehouse audit list`; 0: for ever.',
    integer(0, 36_500),
  ),
  LOG_LEVEL: setting<LogLevel>(
    'info',
    'debug, info, warn, error or silent.',
    oneOf('debug', 'info', 'warn', 'error', 'silent'),
  ),
  COMMAND_NAME: setting(
    unset,
    'How the start-up lines spell this command, for example `docker compose exec auth gatehouse`; unset: as it was called.',
    plainText,
  ),
  METRICS_PORT: setting<number | undefined>(
    undefined,
    'Port on which HOST answers `GET /metrics` for Prometheus, for all servers of the process; unset: none. Keep it off the public network.',
    integer(1, 65535),
  ),
  ACCESS_TOKEN_FORMAT: setting<'jwt' | 'opaque'>(
    'jwt',
    'jwt (RFC 9068, verified locally) or opaque (introspected on use).',
    oneOf('jwt', 'opaque'),
  ),
  ACCESS_TOKEN_TTL_SECONDS: setting(600, 'Lifetime of access tokens.', integer(60, 3600)),
  REFRESH_TOKEN_TTL_SECONDS: setting(
    30 * 86_400,
    'Idle lifetime of a refresh token; each use starts it anew, up to one year in all.',
    integer(3600, 365 * 86_400),
  ),
  REFRESH_GRACE_SECONDS: setting(
    20,
    'Seconds in which a repeated refresh gets the newest token of its chain. After that it gets its successor only while that is unused, else the grant ends. 0: every second use ends the grant.',
    integer(0, 60),
  ),
  SESSION_TTL_SECONDS: setting(14 * 86_400, 'How long a browser stays signed in.', integer(300, 90 * 86_400)),
  REGISTRATION: setting<RegistrationMode | undefined>(
    undefined,
    'Dynamic client registration (RFC 7591): open, limited (open, so often an hour), token (with a token from `gatehouse clients invite`) or closed; default: open when ISSUER_URL is on localhost, else limited.',
    oneOf('open', 'limited', 'token', 'closed'),
  ),
  ASSERTION_AUDIENCE_TOKEN_ENDPOINT: setting(
    false,
    'Also accept client assertions (private_key_jwt) whose audience is the URL of the token endpoint, as older clients sign them. Default: only the issuer is accepted (FAPI 2.0), except from clients that are a URL.',
    boolean,
  ),
  REGISTRATION_LIMIT_PER_ADDRESS: setting(
    60,
    'Registrations an hour from one address (an IPv6 /64; a /56 has 4 times as many, a /48 16 times) unless REGISTRATION is open. Behind a proxy it needs TRUSTED_PROXIES.',
    integer(1, 1_000_000),
  ),
  REGISTRATION_LIMIT_TOTAL: setting(
    2_000,
    'Registrations an hour from everywhere together, unless REGISTRATION is open or token. Once they are used up, each address still has a twentieth of its own limit.',
    integer(1, 1_000_000),
  ),
  RATE_LIMITS: setting(
    unset,
    'Changes to the limits of the authorization server, see "Limits" in the README: off, or pairs such as `token=6000,authorize=0`, where 0 is no limit. Unset: off when ISSUER_URL is on localhost, else the defaults.',
    usageLimits,
  ),
  IDLE_CLIENT_DAYS: setting(
    90,
    'Days without use after which a client that registered itself is removed. One that nobody ever allowed is removed 30 days after its last authorization request, one with live access never.',
    integer(1, 3_650),
  ),
  DEVICE_FLOW: setting(true, 'Let programs without a browser sign people in by a code to type (RFC 8628).', boolean),
  HAND_OFF: setting(true, 'Offer to show the code, for a program on another machine. It lives 2 minutes.', boolean),
  CLIENT_ID_METADATA_DOCUMENTS: setting(true, 'Accept URLs as client_id and fetch their metadata (CIMD).', boolean),
  CLIENT_METADATA_ALLOWED_HOSTS: setting<readonly string[]>(
    [],
    'Hosts that clients may keep metadata documents and keys on, comma-separated, `*.example.com` for all below; unset: all.',
    listOf(hostPattern),
  ),
  CLIENT_METADATA_DENIED_HOSTS: setting<readonly string[]>(
    [],
    'Hosts, in the same form, that no client metadata is ever fetched from.',
    listOf(hostPattern),
  ),
  ALLOWED_PRIVATE_USE_REDIRECTS: setting<readonly string[]>(
    ['cursor://anysphere.cursor-mcp/oauth/callback'],
    'Exact redirect URIs with private-use schemes that clients may register, comma-separated.',
    listOf(privateUseRedirect),
  ),
  DPOP_REQUIRED: setting(
    false,
    'The MCP server takes only access tokens that are bound to a key of the client (DPoP, RFC 9449). False: plain ones too.',
    boolean,
  ),
  INTROSPECTION_CLIENT_ID: setting(
    unset,
    'Client the MCP server introspects with when ACCESS_TOKEN_FORMAT is opaque, and follows revocations with.',
    text,
  ),
  INTROSPECTION_CLIENT_SECRET: setting(unset, 'Secret of that client.', text, { secret: true }),
  MCP_SERVER_SECRET: setting(
    unset,
    'By which the MCP server follows revocations at the authorization server: the same at both, 24 characters or more. Not needed where one process runs both, nor with INTROSPECTION_CLIENT_ID.',
    sharedSecret,
    { secret: true },
  ),
  REVOCATION_MAX_SILENCE_SECONDS: setting<number | undefined>(
    undefined,
    'Answer 503 to every token when nothing was heard of revocations for so long, or not yet since the start. Unset: go on with what is known.',
    integer(20, 86_400),
  ),
  CLIENTS_FILE: setting(
    unset,
    'JSON file of clients that you define, read at each start, see "Machines" in the README. Unset: what an earlier file said stays.',
    text,
  ),
  TRUSTED_ASSERTION_ISSUERS: setting<readonly TrustedIssuer[]>(
    [],
    'Identity providers whose identity assertions (ID-JAG) are exchanged for access tokens: a JSON list, see "Machines" in the README.',
    parseTrustedIssuers,
  ),
  PRODUCT_NAME: setting('Gatehouse', 'Name on every page.', plainText),
  ACCENT_COLOR: setting('#0b5cad', 'Accent colour of the pages, six hexadecimal digits.', accentColor),
  dangerouslyAllowLoopbackClientMetadata: setting(
    false,
    'Fetch client metadata from loopback addresses. Development and tests only; refused unless ISSUER_URL is on localhost.',
    boolean,
  ),
} as const
