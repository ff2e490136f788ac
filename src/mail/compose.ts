/**
 * Makes a mail of the words in views/text.<language>.json: a text part and an HTML part that say the same, without images and without
 * anything from elsewhere. A link stands on a line of its own. Values are cut, and hold no link: a name that a stranger chose must not be one.
 */
import { displayText } from '../base/display-text.js'
import type { PageText, SentencePart } from '../pages/page-text.js'

export interface ComposedMail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface MailFacts {
  /** Names the words: `mail.<kind>` has `subject`, `lead`, with a link `action`, and perhaps `after`. */
  readonly kind: string
  readonly to: string
  readonly values?: Readonly<Record<string, string | number>>
  readonly link?: string | undefined
}

/** In each part. */
export const mostBytes = 10_240

export function isComposed(content: unknown): content is ComposedMail {
  return typeof content === 'object' && content !== null && 'subject' in content && 'html' in content
}

/** Mail programs make a link of anything that looks like one. */
function unlinked(value: string): string {
  return value.replace(/[.:/@\\](?=\S)/g, ' ')
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? '')
}

/** At most so many characters in a line, so that no server or program breaks one. */
const lineLength = 72

function wrapped(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > lineLength) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}

/** Values that are addresses of the account itself, or set by the operator. */
const trusted: ReadonlySet<string> = new Set(['product', 'email', 'newEmail'])

export function composeMail(words: PageText, productName: string, facts: MailFacts): ComposedMail {
  const { kind, to, link } = facts
  const given = Object.entries(facts.values ?? {}).map(([name, value]) => {
    const shown = displayText(String(value), 254)
    return [name, trusted.has(name) ? shown : unlinked(shown).slice(0, 60)] as const
  })
  const values = { ...Object.fromEntries(given), product: productName }
  const name = `mail.${kind}`
  const htmlOf = (part: SentencePart) => ('words' in part ? escaped(part.words) : `<bdi>${escaped(part.value)}</bdi>`)
  const paragraphs = (member: string) =>
    words.hasText(`${name}.${member}`) ? [words.sentence(`${name}.${member}`, values)] : []
  const foot = words.sentence('mail.foot', values)
  const before = paragraphs('lead')
  const after = [...paragraphs('after'), foot]
  const text = [
    ...before.map((parts) => wrapped(words.plain(parts))),
    ...(link === undefined ? [] : [`${words.text(`${name}.action`)}:`, link]),
    ...after.map((parts) => wrapped(words.plain(parts))),
  ].join('\n\n')
  const p = (inner: string) => `<p style="margin:0 0 16px">${inner}</p>`
  const button =
    link === undefined
      ? []
      : [
          p(`<a href="${escaped(link)}">${escaped(words.text(`${name}.action`))}</a>`),
          p(`<small style="word-break:break-all">${escaped(link)}</small>`),
        ]
  const html = [
    `<!doctype html><html lang="${words.language}" dir="${words.direction}"><head><meta charset="utf-8">`,
    '<meta name="color-scheme" content="light dark"></head>',
    '<body style="font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;max-width:34rem;margin:0 auto;padding:24px">',
    ...before.map((parts) => p(parts.map(htmlOf).join(''))),
    ...button,
    ...after.map((parts) => p(parts.map(htmlOf).join(''))),
    '</body></html>',
  ].join('\n')
  const subject = words.plain(words.sentence(`${name}.subject`, values))
  for (const part of [text, html])
    if (Buffer.byteLength(part) > mostBytes) throw new Error(`the mail ${kind} is longer than ${mostBytes} bytes`)
  return { to, subject, text: `${text}\n`, html }
}
