/**
 * Mails to be sent, and requests that lead to one. A mail is written together with what it tells of, and taken by one process at a time:
 * a claim ends with its lease, so a process that died leaves the mail to the others.
 *
 * The SMTP server's answer and the row's end are not one step. So a process writes down that it hands a mail over before it sends the text.
 * If it dies between that and the answer, the server may have taken the mail: it is dropped and logged, never sent again. A connection that
 * broke without an answer is no acknowledgement, and the mail is sent again (RFC 5321 §4.5.4.1), with the same Message-ID.
 *
 * Recipient and text are sealed, because links are in them. Does not compose and does not send (src/mail).
 */
import { hashSecret, randomSecret } from '../../base/secrets.js'
import { type Condition, type Write, writeTogether } from '../../database/writes.js'
import type { Storage } from '../storage.js'
import { mails } from '../tables.js'

export interface NewMail {
  readonly kind: string
  /** JSON. Sealed before it is stored. */
  readonly content: unknown
  /** Not sent after that: a link that ended helps nobody. */
  readonly lifetimeSeconds: number
}

/** A mail that this process may send until its lease ends. */
export interface ClaimedMail {
  readonly id: string
  readonly kind: string
  /** `undefined`: it was sealed with an encryption key that is gone. */
  readonly content: unknown
  readonly claim: string
  /** This one included. */
  readonly attempts: number
  readonly expiresAt: Date
}

export interface DroppedMail {
  readonly id: string
  readonly kind: string
  /** True: the server may have taken it. False: its time was over. */
  readonly mayBeSent: boolean
}

export interface MailQueue {
  /** To be written with what the mail tells of. */
  write(mail: NewMail): Write
  add(mail: NewMail): Promise<void>
  /** Takes mails that are due. */
  take(most: number): Promise<readonly ClaimedMail[]>
  /** Before the text goes to the SMTP server. False: the lease is over, and the mail is another process's. */
  handOver(mail: ClaimedMail): Promise<boolean>
  /** The server took it, or refused it for good. */
  end(mail: ClaimedMail): Promise<void>
  /** Nothing was taken: it is sent again then. */
  putOff(mail: ClaimedMail, until: Date): Promise<void>
  /** What decides about what a request leads to: the request ends, if it still is this process's. */
  ending(mail: ClaimedMail): Condition
  /** Drops what was handed over by a process that never came back, and what is too old. */
  dropOver(): Promise<readonly DroppedMail[]>
}

/** How long one process may work on a mail: longer than one conversation with an SMTP server. */
export const leaseSeconds = 60

export const mailPurpose = (id: string): string => `mail ${id}`

const insertion = mails.insertion('id', 'kind', 'sealed', 'created_at', 'expires_at', 'due_at')
const insert = mails.insertPart('mail', insertion)

const takeDue = mails.writeReturning(
  'mails_take',
  mails.pick('id', 'kind', 'sealed', 'attempts', 'expires_at'),
  `UPDATE mails SET claim = $1::text, due_at = $3::timestamptz, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM mails WHERE due_at <= $2::timestamptz AND expires_at > $2::timestamptz AND handed_over_at IS NULL
    ORDER BY due_at LIMIT $4::int FOR UPDATE SKIP LOCKED)
  RETURNING id, kind, sealed, attempts, expires_at`,
)

const markHandOver = mails.write(
  'mail_hand_over',
  `UPDATE mails SET handed_over_at = $3::timestamptz
    WHERE id = $1 AND claim = $2 AND due_at > $3::timestamptz AND handed_over_at IS NULL`,
)

const endClaimed = mails.write('mail_end', 'DELETE FROM mails WHERE id = $1 AND claim = $2')

const endRequest = mails.condition('mail_request_end', {
  condition: 'DELETE FROM mails WHERE id = $1 AND claim = $2 RETURNING 1',
})

const putOffClaimed = mails.write(
  'mail_put_off',
  'UPDATE mails SET due_at = $3::timestamptz, claim = NULL, handed_over_at = NULL WHERE id = $1 AND claim = $2',
)

const drop = mails.writeReturning(
  'mails_drop',
  mails.pick('id', 'kind', 'handed_over_at'),
  `DELETE FROM mails WHERE id IN (
    SELECT id FROM mails WHERE due_at <= $1::timestamptz AND (handed_over_at IS NOT NULL OR expires_at <= $1::timestamptz)
    LIMIT 100 FOR UPDATE SKIP LOCKED)
  RETURNING id, kind, handed_over_at`,
)

export function createMailQueue({
  database: { sql },
  secretBox,
  clock,
}: Pick<Storage, 'database' | 'secretBox' | 'clock'>): MailQueue {
  const after = (seconds: number) => new Date(clock.now().getTime() + seconds * 1_000)
  const write = ({ kind, content, lifetimeSeconds }: NewMail): Write => {
    const id = randomSecret(16)
    const sealed = secretBox.seal(JSON.stringify(content), mailPurpose(id))
    const now = clock.now()
    const expires_at = after(lifetimeSeconds)
    return { text: insert, values: insertion.values({ id, kind, sealed, created_at: now, expires_at, due_at: now }) }
  }
  const contentOf = (id: string, sealed: string): unknown =>
    secretBox.opens(sealed, mailPurpose(id)) ? JSON.parse(secretBox.open(sealed, mailPurpose(id))) : undefined
  return {
    write,
    add: async (mail) => {
      await writeTogether(sql, [write(mail)])
    },
    take: async (most) => {
      const claim = hashSecret(randomSecret())
      const { rows } = await sql.query(takeDue, [claim, clock.now(), after(leaseSeconds), most])
      return rows.map(({ id, kind, sealed, attempts, expires_at: expiresAt }) => ({
        ...{ id, kind, claim, attempts, expiresAt },
        content: contentOf(id, sealed),
      }))
    },
    handOver: async ({ id, claim }) => (await sql.query(markHandOver, [id, claim, clock.now()])).rowCount === 1,
    end: async ({ id, claim }) => {
      await sql.query(endClaimed, [id, claim])
    },
    putOff: async ({ id, claim }, until) => {
      await sql.query(putOffClaimed, [id, claim, until])
    },
    ending: ({ id, claim }) => ({ text: endRequest, values: [id, claim] }),
    dropOver: async () => {
      const { rows } = await sql.query(drop, [clock.now()])
      return rows.map(({ id, kind, handed_over_at }) => ({ id, kind, mayBeSent: handed_over_at !== null }))
    },
  }
}
