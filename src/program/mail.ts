/** Mail in a running program: the queue's delivery, if SMTP_URL is set. */
import { createAccountLinks } from '../authorization-server/accounts/account-links.js'
import { createRecovery } from '../authorization-server/accounts/recovery.js'
import { createSignUps, signUpRequest } from '../authorization-server/accounts/sign-up.js'
import type { Logger } from '../base/log.js'
import type { Config } from '../config/config.js'
import { createDelivery, type Delivery } from '../mail/delivery.js'
import { createMailer } from '../mail/mailer.js'
import { createSmtpClient } from '../outbound/smtp.js'
import { readPageLanguages } from '../pages/page-languages.js'
import { viewsFolder } from '../pages/pages.js'
import { createAccountInvitations } from '../storage/accounts/account-invitations.js'
import { createAccountStore } from '../storage/accounts/accounts.js'
import { type AuditObserver, createAuditTrail } from '../storage/audit/audit.js'
import { createRateLimits } from '../storage/counters/rate-limits.js'
import { type ClaimedMail, createMailQueue } from '../storage/mail/mail-queue.js'
import type { Storage } from '../storage/storage.js'

/** Every process works on the queue; the database says whose a mail is. `undefined`: no mail is sent. */
export function openMail(
  config: Pick<Config, 'SMTP_URL' | 'MAIL_FROM' | 'ISSUER_URL' | 'PRODUCT_NAME' | 'usageLimits'>,
  storage: Storage,
  log: Logger,
  auditObserver: AuditObserver | undefined,
): (Delivery & { start(): void }) | undefined {
  const { SMTP_URL: smtpUrl, MAIL_FROM: from, ISSUER_URL: issuer, PRODUCT_NAME: productName } = config
  if (smtpUrl === undefined || from === undefined) return undefined
  const { clock } = storage
  const queue = createMailQueue(storage)
  const languages = readPageLanguages([viewsFolder])
  const mailer = createMailer({ queue, languages, issuer, productName, wake: () => delivery.wake() })
  const limits = createRateLimits(storage.database.sql, clock)
  const signUps = createSignUps({
    ...{ storage, queue, mailer, limits },
    accounts: createAccountStore(storage),
    invitations: createAccountInvitations(storage),
    usageLimits: config.usageLimits,
  })
  const recovery = createRecovery({
    ...{ storage, queue, mailer },
    accounts: createAccountStore(storage),
    links: createAccountLinks(storage),
    audit: createAuditTrail(storage, log, auditObserver),
    limits,
    usageLimits: config.usageLimits,
  })
  const answer = (request: ClaimedMail) => (request.kind === signUpRequest ? signUps(request) : recovery(request))
  const messageHost = new URL(issuer).hostname.replace(/[[\]]/g, '')
  const delivery = createDelivery({
    ...{ queue, from, messageHost, clock, log, answer },
    smtp: createSmtpClient(smtpUrl),
  })
  return delivery
}
