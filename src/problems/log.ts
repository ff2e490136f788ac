/** Messages of log lines that do not concern a single request. */
import type { Problems } from './problem.js'

export const logProblems = {
  'request-failed': {
    logs: ['request failed', 'the engine failed', 'tool failed', 'unhandled rejection'],
    means: 'The server has a fault. `err` has the cause; `requestId` leads to the line of the request.',
    change: { operator: 'Report it with the stack trace, unless the database was unavailable.' },
  },
  'mail-not-sent': {
    logs: [
      'a mail could not be sent and is tried again',
      'a mail was not sent in time',
      'the mail queue cannot be worked on',
    ],
    means:
      'The SMTP server does not answer, or put the mail off. `detail` has its codes. The mail is sent later, until its link or its news is too old.',
    change: { operator: 'Compare `SMTP_URL` and `MAIL_FROM` with what the SMTP server wants.' },
    show: 'gatehouse doctor --local auth',
  },
  'mail-refused': {
    logs: ['the SMTP server refused a mail'],
    means: 'The SMTP server takes no mail for that recipient, or does not take this text. The mail is dropped.',
    change: {
      operator: 'Look at the log of the SMTP server; `detail` has the code. Correct the address of the account.',
    },
    show: 'gatehouse accounts list',
  },
  'mail-closed': {
    logs: ['a mail could not be decrypted'],
    means: 'The mail was encrypted with a key that `ENCRYPTION_KEY` no longer names. It is dropped.',
    change: { operator: 'Keep the former encryption key for three days after a change.' },
    show: 'gatehouse doctor --local auth',
  },
  'mail-uncertain': {
    logs: ['a mail may not have been sent'],
    means:
      'A process ended between handing a mail over and hearing the answer. The SMTP server may have taken it, so it is not sent again.',
    change: { person: 'Ask for a new link if none came.' },
  },
  'lines-dropped': {
    logs: ['log lines were dropped: nobody took them'],
    means: 'The program that reads standard output is too slow. `dropped` is the number of missing lines.',
    change: { operator: 'Speed up the collector, or set `LOG_LEVEL` to `warn`.' },
    show: 'gatehouse config print',
  },
  'audit-not-written': {
    logs: ['audit event was not written'],
    means: 'The audit trail lacks an event, because the database did not store it.',
    change: { operator: 'Keep this line: it holds the event. Check the database.' },
    show: 'gatehouse doctor --local auth',
  },
  'counted-per-process': {
    logs: [
      'rate limits are counted per process until the database answers',
      'call limits are counted per process until the database answers',
    ],
    means:
      'The shared counters cannot be reached. Each process counts by itself, so the limits are multiplied by the number of processes.',
    change: { operator: 'Look at the database.' },
    show: 'gatehouse doctor --local',
  },
  'document-not-refreshed': {
    logs: ['a client document was not refreshed', 'using the last good copy of a client document'],
    means:
      'The host of a client’s document does not answer. The server keeps using its last copy: metadata for a week, keys for a day.',
    change: { client: 'Restore the document.' },
    show: 'curl -si <client_id>',
  },
  'client-use-not-stored': {
    logs: ['the time a client was last used was not stored'],
    means: 'The client may appear unused, and be removed after `IDLE_CLIENT_DAYS` if this continues.',
    change: { operator: 'Look at the database.' },
    show: 'gatehouse clients list',
  },
  'keys-not-checked': {
    logs: ['keys could not be checked for rotation; the current ones stay in use'],
    means: 'The server could not check in the database whether a key has to be rotated.',
    change: { operator: 'Look at the database if the line repeats.' },
    show: 'gatehouse keys list',
  },
  'revocation-feed-silent': {
    logs: ['the revocation feed cannot be read: a revoked token may stay valid until it expires'],
    means: 'The MCP server cannot read the revocation feed. `reason` says why.',
    change: { operator: 'Check the connection from the MCP server to the issuer, and its client id and secret.' },
    show: 'gatehouse doctor --local mcp',
  },
  'connection-lost': {
    logs: ['an idle database connection was lost'],
    means: 'PostgreSQL or a device on the way closed an idle connection. The server opens a new one when needed.',
    change: { operator: 'If it repeats, check the time-outs of firewalls and poolers.' },
    show: 'gatehouse doctor --local',
  },
  'role-without-time-outs': {
    logs: ['the database role has no time-outs, and a pooler passes none on: ALTER ROLE … SET'],
    means: 'With `DATABASE_POOLER=transaction` the time-outs must be set on the role. `missing` names them.',
    change: { operator: 'Set them with ALTER ROLE.' },
    show: 'gatehouse doctor --local',
  },
  'sweep-failed': {
    logs: ['sweep failed'],
    means: 'Expired rows could not be deleted. They are not valid, but take up space until the next sweep.',
    change: { operator: 'Look at the database if the line repeats.' },
    show: 'gatehouse doctor --local',
  },
  'worker-ended': {
    logs: ['a worker ended, starting another'],
    means: 'A worker process ended by itself. `ended` says how.',
    change: {
      operator:
        'Look for the cause in the lines before this one. If the system killed it, the machine has too little memory.',
    },
  },
  'stopping-slowly': {
    logs: ['stopping took too long, ending now'],
    means: 'Requests were still running at the end of the time for stopping, and were cut off.',
    change: { operator: 'Give the server more time to stop, or look for requests that hang.' },
    show: 'gatehouse config print',
  },
  'node-unmaintained': {
    logs: ['Node {} gets no security fixes any more: use Node {} or newer'],
    means: 'The Node that runs the server is no longer maintained.',
    change: { operator: 'Update Node.' },
    show: 'gatehouse doctor --local',
  },
  'tracing-warning': {
    logs: ['OpenTelemetry'],
    means: 'Traces could not be sent. `detail` says why. Requests are not affected.',
    change: { operator: 'Check the `OTEL_…` variables and the collector.' },
  },
  'declarations-not-applied': {
    logs: [
      'the declaration file has mistakes: what was in force stays in force',
      'the declaration file could not be applied',
      'the declaration file could not be read',
      'whether declarations changed could not be asked',
    ],
    means: 'A change of the declaration file is not in effect. The earlier declarations stay in effect.',
    change: { operator: 'Correct the mistakes that the line names; check the file’s permissions and the database.' },
    show: 'gatehouse config check',
  },
  'server-not-introduced': {
    logs: ['a server that a client asked for does not introduce itself'],
    means:
      'A client asked for a resource that is not declared. The server there did not answer, or has no metadata that names this issuer, so there is no proposal.',
    change: {
      operator: 'Nothing, if the server is none of yours. Otherwise declare it, or let it publish its metadata.',
    },
    show: 'gatehouse resources discover <url>',
  },
  'declarations-not-kept': {
    logs: ['what the declaration file says could not be kept'],
    means:
      'The file is in force, but the next start of this MCP server could not go on with it if the file were wrong then.',
    change: { operator: 'Look at the notes database. The file is kept when it changes, or at the next start.' },
  },
  'notes-not-moved': {
    logs: [
      'the notes are declared at another port: it is opened at the next start',
      'the notes as they were declared before did not end',
    ],
    means: 'The declaration of the notes changed, and this process can apply it only after a restart.',
    change: { operator: 'Restart the server.' },
    show: 'gatehouse config check',
  },
  'databases-apart': {
    logs: ['these embedded databases stay apart, which takes more memory and time than a shared one'],
    means: 'An older release created one embedded database for each server. They stay in use.',
    change: { operator: 'Nothing is required. You can move to PostgreSQL.' },
    show: 'gatehouse doctor --local',
  },
  'key-in-file': {
    logs: ['the secrets in the database are encrypted with the key in this file: keep a copy apart from both'],
    means: 'The server generated an encryption key. Without it, the secrets in the database are lost.',
    change: { operator: 'Copy the file to a safe place.' },
    show: 'gatehouse keys sealed',
  },
  expected: {
    logs: [
      'request',
      'security event',
      'migrations applied',
      'the declaration file was applied',
      'bootstrap account',
      'mail sent',
      'following revocations',
      'unused client registrations removed',
      'worker started',
      'expired rows deleted',
      'mcp',
    ],
    means: 'These lines report normal events, not failures.',
    change: {},
  },
} satisfies Problems
