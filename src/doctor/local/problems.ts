/** Every kind of problem that the local doctor finds. Codes are part of `--json`: they are added, never renamed. */
import type { ProblemKind } from '../problem-kind.js'

const nobodyYet = 'Nobody yet'

export const localProblems = {
  'setting-wrong': {
    severity: 'failure',
    title: 'a setting is wrong',
    clients: 'Everybody: no server starts with it.',
    fix: 'Correct it: docs/reference/settings.md lists the settings. The doctor examines the rest once it is right.',
  },
  'setting-unsafe': {
    severity: 'warning',
    title: 'a setting is unusual where others can reach the servers',
    clients: 'See the line itself; each start logs it too.',
    fix: 'Set what it names, or leave it if you mean it.',
  },
  'database-unreachable': {
    severity: 'failure',
    title: 'the database cannot be opened',
    clients: 'Everybody: no server starts, and those that run answer 503.',
    fix: 'Check that PostgreSQL runs, its URL, the password in it, the network between; for TLS, sslmode and the certificate.',
  },
  'database-in-use': {
    severity: 'warning',
    title: 'the embedded database is in use, so it was not examined',
    clients: `${nobodyYet}: one process at a time can open it.`,
    fix: 'Stop the server and ask again to have database and keys examined; with PostgreSQL both go together.',
  },
  'database-too-old': {
    severity: 'failure',
    title: 'this release of PostgreSQL is too old',
    clients: 'Everybody: statements fail.',
    fix: 'Upgrade to PostgreSQL 13 or newer, better to one that its makers still maintain.',
  },
  'database-read-only': {
    severity: 'failure',
    title: 'the database is read-only',
    clients: 'Everybody: nobody signs in, no token is issued or refreshed (503).',
    fix: 'Name the primary in the URL, not a standby (several hosts: target_session_attrs=read-write); check default_transaction_read_only.',
  },
  'database-forgets': {
    severity: 'failure',
    title: 'a crash of PostgreSQL may lose what was acknowledged',
    clients: 'After a crash clients hold tokens that the server has lost, and what was revoked or used is valid again.',
    fix: 'Switch it on in postgresql.conf; for one role: ALTER ROLE … RESET synchronous_commit.',
  },
  'database-plain': {
    severity: 'failure',
    title: 'statements and the password cross a public network unencrypted',
    clients: 'Everybody: an eavesdropper on the way can read and change the database.',
    fix: 'Add sslmode=verify-full (and sslrootcert) to the URL.',
  },
  'database-superuser': {
    severity: 'warning',
    title: 'the role of the URL is a superuser',
    clients: `${nobodyYet}: if the URL leaks, every database of that PostgreSQL is exposed.`,
    fix: 'Make a role that owns this database and nothing else.',
  },
  'database-limits-lost': {
    severity: 'failure',
    title: 'time limits do not reach PostgreSQL',
    clients: 'When a lock or a statement hangs, everybody waits with it.',
    fix: 'With a pool in transaction mode (PgBouncer) set DATABASE_POOLER=transaction and give them to the role: ALTER ROLE … SET. Otherwise something between strips them: connect to PostgreSQL itself.',
  },
  'connections-too-few': {
    severity: 'failure',
    title: 'PostgreSQL allows fewer connections than one process keeps',
    clients: 'Under load: 503, though the machine has nothing to do.',
    fix: 'Raise max_connections (or the limit of role or database), or lower DATABASE_POOL_SIZE.',
  },
  'connections-short': {
    severity: 'warning',
    title: 'PostgreSQL has no connections for one more process',
    clients: 'A further replica, for example in a rolling restart, gets no connections under load: 503.',
    fix: 'Raise max_connections above DATABASE_POOL_SIZE times the processes of a rolling restart, or lower DATABASE_POOL_SIZE.',
  },
  'migrations-pending': {
    severity: 'warning',
    title: 'migrations are pending',
    clients: `${nobodyYet}: the next start of this release applies them.`,
    fix: 'Make a backup, then start this release, or run `gatehouse migrate`.',
  },
  'migrations-due': {
    severity: 'failure',
    title: 'migrations are pending, and no start applies them',
    clients: 'Everybody: this release does not start (MIGRATE_ON_START=false).',
    fix: 'Make a backup, then run `gatehouse migrate`.',
  },
  'migrations-unknown': {
    severity: 'warning',
    title: 'the database is of a newer release',
    clients: `${nobodyYet}: the release before the newest runs on its schema, older ones do not.`,
    fix: 'Finish the upgrade: run the newer release at every replica. After a downgrade by one release it is as it should be.',
  },
  'migrations-changed': {
    severity: 'failure',
    title: 'a migration is not the one that was applied',
    clients: 'Everybody: no server starts.',
    fix: 'Install an unchanged release. Never edit a migration that was applied.',
  },
  'migrations-failed': {
    severity: 'failure',
    title: 'a migration began and did not finish',
    clients: 'Everybody: no server starts.',
    fix: 'Unless one runs just now: it left nothing behind (each is one transaction). Find out why in the log of PostgreSQL, then UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL, and start again.',
  },
  'encryption-key-missing': {
    severity: 'failure',
    title: 'there is no encryption key',
    clients: 'Everybody: no server starts.',
    fix: 'Restore the file from where you keep the key, or set ENCRYPTION_KEY. Without it new keys have to be made: everybody signs in again.',
  },
  'encryption-key-wrong': {
    severity: 'failure',
    title: 'secrets in the database cannot be decrypted',
    clients: 'Everybody: no server starts without its signing keys. Client secrets: those clients cannot authenticate.',
    fix: 'Restore the encryption key they were encrypted with: put it behind the new one in ENCRYPTION_KEY or its file, the same at all replicas.',
  },
  'encryption-key-older': {
    severity: 'warning',
    title: 'something is still encrypted with an older encryption key',
    clients: `${nobodyYet}: when the older key is removed, it can no longer be decrypted.`,
    fix: 'Run `gatehouse keys encrypt` before you remove the older key.',
  },
  'encryption-key-exposed': {
    severity: 'warning',
    title: 'others on this machine may read the encryption key',
    clients: `${nobodyYet}: with the key and a copy of the database they could sign tokens.`,
    fix: 'chmod 600 the file.',
  },
  'signing-key-missing': {
    severity: 'failure',
    title: 'a key that signs is missing',
    clients: 'Everybody who needs that kind of token or cookie.',
    fix: 'Start a server: it makes what is missing.',
  },
  'keys-not-tended': {
    severity: 'warning',
    title: 'keys are not rotated when they are due',
    clients: `${nobodyYet}: a key signs for longer than KEY_ROTATION_DAYS, and retired ones stay published.`,
    fix: 'A server does it by itself every two seconds: start one, or look for "keys could not be checked for rotation" in its log.',
  },
  'purge-behind': {
    severity: 'warning',
    title: 'what has expired is not deleted',
    clients: `${nobodyYet}: tables grow until the disk is full, and everything slows down.`,
    fix: 'A server does it by itself every minute: start one, or look for "sweep failed" in its log.',
  },
  'no-account': {
    severity: 'warning',
    title: 'nobody can sign in: there is no account',
    clients: 'Every client that signs people in.',
    fix: 'Open the link that the server prints at its start, or run `gatehouse accounts add`.',
  },
  'no-client-may-come': {
    severity: 'warning',
    title: 'there is no client, and none may register itself',
    clients: 'Every client.',
    fix: 'Set REGISTRATION or CLIENT_ID_METADATA_DOCUMENTS, or add clients: `gatehouse clients add`, gatehouse.yaml.',
  },
  'revocations-not-followed': {
    severity: 'warning',
    title: 'the MCP server does not follow revocations',
    clients: 'A revoked access token works until it expires.',
    fix: 'Set MCP_SERVER_SECRET, the same at both servers.',
  },
  'disk-full': {
    severity: 'failure',
    title: 'the disk of DATA_DIR is full, or cannot be written',
    clients: 'Everybody: the embedded database takes no writes.',
    fix: 'Make room, mount a volume that can be written, or give the folder to the user the server runs as.',
  },
  'disk-low': {
    severity: 'warning',
    title: 'the disk of DATA_DIR is nearly full',
    clients: `${nobodyYet}: without room the embedded database takes no writes.`,
    fix: 'Make room, or use PostgreSQL.',
  },
  'address-silent-here': {
    severity: 'warning',
    title: 'the public address does not answer from this machine',
    clients: 'Every client, unless only this machine cannot reach it, as inside a container or behind NAT.',
    fix: 'Start the servers and the proxy. If they run, test from where clients are: `gatehouse doctor <MCP URL>`.',
  },
  'address-of-others': {
    severity: 'failure',
    title: 'something else answers at the address',
    clients: 'Every client: it does not find the metadata document.',
    fix: 'Let the proxy pass this address, with its path and Host, to this server; check that the setting is the same at all of them.',
  },
  'proxy-changes-host': {
    severity: 'failure',
    title: 'the proxy does not pass the Host header on',
    clients: 'Every client: the server answers for its public host only (421).',
    fix: 'nginx: proxy_set_header Host $host. Apache: ProxyPreserveHost On. Caddy and Traefik do it by themselves.',
  },
  'proxy-unnamed': {
    severity: 'warning',
    title: 'a proxy is in front of the server, and no setting names it',
    clients:
      'Everybody seems to have its address, in the log and the audit trail too: all share the limits of wrong passwords and device codes, others are not counted by address.',
    fix: 'Put that address, or the network that only your proxies are in, into TRUSTED_PROXIES.',
  },
  'proxy-not-trusted': {
    severity: 'failure',
    title: 'the proxy is not one of TRUSTED_PROXIES',
    clients: 'All clients share the rate limits of one address: a busy hour gets everybody 429.',
    fix: 'Put that address, or the network that only your proxies are in, into TRUSTED_PROXIES.',
  },
  'proxy-hides-address': {
    severity: 'failure',
    title: 'the proxy does not send X-Forwarded-For',
    clients: 'All clients share the rate limits of one address: a busy hour gets everybody 429.',
    fix: 'Let it send X-Forwarded-For. nginx: proxy_set_header X-Forwarded-For $remote_addr. Caddy and Traefik do it by themselves.',
  },
  'address-forgeable': {
    severity: 'failure',
    title: 'the proxy passes on an X-Forwarded-For that clients made up',
    clients: 'A password guesser evades every limit by address, and puts any address into the audit trail.',
    fix: 'Let the proxy set X-Forwarded-For itself, or add to it. nginx: proxy_set_header X-Forwarded-For $remote_addr.',
  },
  'proxy-reached-plainly': {
    severity: 'warning',
    title: 'the proxy was reached by http, though clients use https',
    clients: `${nobodyYet}, if TLS ends on your own network. Otherwise passwords and tokens cross a network in the clear.`,
    fix: 'Let the CDN or load balancer reach your proxy by https, or let the proxy pass X-Forwarded-Proto on.',
  },
  'proxy-renames-host': {
    severity: 'warning',
    title: 'the proxy sends another Host than clients do',
    clients: `${nobodyYet}: it is the internal name of this server, which counts as the public one.`,
    fix: 'nginx: proxy_set_header Host $host. Apache: ProxyPreserveHost On.',
  },
  'arrival-untold': {
    severity: 'warning',
    title: 'the proxy was not examined: the server did not answer the proxy probe',
    clients: `${nobodyYet}: the doctor cannot tell whether clients share one address or can forge theirs.`,
    fix: 'Run this with the settings of the server that answers there. One MCP server by itself needs MCP_SERVER_SECRET or INTROSPECTION_CLIENT_SECRET for it. Restart the servers after a change of secrets; let the proxy pass the headers X-Gatehouse-Probe and X-Gatehouse-Probe-Report.',
  },
  'issuer-out-of-reach': {
    severity: 'failure',
    title: 'the MCP server does not reach the authorization server',
    clients: 'Every client: tokens cannot be verified (503).',
    fix: 'Start the authorization server, or set ISSUER_INTERNAL_URL to where it is reached from here.',
  },
  'mcp-secret-refused': {
    severity: 'failure',
    title: 'the authorization server does not accept the secret of the MCP server',
    clients: 'A revoked access token works until it expires; opaque tokens cannot be verified (503).',
    fix: 'Give both servers the same MCP_SERVER_SECRET (or set INTROSPECTION_CLIENT_ID and _SECRET to those of a client that may introspect), and restart them.',
  },
  'feed-silent': {
    severity: 'warning',
    title: 'the authorization server answers, but its revocation feed does not',
    clients: 'A revoked access token works until it expires.',
    fix: 'Let the proxy pass POST /revocations, and look into the log of the authorization server.',
  },
  'smtp-failed': {
    severity: 'failure',
    title: 'the SMTP server of SMTP_URL cannot be used',
    clients: 'No program: people get no mail, so they cannot choose a new password by themselves.',
    fix: 'Compare host, port, user and password of SMTP_URL with what the SMTP server wants. smtp:// needs STARTTLS except on localhost; NODE_EXTRA_CA_CERTS names further authorities.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>

export type LocalProblemCode = keyof typeof localProblems
