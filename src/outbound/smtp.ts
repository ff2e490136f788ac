/**
 * One conversation with the operator's SMTP server for each mail (RFC 5321). TLS is demanded: from the start (`smtps:`) or by STARTTLS; on
 * loopback there is none. Owns what an answer means: taken, refused for good, or to be sent again. Never logs: an answer of a server may
 * repeat addresses, and a failure the password.
 */
import MailComposer from 'nodemailer/lib/mail-composer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { isLoopbackHost } from '../oauth/redirect-uri.js'

export interface OutgoingMail {
  /** Stays the same however often it is sent. */
  readonly messageId: string
  readonly date: Date
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** What became of a mail. `detail`: codes only. */
export type SendOutcome =
  | { readonly kind: 'taken' }
  /** The server does not take it, now or later. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }
  /** `mayHandOver` said no. */
  | { readonly kind: 'left' }

export interface SmtpClient {
  /** `mayHandOver` is asked once the server is ready to hear of the mail. Never rejects. */
  send(mail: OutgoingMail, mayHandOver: () => Promise<boolean>): Promise<SendOutcome>
  /** Connects and signs in. Answers what is wrong, in codes. */
  check(): Promise<string | undefined>
}

/** For a whole conversation; well below the lease of a mail. */
export const conversationSeconds = 30

interface Failure {
  readonly code?: string | undefined
  readonly command?: string | undefined
  readonly responseCode?: number | undefined
}

function detailOf({ code, command, responseCode }: Failure): string {
  return [code, command, responseCode].filter((part) => part !== undefined).join(' ') || 'no answer'
}

/** An answer of 5xx is about this mail if it is to its recipient or its text; to anything else it is about us. */
function outcomeOf(failure: Failure): SendOutcome {
  const { command = '', responseCode = 0 } = failure
  const isFinal = responseCode >= 500 && /^(?:RCPT TO|DATA)/.test(command)
  return { kind: isFinal ? 'refused' : 'failed', detail: detailOf(failure) }
}

function connectionTo(url: URL, timeoutMs: number): SMTPConnection {
  const isLoopback = isLoopbackHost(url.hostname)
  const secure = url.protocol === 'smtps:'
  return new SMTPConnection({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : isLoopback ? 25 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !isLoopback,
    ignoreTLS: !secure && isLoopback,
    allowInternalNetworkInterfaces: true,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketCloseTimeout: 0,
  })
}

function settled(step: (done: (error?: Failure | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    step((error) => (error ? reject(error) : resolve()))
  })
}

export function createSmtpClient(smtpUrl: string, timeoutMs = conversationSeconds * 1_000): SmtpClient {
  const url = new URL(smtpUrl)
  const credentials = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }

  /** Runs `work` in a conversation that ends in time, whatever the server does. */
  const converse = async <T>(work: (connection: SMTPConnection) => Promise<T>): Promise<T> => {
    const connection = connectionTo(url, timeoutMs)
    const ended = new Promise<never>((_, reject) => {
      const end = () => reject({ code: 'ETIMEDOUT' } satisfies Failure)
      const timer = setTimeout(end, timeoutMs)
      timer.unref()
      connection.on('error', reject)
      connection.once('end', () => {
        clearTimeout(timer)
        reject({ code: 'ECONNECTION' } satisfies Failure)
      })
    })
    ended.catch(() => undefined)
    const whole = async () => {
      await settled((done) => connection.connect(done))
      if (credentials.user !== '') await settled((done) => connection.login({ credentials }, done))
      return work(connection)
    }
    try {
      const result = await Promise.race([whole(), ended])
      connection.quit()
      return result
    } catch (error) {
      connection.close()
      throw error
    }
  }

  return {
    send: async (mail, mayHandOver) => {
      const { to } = mail
      try {
        const message = await new MailComposer({
          ...mail,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          disableFileAccess: true,
          disableUrlAccess: true,
        }).compile()
        const { from } = message.getEnvelope()
        const text = await message.build()
        return await converse(async (connection): Promise<SendOutcome> => {
          if (!(await mayHandOver())) return { kind: 'left' }
          await settled((done) => connection.send({ from, to }, text, (error) => done(error)))
          return { kind: 'taken' }
        })
      } catch (error) {
        return outcomeOf(error as Failure)
      }
    },
    check: async () => {
      try {
        await converse(async () => undefined)
        return undefined
      } catch (error) {
        return detailOf(error as Failure)
      }
    },
  }
}
