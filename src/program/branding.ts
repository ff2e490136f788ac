/** What the operator's settings put on the pages of both servers. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.js'
import type { Brand } from '../pages/brand.js'
import { readLogo } from '../pages/logo.js'

export type BrandSettings = Pick<Config, 'LOGO_FILE' | 'TERMS_URL' | 'PRIVACY_URL' | 'SUPPORT_CONTACT'>

function logoAt(path: string): Brand['logo'] {
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch (error) {
    throw new Error(`LOGO_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  try {
    return readLogo(file)
  } catch (error) {
    throw new Error(`LOGO_FILE is refused: the file ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Throws if the logo is not one that can be shown. */
export function brandOf(config: BrandSettings): Brand {
  const { LOGO_FILE: path, TERMS_URL: termsUrl, PRIVACY_URL: privacyUrl, SUPPORT_CONTACT: support } = config
  return { logo: path === undefined ? undefined : logoAt(path), termsUrl, privacyUrl, support }
}
