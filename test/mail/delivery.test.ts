/** Mails from the queue to an SMTP server, over a real database and real sockets: each once, whatever fails in between. */
import { beforeEach, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { createSecretBox, randomSecret } from '../../src/base/secrets.js'
import { writeTogether } from '../../src/database/writes.js'
import { backOffSeconds } from '../../src/mail/delivery.js'
import { createMailer } from '../../src/mail/mailer.js'
import { noUsageLimits } from '../../src/oauth/usage-limits.js'
import { createSmtpClient } from '../../src/outbound/smtp.js'
import { readPageLanguages } from '../../src/pages/page-languages.js'
import { viewsFolder } from '../../src/pages/pages.js'
import { openMail } from '../../src/program/mail.js'
import { createMailQueue, leaseSeconds } from '../../src/storage/mail/mail-queue.js'
import { createStorage, type Storage } from '../../src/storage/storage.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { freePort } from '../support/free-port.js'
import { keepLines } from '../support/known-problems.js'
import { releaseAfterwards } from '../support/opened.js'
import { type SmtpTestServer, startSmtp } from '../support/smtp.js'

describeOnDatabases('The mail queue, on %s', (kind) => {
  let storage: Storage
  let now: number
  let lines: string[]
  let port: number

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1)
    lines = []
    port = await freePort()
    storage = createStorage({
      database: await openTestDatabase(kind, 'auth'),
      secretBox: createSecretBox(randomSecret()),
      clock: { now: () => new Date(now) },
      refreshGraceSeconds: 20,
    })
    releaseAfterwards(() => storage.prisma.$disconnect())
  })

  const advance = (seconds: number) => {
    now += seconds * 1_000
  }

  /** What one process has. */
  const newProcess = (smtpUrl = `smtp://127.0.0.1:${port}`) => {
    const settings = {
      ISSUER_URL: 'https://id.example.test/auth',
      PRODUCT_NAME: 'Gatehouse',
      usageLimits: noUsageLimits,
    }
    const log = createLogger('debug', keepLines(lines))
    const mail = openMail(
      { ...settings, SMTP_URL: smtpUrl, MAIL_FROM: 'Acme <login@example.test>' },
      storage,
      log,
      undefined,
    )
    if (mail === undefined) throw new Error('no mail')
    return mail
  }

  const write = async (to: string, lifetimeSeconds?: number) => {
    const mailer = createMailer({
      ...{ queue: createMailQueue(storage), languages: readPageLanguages([viewsFolder]), wake: () => undefined },
      ...{ issuer: 'https://id.example.test/auth', productName: 'Gatehouse' },
    })
    const order = { kind: 'passwordChanged', to, values: { email: to }, path: '/recover' }
    const written = mailer.write(lifetimeSeconds === undefined ? order : { ...order, lifetimeSeconds })
    await writeTogether(storage.database.sql, [written])
  }

  const smtp = (): Promise<SmtpTestServer> => startSmtp({ port })
  const waiting = () => storage.prisma.mail.count()

  it('sends a mail in two parts, its link on a line of its own, and forgets it', async () => {
    const server = await smtp()
    await write('ada@example.test')
    await newProcess().run()
    const [mail] = server.mails
    expect(mail).toMatchObject({
      from: 'login@example.test',
      to: 'ada@example.test',
      subject: 'Your password was changed',
    })
    expect(mail?.raw).toMatch(/^From: Acme <login@example\.test>\r$/m)
    expect(mail?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(mail?.links).toEqual(['https://id.example.test/auth/recover'])
    expect(mail?.html).toContain('<a href="https://id.example.test/auth/recover">')
    expect(mail?.html).not.toMatch(/<img|src=|url\(/)
    expect(await waiting()).toBe(0)
    expect(lines.join('\n')).not.toContain('ada@example.test')
  })

  it('stores neither address nor text in the clear', async () => {
    await write('ada@example.test')
    const [row] = await storage.prisma.mail.findMany()
    expect(JSON.stringify(row)).not.toMatch(/ada@|recover/)
  })

  it('is written with what it tells of, or not at all', async () => {
    const queue = createMailQueue(storage)
    await queue.add({ kind: 'request', content: {}, lifetimeSeconds: 60 })
    const [request] = await queue.take(1)
    if (request === undefined) throw new Error('nothing was taken')
    const tell = () => queue.write({ kind: 'told', content: {}, lifetimeSeconds: 60 })
    expect(await writeTogether(storage.database.sql, [tell()], queue.ending(request))).toBe(true)
    expect(await writeTogether(storage.database.sql, [tell()], queue.ending(request))).toBe(false)
    expect(await storage.prisma.mail.findMany({ select: { kind: true } })).toEqual([{ kind: 'told' }])
  })

  it('waits for a server that is down, longer each time, and survives restarts', async () => {
    await write('ada@example.test')
    await newProcess().run()
    for (const seconds of backOffSeconds.slice(0, 3)) {
      advance(seconds - 1)
      await newProcess().run()
      const [row] = await storage.prisma.mail.findMany()
      advance(1)
      await newProcess().run()
      expect((await storage.prisma.mail.findMany())[0]?.attempts).toBe((row?.attempts ?? 0) + 1)
    }
    const server = await smtp()
    advance(backOffSeconds[3] ?? 0)
    await newProcess().run()
    expect(server.mails).toHaveLength(1)
    expect(lines.filter((line) => line.includes('is tried again'))).toHaveLength(4)
  })

  it('is tried again after an answer that asks for it, and sent once', async () => {
    const server = await smtp()
    server.answerRecipient = () => 450
    await write('ada@example.test')
    await newProcess().run()
    server.answerRecipient = () => undefined
    server.answerText = () => 451
    advance(2)
    await newProcess().run()
    server.answerText = () => undefined
    for (const seconds of [5, 60, 600]) {
      advance(seconds)
      await newProcess().run()
    }
    expect(server.mails).toHaveLength(1)
  })

  it('is dropped when the server refuses the recipient, and the others go on', async () => {
    const server = await smtp()
    server.answerRecipient = (address) => (address.startsWith('nobody') ? 550 : undefined)
    await write('nobody@example.test')
    await write('ada@example.test')
    await newProcess().run()
    expect(server.mails.map(({ to }) => to)).toEqual(['ada@example.test'])
    expect(await waiting()).toBe(0)
    expect(lines.join('\n')).toContain('the SMTP server refused a mail')
  })

  it('is not dropped when the server refuses us', async () => {
    const server = await startSmtp({
      port,
      disabledCommands: ['STARTTLS'],
      onAuth: (_auth, _session, done) => done(new Error('no')),
    })
    await write('ada@example.test')
    await newProcess(`smtp://user:s3cret-pass@127.0.0.1:${port}`).run()
    expect([server.mails.length, await waiting()]).toEqual([0, 1])
    expect(lines.join('\n')).not.toMatch(/s3cret|user:/)
  })

  it('goes to the server with the name and password of the URL', async () => {
    const seen: unknown[] = []
    await startSmtp({
      ...{ port, disabledCommands: ['STARTTLS'] },
      onAuth: ({ username, password }, _session, done) => {
        seen.push([username, password])
        done(null, { user: username })
      },
    })
    await write('ada@example.test')
    await newProcess(`smtp://lo%40gin:p%2Fss@127.0.0.1:${port}`).run()
    expect([seen, await waiting()]).toEqual([[['lo@gin', 'p/ss']], 0])
  })

  it('can be checked without sending anything: the doctor tells the codes of what is wrong, and no password', async () => {
    const check = (url: string) => createSmtpClient(url, 5_000).check()
    expect(await check(`smtp://127.0.0.1:${port}`)).toMatch(/^E[A-Z]+ CONN$/)
    const server = await startSmtp({
      ...{ port, disabledCommands: ['STARTTLS'] },
      onAuth: ({ password }, _session, done) =>
        password === 'right' ? done(null, { user: 'x' }) : done(new Error('no')),
    })
    expect(await check(`smtp://login:s3cret@127.0.0.1:${port}`)).toMatch(/^EAUTH AUTH \w+ 535$/)
    expect(await check(`smtp://login:right@127.0.0.1:${port}`)).toBeUndefined()
    expect(server.mails).toHaveLength(0)
  })

  it('is sent by another process when the first one died before it handed it over', async () => {
    const server = await smtp()
    await write('ada@example.test')
    expect(await createMailQueue(storage).take(1)).toHaveLength(1)
    await newProcess().run()
    expect(server.mails).toHaveLength(0)
    advance(leaseSeconds)
    await newProcess().run()
    expect(server.mails).toHaveLength(1)
  })

  it('is never sent again when a process died while the server may have taken it', async () => {
    const server = await smtp()
    await write('ada@example.test')
    const queue = createMailQueue(storage)
    const [mail] = await queue.take(1)
    if (mail === undefined) throw new Error('nothing was taken')
    expect(await queue.handOver(mail)).toBe(true)
    advance(leaseSeconds)
    await newProcess().run()
    expect([server.mails.length, await waiting()]).toEqual([0, 0])
    expect(lines.join('\n')).toContain('a mail may not have been sent')
  })

  it('is not handed over by a process whose lease is over', async () => {
    await write('ada@example.test')
    const queue = createMailQueue(storage)
    const [mail] = await queue.take(1)
    advance(leaseSeconds)
    const [again] = await queue.take(1)
    if (mail === undefined || again === undefined) throw new Error('nothing was taken')
    expect([await queue.handOver(mail), await queue.handOver(again)]).toEqual([false, true])
    await queue.end(mail)
    expect(await waiting()).toBe(1)
  })

  it('goes again, under the same Message-ID, when the connection breaks without an answer', async () => {
    const server = await smtp()
    const ids: string[] = []
    server.answerText = ({ messageId }) => (ids.push(messageId) === 1 ? 'cut' : undefined)
    await write('ada@example.test')
    await newProcess().run()
    expect(await waiting()).toBe(1)
    advance(2)
    await newProcess().run()
    expect([server.mails.length, new Set(ids).size, ids[0]]).toEqual([
      1,
      1,
      expect.stringMatching(/@id\.example\.test>$/),
    ])
  })

  it('is sent once by two processes that look at the same time', async () => {
    const server = await smtp()
    const people = Array.from({ length: 20 }, (_, index) => `person-${index}@example.test`)
    for (const to of people) await write(to)
    await Promise.all([newProcess().run(), newProcess().run()])
    expect(server.mails.map(({ to }) => to).sort()).toEqual([...people].sort())
    expect(await waiting()).toBe(0)
  })

  it('is dropped when its encryption key is gone, and the others go on', async () => {
    const server = await smtp()
    const former = createMailQueue({ ...storage, secretBox: createSecretBox(randomSecret()) })
    await former.add({ kind: 'recover', content: { email: 'eve@example.test' }, lifetimeSeconds: 60 })
    await write('ada@example.test')
    await newProcess().run()
    expect([server.mails.length, await waiting()]).toEqual([1, 0])
    expect(lines.join('\n')).toContain('a mail could not be decrypted')
  })

  it('is dropped when its time is over', async () => {
    await write('ada@example.test', 60)
    await newProcess().run()
    advance(61)
    const server = await smtp()
    await newProcess().run()
    expect([server.mails.length, await waiting()]).toEqual([0, 0])
    expect(lines.join('\n')).toContain('a mail was not sent in time')
  })
})
