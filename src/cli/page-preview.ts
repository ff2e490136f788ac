/** The pages as files that open without a server: every page with its samples, in every language, and an index of them. */
import { basename } from 'node:path'
import { pageScripts, type Views } from '../authorization-server/pages/views.js'
import { createPages, type PagesOptions } from '../pages/pages.js'
import { samplePages } from './page-samples/sample-pages.js'

export interface PreviewFile {
  /** Below the folder, with slashes. */
  readonly path: string
  readonly content: string | Buffer
}

/** In the index of every preview: tells its folder from others. */
export const previewMark = '<meta name="generator" content="gatehouse views preview">'

/** The page that would leave at once has no script here. */
const { 'form-post': _leaves, ...scripts } = pageScripts

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function indexPage(languages: readonly string[], names: readonly string[], stylesheet: string): string {
  const views = [...new Set(names.map((name) => name.slice(0, name.indexOf('/'))))]
  const links = (name: string) =>
    languages
      .map(
        (language) => `<a href="${language}/${encodeURIComponent(fileName(name))}" lang="${language}">${language}</a>`,
      )
      .join(' ')
  const rows = (view: string) =>
    names
      .filter((name) => name.startsWith(`${view}/`))
      .map((name) => `<li><span class="row-plain">${escaped(name.slice(view.length + 1))} ${links(name)}</span></li>`)
      .join('\n')
  const sections = views.map(
    (view) => `<section class="part"><h2>${escaped(view)}</h2><ul class="rows panel">\n${rows(view)}\n</ul></section>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${previewMark}
<title>Pages</title>
<link rel="stylesheet" href="${stylesheet}">
</head>
<body>
<div class="page page-wide">
<main class="card">
<h1>Pages</h1>
<p class="lead">Every page with samples, in each language. Nothing here is real: buttons and links lead nowhere.</p>
${sections.join('\n')}
</main>
</div>
</body>
</html>
`
}

function fileName(name: string): string {
  return `${name.replace('/', '-').replaceAll(/[^\w-]+/g, '-')}.html`
}

/** The folders that a preview fills. */
export function previewFolders(languages: readonly string[]): readonly string[] {
  return ['assets', ...languages]
}

export interface Preview {
  readonly languages: readonly string[]
  readonly pages: number
  readonly files: readonly PreviewFile[]
}

/** `options`: the operator's brand. Texts that strangers might put in are for the tests. */
export function pagePreview(options: Omit<PagesOptions, 'basePath' | 'scripts'>): Preview {
  // From the folder of a language.
  const pages = createPages<Views>({ ...options, scripts, basePath: '..' })
  const shown = samplePages.filter(({ sample }) => !sample.includes('hostile '))
  const names = shown.map(({ view, sample }) => `${view}/${sample}`)
  return {
    languages: pages.languages,
    pages: shown.length,
    files: [
      { path: 'index.html', content: indexPage(pages.languages, names, `assets/${basename(pages.stylesheet.path)}`) },
      ...pages.assets.map(({ localPath, body }) => ({ path: localPath.slice(1), content: body })),
      ...pages.languages.flatMap((language) =>
        shown.map(({ render }, place) => ({
          path: `${language}/${fileName(names[place] ?? '')}`,
          content: render(pages, language),
        })),
      ),
    ],
  }
}
