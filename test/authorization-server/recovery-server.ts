/** An authorization server that sends mail to an SMTP server of the test. */
import { createLogger } from '../../src/base/log.js'
import type { Delivery } from '../../src/mail/delivery.js'
import { noUsageLimits } from '../../src/oauth/usage-limits.js'
import { openMail } from '../../src/program/mail.js'
import { type Page, pageOf } from '../support/browser.js'
import type { DatabaseKind } from '../support/databases.js'
import { keepLines } from '../support/known-problems.js'
import { type SmtpTestServer, startSmtp } from '../support/smtp.js'
import { type ServerOptions, startServer, type TestServer } from './server.js'

export interface MailingServer extends TestServer {
  readonly smtp: SmtpTestServer
  readonly mailLines: readonly string[]
  /** What the server does every two seconds. */
  deliver(): Promise<void>
  /** Asks for a link as a person does. */
  ask(email: string): Promise<Page>
  /** The link of the newest mail to this address. */
  linkTo(email: string): string
}

export async function startMailingServer(kind: DatabaseKind, options: ServerOptions = {}): Promise<MailingServer> {
  const smtp = await startSmtp()
  const mailLines: string[] = []
  let delivery: Delivery | undefined
  const server = await startServer(kind, { mail: { wake: () => undefined }, ...options })
  const { issuer, storage } = server
  const deliver = async () => {
    delivery ??= openMail(
      {
        ...{ SMTP_URL: smtp.url, MAIL_FROM: 'login@example.test', ISSUER_URL: issuer, PRODUCT_NAME: 'Gatehouse' },
        usageLimits: options.usageLimits ?? noUsageLimits,
      },
      storage,
      createLogger('debug', keepLines(mailLines)),
      undefined,
    )
    await delivery?.run()
  }
  return {
    ...server,
    ...{ smtp, mailLines, deliver },
    ask: async (email) => {
      const browser = server.newBrowser()
      const page = pageOf(await browser.open(`${issuer}/recover`))
      return pageOf(await browser.press(page, 'Send link', { Email: email }))
    },
    linkTo: (email) => smtp.to(email).at(-1)?.links.at(0) ?? '',
    close: async () => {
      await delivery?.stop()
      await server.close()
      await smtp.stop()
    },
  }
}
