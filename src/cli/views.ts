/** `gatehouse views`: what people see, without a server. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { viewsFolder } from '../pages/pages.js'
import { brandOf } from '../program/branding.js'
import { type Command, loadConfig, readArguments, UsageError, writeLine } from './command.js'
import { pagePreview, previewFolders, previewMark } from './page-preview.js'

/** Throws unless the folder is empty, missing, or an earlier preview, of which nothing stays. */
function makeRoom(folder: string, folders: readonly string[]): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return
  const index = join(folder, 'index.html')
  if (!existsSync(index) || !readFileSync(index, 'utf8').includes(previewMark))
    throw new Error(`${folder} holds something else: name a new folder, or an earlier preview`)
  for (const name of folders) rmSync(join(folder, name), { recursive: true, force: true })
}

export const views: Command = {
  name: 'views',
  summary:
    'Write every page with samples to a folder, in every language and with your brand, to look at without a server.',
  usage: ['views preview <folder>'],
  async run(terminal, args) {
    const { positionals } = readArguments(args, {})
    const [subcommand, folder, ...surplus] = positionals
    if (subcommand !== 'preview' || folder === undefined || surplus.length > 0)
      throw new UsageError('views takes preview and a folder')
    const config = loadConfig(terminal)
    const { PRODUCT_NAME: productName, ACCENT_COLOR: accentColor } = config
    const { files, pages, languages } = pagePreview({ viewsFolder, productName, accentColor, brand: brandOf(config) })
    makeRoom(folder, previewFolders(languages))
    for (const { path, content } of files) {
      const target = join(folder, path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, content)
    }
    writeLine(terminal, `Wrote ${pages} pages in ${languages.length} languages (${languages.join(', ')}).`)
    writeLine(terminal, `Open ${join(folder, 'index.html')}`)
  },
}
