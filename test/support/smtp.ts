/** An SMTP server in the test's process, which keeps what it takes. Its answers are the test's to change. */
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { freePort } from './free-port.js'
import { releaseAfterwards } from './opened.js'

export interface TakenMail {
  readonly from: string
  readonly to: string
  readonly raw: string
  readonly subject: string
  readonly messageId: string
  readonly text: string
  readonly html: string
  /** Lines of the text part that are a link and nothing else. */
  readonly links: readonly string[]
}

export interface SmtpTestServer {
  readonly port: number
  readonly url: string
  readonly mails: readonly TakenMail[]
  /** Mails to this address. */
  to(address: string): readonly TakenMail[]
  /** Asked for each recipient: a code such as 450 or 550 refuses. */
  answerRecipient: (address: string) => number | undefined
  /** Asked when the text is complete: a code refuses, `cut` closes the connection without an answer. */
  answerText: (mail: TakenMail) => number | 'cut' | undefined
  stop(): Promise<void>
}

function decoded(body: string, encoding: string): string {
  if (/base64/i.test(encoding)) return Buffer.from(body, 'base64').toString()
  if (!/quoted-printable/i.test(encoding)) return body
  const bytes = body
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

function partOf(raw: string, type: string): string {
  const boundary = /boundary="?([^"\r\n;]+)/.exec(raw)?.[1] ?? ''
  for (const part of raw.split(`--${boundary}`)) {
    const [head = '', ...body] = part.trimStart().split('\r\n\r\n')
    if (!head.toLowerCase().includes(`content-type: ${type}`)) continue
    return decoded(body.join('\r\n\r\n'), /content-transfer-encoding: (.*)/i.exec(head)?.[1] ?? '').replaceAll(
      '\r\n',
      '\n',
    )
  }
  return ''
}

function subjectOf(raw: string): string {
  const written = /^Subject: (.*(?:\r\n[ \t].*)*)/im.exec(raw)?.[1] ?? ''
  return written
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?Q\?(.*?)\?=/gi, (_, text: string) => decoded(text.replaceAll('_', ' '), 'quoted-printable'))
    .replace(/=\?utf-8\?B\?(.*?)\?=/gi, (_, text: string) => decoded(text, 'base64'))
}

function readMail(from: string, to: string, raw: string): TakenMail {
  const text = partOf(raw, 'text/plain')
  return {
    ...{ from, to, raw, text, html: partOf(raw, 'text/html'), subject: subjectOf(raw) },
    messageId: /^Message-ID: (.*)$/im.exec(raw)?.[1]?.trim() ?? '',
    links: text.split('\n').filter((line) => /^https?:\S+$/.test(line)),
  }
}

const refusal = (code: number): Error => Object.assign(new Error('refused by the test'), { responseCode: code })

export async function startSmtp(options: SMTPServerOptions & { readonly port?: number } = {}): Promise<SmtpTestServer> {
  const { port = await freePort(), ...rest } = options
  const mails: TakenMail[] = []
  const server = new SMTPServer({
    ...{ disabledCommands: ['STARTTLS', 'AUTH'], logger: false, hideENHANCEDSTATUSCODES: true },
    onRcptTo: ({ address }, _session, done) => {
      const code = taken.answerRecipient(address)
      done(code === undefined ? undefined : refusal(code))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : mailFrom.address
        const mail = readMail(from, rcptTo[0]?.address ?? '', Buffer.concat(chunks).toString())
        const answer = taken.answerText(mail)
        if (answer === 'cut') {
          for (const connection of server.connections) connection.close()
          return
        }
        if (answer === undefined) mails.push(mail)
        done(answer === undefined ? undefined : refusal(answer))
      })
    },
    ...rest,
  })
  // A client that leaves without a word is the test's subject.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
  const forget = releaseAfterwards(stop)
  const taken: SmtpTestServer = {
    ...{ port, url: `smtp://127.0.0.1:${port}`, mails },
    to: (address) => mails.filter((mail) => mail.to === address),
    answerRecipient: () => undefined,
    answerText: () => undefined,
    stop: async () => {
      forget()
      await stop()
    },
  }
  return taken
}
