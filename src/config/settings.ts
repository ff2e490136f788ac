/**
 * Every setting: its environment name, its default, how its text is read, and the one line that documents it. The manual's
 * settings table is made from here.
 */

import { internalUrl, issuerUrl, resourceUrl } from '../oauth/public-url.js'
import { allowedOrigin } from '../oauth/web-origin.js'
import { databaseSettings } from './database-settings.js'
import { setting, unset } from './setting.js'
import {
  accentColor,
  addressRange,
  boolean,
  callLimit,
  contact,
  emailAddress,
  encryptionKeys,
  hostPattern,
  integer,
  listOf,
  mailSender,
  oneOf,
  pageUrl,
  plainText,
  privateUseRedirect,
  sharedSecret,
  smtpUrl,
  text,
  usageLimits,
  type Workers,
  workers,
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
    'Further URLs of the MCP endpoint, for example former ones, comma-separated. Clients that use one keep working. Tokens always name RESOURCE_URL.',
    listOf(resourceUrl),
  ),
  GATEHOUSE_FILE: setting(
    unset,
    'YAML or JSON file that declares resources, clients and identity providers, see docs/reference/file.md. Changes apply without a restart. Unset: gatehouse.yaml in the current folder, if it exists.',
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
    'Addresses or CIDR ranges of your proxies, comma-separated. X-Forwarded-For is trusted from these only.',
    listOf(addressRange),
  ),
  WORKERS: setting<Workers>(
    1,
    'Number of processes that serve together on one machine, or auto: one for each core. More than one needs PostgreSQL. With the embedded database, auto is 1.',
    workers,
  ),
  STOP_DELAY_SECONDS: setting(
    0,
    'Seconds for which a stopping server still serves requests while /health/ready answers 503. Longer than your proxy takes to notice, and than it keeps idle connections.',
    integer(0, 60),
  ),
  ALLOWED_ORIGINS: setting<readonly string[]>(
    [],
    "Origins of pages that may call the MCP endpoint, comma-separated: https://app.example.com, chrome-extension://<id>, tauri://localhost, or vscode-webview://* for random hosts. The endpoint's own origin and pages on localhost are always allowed.",
    listOf(allowedOrigin),
  ),
  READ_ONLY: setting(false, 'The MCP server offers only the tools that change nothing.', boolean),
  API_KEYS: setting(
    false,
    'The MCP server also accepts API keys in place of access tokens. `gatehouse api-keys add` makes one.',
    boolean,
  ),
  CALL_LIMIT_PER_CALLER: setting(
    unset,
    'Requests per second for one client and one person, and the burst: 5/20. Beyond it the caller gets 429. Unset: no limit. Replicas add up their counts in the database once a second.',
    callLimit,
  ),
  CALL_LIMIT_TOTAL: setting(
    unset,
    'The same for all callers of the MCP server together. When it is used up, each person still gets a twentieth of it.',
    callLimit,
  ),
  ...databaseSettings,
  ENCRYPTION_KEY: setting<readonly string[] | undefined>(
    undefined,
    'Encrypts keys, client secrets and secrets of authenticator apps at rest, 32 bytes or more in base64url. Separate several by commas or lines: the first encrypts, all decrypt. Unset: generated into DATA_DIR/encryption.key.',
    encryptionKeys,
    { secret: true },
  ),
  KEY_ROTATION_DAYS: setting(
    90,
    'Days between rotations of the keys that sign tokens and cookies. 0: rotated only by `gatehouse keys rotate`.',
    integer(0, 3_650),
  ),
  KEY_LEAD_SECONDS: setting(
    86_400,
    'Seconds for which a new key is published before it signs. Longer than any resource server caches the key set.',
    integer(1_200, 7 * 86_400),
  ),
  BOOTSTRAP_EMAIL: setting(
    unset,
    'Email address of the account that is created at start if it does not exist. Needs BOOTSTRAP_PASSWORD.',
    emailAddress,
  ),
  BOOTSTRAP_PASSWORD: setting(unset, 'Password of that account, at least 15 characters.', text, { secret: true }),
  SMTP_URL: setting(
    unset,
    'SMTP server that sends mail: smtps://user:password@mail.example.com, or smtp:// with STARTTLS. Without TLS only on localhost. Needs MAIL_FROM. Unset: no mail is sent, and links come from the command line.',
    smtpUrl,
    { secret: true },
  ),
  MAIL_FROM: setting(
    unset,
    'Sender of all mails: `login@example.com`, or `Example <login@example.com>`. Needs SMTP_URL.',
    mailSender,
  ),
  AUDIT_RETENTION_DAYS: setting(
    365,
    'Days for which security events are kept in the audit table, see `gatehouse audit list`. 0: forever.',
    integer(0, 36_500),
  ),
  LOG_LEVEL: setting<LogLevel>(
    'info',
    'debug, info, warn, error or silent.',
    oneOf('debug', 'info', 'warn', 'error', 'silent'),
  ),
  COMMAND_NAME: setting(
    unset,
    'How start-up messages spell this command, for example `docker compose exec auth gatehouse`. Unset: as it was started.',
    plainText,
  ),
  METRICS_PORT: setting<number | undefined>(
    undefined,
    'Port for `GET /metrics` (Prometheus) on HOST, for all servers of the process. Keep it off the public network. Unset: no metrics.',
    integer(1, 65535),
  ),
  ACCESS_TOKEN_FORMAT: setting<'jwt' | 'opaque'>(
    'jwt',
    'jwt (RFC 9068, verified locally) or opaque (introspected on use).',
    oneOf('jwt', 'opaque'),
  ),
  ACCESS_TOKEN_TTL_SECONDS: setting(600, 'Lifetime of access tokens, in seconds.', integer(60, 3600)),
  REFRESH_TOKEN_TTL_SECONDS: setting(
    30 * 86_400,
    'Idle lifetime of a refresh token, in seconds. Each use restarts it, up to one year in all.',
    integer(3600, 365 * 86_400),
  ),
  REFRESH_GRACE_SECONDS: setting(
    20,
    'Seconds in which a repeated refresh gets the newest token of its chain. Later, it gets its successor if nobody has used that one; otherwise the grant is revoked. 0: every reuse revokes the grant.',
    integer(0, 60),
  ),
  SESSION_TTL_SECONDS: setting(14 * 86_400, 'Seconds for which a browser stays signed in.', integer(300, 90 * 86_400)),
  SIGN_IN_ACR: setting<'any' | 'mfa' | 'phr'>(
    'any',
    'How strongly people must prove who they are before a program gets access: any, mfa (a password with a code, or a passkey) or phr (a passkey). Weaker sign-ins reach the account page only, where people set up what is missing. A resource may demand more (`tokens.acr`).',
    oneOf('any', 'mfa', 'phr'),
  ),
  REGISTRATION: setting<RegistrationMode | undefined>(
    undefined,
    'Dynamic client registration (RFC 7591): open, limited (open, but rate-limited per hour), token (with a token from `gatehouse clients invite`) or closed. Default: open if ISSUER_URL is on localhost, otherwise limited.',
    oneOf('open', 'limited', 'token', 'closed'),
  ),
  ASSERTION_AUDIENCE_TOKEN_ENDPOINT: setting(
    false,
    'Also accept client assertions (private_key_jwt) whose audience is the URL of the token endpoint, which older clients send. Default: only the issuer is accepted (FAPI 2.0), except from clients whose id is a URL.',
    boolean,
  ),
  REGISTRATION_LIMIT_PER_ADDRESS: setting(
    60,
    'Maximum registrations per hour from one address (IPv6: from a /64; a /56 gets 4 times as many, a /48 16 times). No effect if REGISTRATION is open. Behind a proxy it needs TRUSTED_PROXIES.',
    integer(1, 1_000_000),
  ),
  REGISTRATION_LIMIT_TOTAL: setting(
    2_000,
    'Maximum registrations per hour from all addresses together. No effect if REGISTRATION is open or token. When it is used up, each address still gets a twentieth of its own limit.',
    integer(1, 1_000_000),
  ),
  RATE_LIMITS: setting(
    unset,
    'Changes the rate limits of the authorization server, see docs/reference/limits.md: off, or pairs such as `token=6000,authorize=0`, where 0 is no limit. Unset: off if ISSUER_URL is on localhost, otherwise the defaults.',
    usageLimits,
  ),
  IDLE_CLIENT_DAYS: setting(
    90,
    'Days without use after which a client that registered itself is removed. A client that nobody has allowed is removed 30 days after its last authorization request. A client with a valid grant is kept.',
    integer(1, 3_650),
  ),
  DEVICE_FLOW: setting(
    true,
    'Let programs without a browser sign people in with a code that they type (RFC 8628).',
    boolean,
  ),
  HAND_OFF: setting(
    true,
    'Offer to show the authorization code, for a program on another machine. The code is valid for 2 minutes.',
    boolean,
  ),
  CLIENT_ID_METADATA_DOCUMENTS: setting(
    true,
    "Accept a URL as client_id and fetch the client's metadata from it (CIMD).",
    boolean,
  ),
  CLIENT_METADATA_ALLOWED_HOSTS: setting<readonly string[]>(
    [],
    'Hosts from which client metadata and keys may be fetched, comma-separated. `*.example.com` matches every host below it. Unset: all hosts.',
    listOf(hostPattern),
  ),
  CLIENT_METADATA_DENIED_HOSTS: setting<readonly string[]>(
    [],
    'Hosts, in the same form, from which client metadata and keys are never fetched.',
    listOf(hostPattern),
  ),
  RESOURCE_DISCOVERY_HOSTS: setting<readonly string[]>(
    [],
    'Hosts, in the same form. If a client requests an undeclared resource there, the issuer reads the metadata of that server and writes a proposal to the audit trail (`gatehouse resources proposals`). Nothing is accepted automatically. Unset: never.',
    listOf(hostPattern),
  ),
  ALLOWED_PRIVATE_USE_REDIRECTS: setting<readonly string[]>(
    ['cursor://anysphere.cursor-mcp/oauth/callback'],
    'Redirect URIs with private-use schemes that clients may register, comma-separated, compared exactly.',
    listOf(privateUseRedirect),
  ),
  DPOP_REQUIRED: setting(
    false,
    "The MCP server accepts only access tokens bound to a client's key (DPoP, RFC 9449). False: bearer tokens too.",
    boolean,
  ),
  INTROSPECTION_CLIENT_ID: setting(
    unset,
    'Client ID that the MCP server uses to read the revocation feed and, if ACCESS_TOKEN_FORMAT is opaque, to introspect.',
    text,
  ),
  INTROSPECTION_CLIENT_SECRET: setting(unset, 'Secret of that client.', text, { secret: true }),
  MCP_SERVER_SECRET: setting(
    unset,
    'Shared secret that the MCP server uses to read the revocation feed, 24 characters or more. Set the same value on both servers. Not needed if one process runs both, or with INTROSPECTION_CLIENT_ID.',
    sharedSecret,
    { secret: true },
  ),
  REVOCATION_MAX_SILENCE_SECONDS: setting<number | undefined>(
    undefined,
    'Answer 503 to every token if the revocation feed has been silent for this many seconds, including since start-up. Unset: use the revocations already known.',
    integer(20, 86_400),
  ),
  PRODUCT_NAME: setting('Gatehouse', 'Name on every page.', plainText),
  ACCENT_COLOR: setting('#0b5cad', 'Accent colour of the pages, six hexadecimal digits.', accentColor),
  LOGO_FILE: setting(
    unset,
    'PNG picture or SVG drawing shown beside the name on every page, at most 256 KiB. Read at start; a drawing is reduced to its shapes. Unset: the mark of Gatehouse.',
    text,
  ),
  TERMS_URL: setting(unset, 'Your terms of use, linked at the foot of every page. An https URL.', pageUrl),
  PRIVACY_URL: setting(unset, 'Your privacy notice, linked at the foot of every page. An https URL.', pageUrl),
  SUPPORT_CONTACT: setting(
    unset,
    'Contact for people, an email address or an https URL: at the foot of every page, and on pages that refer people to the operator.',
    contact,
  ),
  dangerouslyAllowLoopbackClientMetadata: setting(
    false,
    'Fetch client metadata from loopback addresses. Development and tests only; refused unless ISSUER_URL is on localhost.',
    boolean,
  ),
} as const
