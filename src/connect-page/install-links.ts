/**
 * Links that open a client and offer to add the server, for clients whose vendor documents such a link. Each link opens the program
 * directly: the vendors' https pages that redirect to it would learn the URL of a private server.
 */

/** The server entry that a client stores. */
export interface KeptServer {
  readonly name: string
  readonly url: string
}

function query(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
}

function base64Json(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64')
}

/** code.visualstudio.com, "MCP developer guide", MCP URL handler. */
export function installInVsCode({ name, url }: KeptServer): string {
  return `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, type: 'http', url }))}`
}

/** cursor.com/docs/mcp/install-links. */
export function installInCursor({ name, url }: KeptServer): string {
  return `cursor://anysphere.cursor-deeplink/mcp/install?${query({ name, config: base64Json({ url }) })}`
}

/** lmstudio.ai/docs/app/mcp/deeplink. */
export function installInLmStudio({ name, url }: KeptServer): string {
  return `lmstudio://add_mcp?${query({ name, config: base64Json({ url }) })}`
}

/** goose's documentation of extensions, "installers"; `title` is shown to the person. */
export function installInGoose({ name, url }: KeptServer, title: string): string {
  return `goose://extension?${query({ type: 'streamable_http', url, id: name, name: title, description: title })}`
}
