/**
 * Sends what is in the queue: takes mails that are due, tries them, and puts off what failed, longer each time. Requests in the queue go to
 * `answer`, which writes the mails that they lead to. Owns the pace; the queue owns who sends which mail, the SMTP client what its answer means.
 */
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import type { SmtpClient } from '../outbound/smtp.js'
import type { ClaimedMail, MailQueue } from '../storage/mail/mail-queue.js'
import { type ComposedMail, isComposed } from './compose.js'

export interface DeliveryParts {
  readonly queue: MailQueue
  readonly smtp: SmtpClient
  /** `MAIL_FROM`. */
  readonly from: string
  /** Behind the `@` of each Message-ID. */
  readonly messageHost: string
  readonly clock: Clock
  readonly log: Logger
  /** Answers a request; throws if it must be tried again. */
  readonly answer: (request: ClaimedMail) => Promise<void>
}

export interface Delivery {
  /** There is something to send: looks at once. */
  wake(): void
  /** Looks once, and waits for what is taken. */
  run(): Promise<void>
  /** Takes nothing more, and waits a little for what is under way. */
  stop(): Promise<void>
}

const lookEveryMs = 2_000
const atOnce = 4
const stopMs = 3_000

/** Seconds until a mail is tried again; the last one repeats. */
export const backOffSeconds: readonly number[] = [2, 5, 15, 60, 300, 900, 3_600]

function putOffUntil({ now }: Clock, attempts: number): Date {
  const seconds = backOffSeconds[Math.min(attempts, backOffSeconds.length) - 1] ?? 0
  return new Date(now().getTime() + seconds * 1_000)
}

/** Nothing is sent before `wake` or `start`. */
export function createDelivery(parts: DeliveryParts): Delivery & { start(): void } {
  const { queue, smtp, from, messageHost, clock, log, answer } = parts
  let running: Promise<void> | undefined
  let isAsked = false
  let isStopping = false
  let hasFailed = false
  let timer: ReturnType<typeof setInterval> | undefined

  const send = async (mail: ClaimedMail, content: ComposedMail): Promise<void> => {
    const { id, kind, attempts } = mail
    const outgoing = { ...content, from, messageId: `<${id}@${messageHost}>`, date: clock.now() }
    const outcome = await smtp.send(outgoing, () => queue.handOver(mail))
    if (outcome.kind === 'left') return
    if (outcome.kind === 'taken') {
      await queue.end(mail)
      return log.info({ mail: kind, attempts }, 'mail sent')
    }
    const { detail } = outcome
    if (outcome.kind === 'refused') {
      await queue.end(mail)
      return log.warn({ mail: kind, attempts, detail }, 'the SMTP server refused a mail')
    }
    await queue.putOff(mail, putOffUntil(clock, attempts))
    log.warn({ mail: kind, attempts, detail }, 'a mail could not be sent and is tried again')
  }

  const work = async (mail: ClaimedMail): Promise<void> => {
    if (mail.content === undefined) {
      await queue.end(mail)
      return log.warn({ mail: mail.kind }, 'a mail could not be decrypted')
    }
    if (isComposed(mail.content)) return send(mail, mail.content)
    try {
      await answer(mail)
    } catch (error) {
      await queue.putOff(mail, putOffUntil(clock, mail.attempts))
      throw error
    }
  }

  const look = async (): Promise<void> => {
    for (const { kind, mayBeSent } of await queue.dropOver())
      log.warn({ mail: kind }, mayBeSent ? 'a mail may not have been sent' : 'a mail was not sent in time')
    for (let taken = atOnce; taken > 0 && !isStopping; ) {
      const mails = await queue.take(atOnce)
      taken = mails.length
      await Promise.all(mails.map(work))
    }
    hasFailed = false
  }

  const run = (): Promise<void> => {
    running ??= look()
      .catch((error: unknown) => {
        if (!hasFailed) log.warn({ err: error }, 'the mail queue cannot be worked on')
        hasFailed = true
      })
      .finally(() => {
        running = undefined
        if (!isAsked) return
        isAsked = false
        void run()
      })
    return running
  }

  const wake = () => {
    if (isStopping) return
    if (running === undefined) void run()
    else isAsked = true
  }

  return {
    run,
    wake,
    start: () => {
      timer = setInterval(wake, lookEveryMs)
      timer.unref()
    },
    stop: async () => {
      isStopping = true
      isAsked = false
      clearInterval(timer)
      await Promise.race([
        running,
        new Promise<void>((resolve) => {
          setTimeout(resolve, stopMs).unref()
        }),
      ])
    },
  }
}
