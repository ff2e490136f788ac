/**
 * Reads an HTML page the way a person or a screen reader meets it: heading, text, and forms with their labels and buttons.
 * Parsed by the HTML standard (parse5). Knows nothing of styles or scripts.
 */
import { parse, type DefaultTreeAdapterTypes as Tree } from 'parse5'

export interface Field {
  readonly name: string
  readonly type: string
  readonly value: string
  /** Text of the label, the field's `aria-label`, or '' for hidden fields. */
  readonly label: string
  readonly checked: boolean
  readonly disabled: boolean
}

export interface Button {
  readonly text: string
  readonly name: string | undefined
  readonly value: string
  readonly disabled: boolean
}

export interface Form {
  readonly method: 'GET' | 'POST'
  /** Absolute. */
  readonly action: string
  readonly fields: readonly Field[]
  readonly buttons: readonly Button[]
}

export interface HtmlPage {
  readonly title: string
  readonly heading: string
  /** All visible text, blanks collapsed. */
  readonly text: string
  readonly forms: readonly Form[]
  readonly links: readonly { readonly text: string; readonly href: string }[]
}

type Element = Tree.Element

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((candidate) => candidate.name === name)?.value
}

function children(node: Tree.Node): readonly Tree.Node[] {
  return 'childNodes' in node ? node.childNodes : []
}

function isElement(node: Tree.Node): node is Element {
  return 'tagName' in node
}

/** Every element below, in document order. */
function elements(node: Tree.Node): Element[] {
  return children(node).flatMap((child) => (isElement(child) ? [child, ...elements(child)] : []))
}

const silent: ReadonlySet<string> = new Set(['script', 'style', 'template', 'head'])

function rawText(node: Tree.Node): string {
  if ('value' in node && node.nodeName === '#text') return node.value
  if (isElement(node) && silent.has(node.tagName)) return ''
  return children(node).map(rawText).join('')
}

function textOf(node: Tree.Node | undefined): string {
  return node === undefined ? '' : rawText(node).replace(/\s+/g, ' ').trim()
}

function labelOf(field: Element, all: readonly Element[]): string {
  const id = attribute(field, 'id')
  const named = all.find(
    (element) => element.tagName === 'label' && id !== undefined && attribute(element, 'for') === id,
  )
  const around = all.find((element) => element.tagName === 'label' && elements(element).includes(field))
  return textOf(named ?? around) || (attribute(field, 'aria-label') ?? '')
}

function toField(element: Element, all: readonly Element[]): Field {
  const type = element.tagName === 'input' ? (attribute(element, 'type') ?? 'text').toLowerCase() : element.tagName
  const toggles = type === 'checkbox' || type === 'radio'
  return {
    name: attribute(element, 'name') ?? '',
    type,
    value: element.tagName === 'textarea' ? rawText(element) : (attribute(element, 'value') ?? (toggles ? 'on' : '')),
    label: type === 'hidden' ? '' : labelOf(element, all),
    checked: attribute(element, 'checked') !== undefined,
    disabled: attribute(element, 'disabled') !== undefined,
  }
}

function toButton(element: Element): Button {
  const value = attribute(element, 'value') ?? ''
  return {
    text: element.tagName === 'button' ? textOf(element) : value,
    name: attribute(element, 'name'),
    value,
    disabled: attribute(element, 'disabled') !== undefined,
  }
}

function isButton(element: Element): boolean {
  const type = attribute(element, 'type')?.toLowerCase()
  return element.tagName === 'button' ? type !== 'button' && type !== 'reset' : type === 'submit'
}

/** Controls inside the form, and those elsewhere that name it with their `form` attribute. */
function controlsOf(form: Element, all: readonly Element[]): Element[] {
  const id = attribute(form, 'id')
  const inside = new Set(elements(form))
  return all.filter((element) => {
    if (!['input', 'textarea', 'button'].includes(element.tagName)) return false
    const owner = attribute(element, 'form')
    return owner === undefined ? inside.has(element) : owner === id
  })
}

function toForm(form: Element, all: readonly Element[], url: string): Form {
  const controls = controlsOf(form, all)
  return {
    method: attribute(form, 'method')?.toLowerCase() === 'post' ? 'POST' : 'GET',
    action: new URL(attribute(form, 'action') || url, url).href,
    fields: controls
      .filter((control) => !isButton(control) && control.tagName !== 'button')
      .map((control) => toField(control, all)),
    buttons: controls.filter(isButton).map(toButton),
  }
}

/** Parses the page found at `url`, against which its links and form actions are resolved. */
export function parseHtmlPage(html: string, url: string): HtmlPage {
  const document = parse(html)
  const all = elements(document)
  const first = (tagName: string) => all.find((element) => element.tagName === tagName)
  return {
    title: textOf(first('title')),
    heading: textOf(first('h1')),
    text: textOf(first('body')),
    forms: all.filter((element) => element.tagName === 'form').map((form) => toForm(form, all, url)),
    links: all.flatMap((element) => {
      const href = element.tagName === 'a' ? attribute(element, 'href') : undefined
      return href === undefined ? [] : [{ text: textOf(element), href: new URL(href, url).href }]
    }),
  }
}
