/** Every kind of problem that is found on the operator's side. Codes are part of `--json`: they are added, never renamed. */
import type { ProblemKind } from '../problem-kind.js'

const nobodyYet = 'Nobody yet'

export const localProblems = {
  'setting-wrong': {
    severity: 'failure',
    title: 'a setting is wrong',
    clients: 'Everybody: no server starts with it.',
    fix: 'Mend it; the settings are listed in the README. The rest is examined once it is right.',
  },
  'setting-unsafe': {
    severity: 'warning',
    title: 'a setting is seldom meant where others can reach the servers',
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
    title: 'the embedded database is in use, so it was not looked into',
    clients: `${nobodyYet}: one process at a time has it.`,
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
    title: 'the database takes no writes',
    clients: 'Everybody: nobody signs in, no token is issued or refreshed (503).',
    fix: 'Name the primary in the URL, not a standby (several hosts: target_session_attrs=read-write); check default_transaction_read_only.',
  },
  'database-forgets': {
    severity: 'failure',
    title: 'a crash of PostgreSQL may lose what was acknowledged',
    clients: 'After a crash clients hold tokens that nobody knows, and what was revoked or used up is good again.',
    fix: 'Switch it on in postgresql.conf; for one role: ALTER ROLE … RESET synchronous_commit.',
  },
  'database-plain': {
    severity: 'failure',
    title: 'statements and the password cross a public network unencrypted',
    clients: 'Everybody: who listens on the way has the database.',
    fix: 'Add sslmode=verify-full (and sslrootcert) to the URL.',
  },
  'database-superuser': {
    severity: 'warning',
    title: 'the role of the URL is a superuser',
    clients: `${nobodyYet}: whoever gets hold of the URL has every database of that PostgreSQL.`,
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
    title: 'PostgreSQL has no room for one process more',
    clients:
      'A replica that starts beside those that run, in a rolling restart for one, gets no connections under load: 503.',
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
    title: 'what is sealed in the database does not open',
    clients: 'Everybody: no server starts without its signing keys. Client secrets: those clients cannot authenticate.',
    fix: 'Restore the encryption key it was sealed with: behind the new one in ENCRYPTION_KEY or its file. At all replicas the same.',
  },
  'encryption-key-older': {
    severity: 'warning',
    title: 'something is still sealed with an older encryption key',
    clients: `${nobodyYet}: once the older key is taken out, it does not open.`,
    fix: 'Run `gatehouse keys encrypt` before you take the older key out.',
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
    title: 'keys are not changed when they are due',
    clients: `${nobodyYet}: a key signs for longer than you said, and ended ones stay published.`,
    fix: 'A server does it by itself every two seconds: start one, or look for "the keys could not be tended" in its log.',
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
    title: 'there is no client, and none may come by itself',
    clients: 'Every client.',
    fix: 'Set REGISTRATION or CLIENT_ID_METADATA_DOCUMENTS, or add clients: `gatehouse clients add`, CLIENTS_FILE.',
  },
  'revocations-not-followed': {
    severity: 'warning',
    title: 'the MCP server does not follow revocations',
    clients: 'What was revoked goes on working until its access token expires.',
    fix: 'Set MCP_SERVER_SECRET, the same at both servers.',
  },
  'disk-full': {
    severity: 'failure',
    title: 'the disk of DATA_DIR is full, or not to be written',
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
    clients:
      'Every client, unless it is only from here that it does not: inside a container or behind NAT that may be so.',
    fix: 'Start the servers and the proxy. If they run, ask from where clients are: `gatehouse doctor <MCP URL>`.',
  },
  'address-of-others': {
    severity: 'failure',
    title: 'something else answers at the address',
    clients: 'Every client: it does not find the document that it goes by.',
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
    title: 'a proxy stands before the server, and no setting names it',
    clients:
      'Everybody seems to have its address, in the log and the audit trail too: all share the limits of wrong passwords and device codes, others are not counted by address.',
    fix: 'Put that address, or the network that only your proxies are in, into TRUSTED_PROXIES.',
  },
  'proxy-not-trusted': {
    severity: 'failure',
    title: 'the proxy is not one of TRUSTED_PROXIES',
    clients: 'Everybody together is limited as one address would be: a busy hour turns all away (429).',
    fix: 'Put that address, or the network that only your proxies are in, into TRUSTED_PROXIES.',
  },
  'proxy-hides-address': {
    severity: 'failure',
    title: 'the proxy does not say whom it asks for',
    clients: 'Everybody together is limited as one address would be: a busy hour turns all away (429).',
    fix: 'Let it send X-Forwarded-For. nginx: proxy_set_header X-Forwarded-For $remote_addr. Caddy and Traefik do it by themselves.',
  },
  'address-forgeable': {
    severity: 'failure',
    title: 'the proxy passes on what strangers say their address is',
    clients:
      'Whoever guesses passwords gets around every limit by address, and writes any address into the audit trail.',
    fix: 'Let the proxy set X-Forwarded-For itself, or add to it. nginx: proxy_set_header X-Forwarded-For $remote_addr.',
  },
  'proxy-reached-plainly': {
    severity: 'warning',
    title: 'the proxy was asked by http, though clients use https',
    clients: `${nobodyYet}, if what ends TLS before it is on a network of yours: else passwords and tokens cross another one in the clear.`,
    fix: 'Let the CDN or load balancer ask your proxy by https, or let the proxy pass its X-Forwarded-Proto on.',
  },
  'proxy-renames-host': {
    severity: 'warning',
    title: 'the proxy asks for another host than clients do',
    clients: `${nobodyYet}: it is the internal name of this server, which is taken for the public one.`,
    fix: 'nginx: proxy_set_header Host $host. Apache: ProxyPreserveHost On.',
  },
  'arrival-untold': {
    severity: 'warning',
    title: 'the proxy was not examined: the server does not say how requests arrive',
    clients: `${nobodyYet}: whether all are taken for one address, or for any they like, is not known.`,
    fix: 'Run this with the settings of the server that answers there. One MCP server by itself needs MCP_SERVER_SECRET or INTROSPECTION_CLIENT_SECRET for it. Restart the servers after a change of secrets; let the proxy pass the headers X-Gatehouse-Arrival and X-Gatehouse-Arrived.',
  },
  'issuer-out-of-reach': {
    severity: 'failure',
    title: 'the MCP server does not reach the authorization server',
    clients: 'Every client: tokens cannot be verified (503).',
    fix: 'Start the authorization server, or set ISSUER_INTERNAL_URL to where it is reached from here.',
  },
  'mcp-secret-refused': {
    severity: 'failure',
    title: 'the authorization server does not take the secret of the MCP server',
    clients: 'What was revoked goes on working until its access token expires; opaque tokens cannot be verified (503).',
    fix: 'Give both servers the same MCP_SERVER_SECRET (or set INTROSPECTION_CLIENT_ID and _SECRET to those of a client that may introspect), and restart them.',
  },
  'feed-silent': {
    severity: 'warning',
    title: 'the authorization server answers, its revocation feed does not',
    clients: 'What was revoked goes on working until its access token expires.',
    fix: 'Let the way to it pass POST /revocations, and look into the log of the authorization server.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>

export type LocalProblemCode = keyof typeof localProblems
