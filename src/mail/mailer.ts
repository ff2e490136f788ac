/** Writes mails into the queue, in the person's language, with links below the issuer's URL and nowhere else. */
import type { Write } from '../database/writes.js'
import type { PageLanguages } from '../pages/page-languages.js'
import type { MailQueue } from '../storage/mail/mail-queue.js'
import { composeMail, type MailFacts } from './compose.js'

export interface MailOrder extends Omit<MailFacts, 'link'> {
  /** BCP 47. Default: English. */
  readonly language?: string | undefined
  /** Below the issuer's URL: `/reset/…`. */
  readonly path?: string | undefined
  /** Default: three days. */
  readonly lifetimeSeconds?: number
}

export interface Mailer {
  /** To be written with what the mail tells of. */
  write(order: MailOrder): Write
  /** The language of a request. */
  readonly languageOf: PageLanguages['chosenFor']
}

export interface MailerParts {
  readonly queue: MailQueue
  readonly languages: Pick<PageLanguages, 'textOf' | 'chosenFor'>
  readonly issuer: string
  readonly productName: string
  readonly wake: () => void
}

const noticeSeconds = 3 * 86_400

export function createMailer({ queue, languages, issuer, productName, wake }: MailerParts): Mailer {
  return {
    write: ({ language = 'en', path, lifetimeSeconds = noticeSeconds, ...facts }) => {
      const link = path === undefined ? undefined : `${issuer}${path}`
      const content = composeMail(languages.textOf(language), productName, { ...facts, link })
      const write = queue.write({ kind: facts.kind, content, lifetimeSeconds })
      return { ...write, onWritten: wake }
    },
    languageOf: (ctx) => languages.chosenFor(ctx),
  }
}
