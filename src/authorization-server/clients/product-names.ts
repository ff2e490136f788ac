/**
 * The one list of product names that a stranger may not borrow silently: MCP clients (every product in the manual's table of clients,
 * `test/authorization-server/clients/product-names.test.ts` compares), and services that people keep mail, money, documents and sign-ins
 * with. Hosts are those that the makers name in their own documentation; a row's makers are sure of their own names alone.
 */

export interface Product {
  readonly name: string
  /** Found anywhere in a name, in any spelling that looks alike: lower case, letters and digits, or with one letter wrong. */
  readonly anywhere?: readonly string[]
  /** Found as a whole word of a name: short names, and those that longer words contain. */
  readonly word?: readonly string[]
  /** Only a whole name is mistaken for it: words of everyday language. */
  readonly wholeName?: readonly string[]
  /** Hosts of the maker, with all below them: a document from there does not borrow the name. */
  readonly hosts: readonly string[]
}

const google = ['google.com', 'google', 'goo.gle']
const microsoft = ['microsoft.com', 'microsoftonline.com', 'office.com', 'cloud.microsoft']
const amazon = ['amazon.com', 'aws.dev', 'awsapps.com', 'kiro.dev']
const openai = ['chatgpt.com', 'openai.com']
const meta = ['meta.com', 'meta.ai', 'facebook.com', 'whatsapp.com', 'instagram.com']
const xai = ['x.ai', 'grok.com']

/** The first that matches names the warning, so a product stands above its maker. */
export const products: readonly Product[] = [
  // Assistants, editors and agents that speak MCP.
  { name: 'Claude', anywhere: ['claude'], hosts: ['claude.ai', 'claude.com', 'anthropic.com'] },
  { name: 'Anthropic', anywhere: ['anthropic'], hosts: ['claude.ai', 'anthropic.com'] },
  { name: 'ChatGPT', anywhere: ['chatgpt'], hosts: openai },
  { name: 'OpenAI', anywhere: ['openai'], hosts: openai },
  { name: 'Codex', anywhere: ['codex'], hosts: openai },
  { name: 'Cursor', anywhere: ['cursor'], hosts: ['cursor.com'] },
  {
    name: 'Visual Studio Code',
    anywhere: ['visualstudio', 'vscode'],
    hosts: ['vscode.dev', 'visualstudio.com', 'microsoft.com'],
  },
  { name: 'GitHub Copilot', anywhere: ['copilot'], hosts: ['github.com', ...microsoft] },
  { name: 'GitHub', anywhere: ['github'], hosts: ['github.com'] },
  { name: 'Gemini', anywhere: ['gemini'], hosts: google },
  { name: 'Google Antigravity', anywhere: ['antigravity'], hosts: google },
  { name: 'Windsurf', anywhere: ['windsurf'], hosts: ['windsurf.com', 'codeium.com', 'devin.ai'] },
  { name: 'Devin', word: ['devin'], hosts: ['devin.ai', 'cognition.ai'] },
  { name: 'Perplexity', anywhere: ['perplexity'], hosts: ['perplexity.ai', 'perplexity.com'] },
  { name: 'JetBrains', anywhere: ['jetbrains', 'intellij', 'pycharm'], hosts: ['jetbrains.com'] },
  { name: 'Mistral', anywhere: ['mistral'], hosts: ['mistral.ai'] },
  { name: 'Le Chat', wholeName: ['lechat'], hosts: ['mistral.ai'] },
  { name: 'opencode', anywhere: ['opencode'], hosts: ['opencode.ai'] },
  { name: 'LibreChat', anywhere: ['librechat'], hosts: ['librechat.ai'] },
  { name: 'MCP Inspector', anywhere: ['mcpinspector'], hosts: ['modelcontextprotocol.io'] },
  { name: 'mcp-remote', anywhere: ['mcpremote'], hosts: [] },
  { name: 'MCPJam', anywhere: ['mcpjam'], hosts: ['mcpjam.com'] },
  { name: 'LM Studio', anywhere: ['lmstudio'], hosts: ['lmstudio.ai'] },
  { name: 'Roo Code', anywhere: ['roocode'], hosts: ['roocode.com'] },
  { name: 'Cline', wholeName: ['cline'], hosts: ['cline.bot'] },
  { name: 'Continue', wholeName: ['continue', 'continuedev'], hosts: ['continue.dev'] },
  { name: 'Amp', wholeName: ['amp', 'ampcode'], hosts: ['ampcode.com', 'sourcegraph.com'] },
  { name: 'Sourcegraph', anywhere: ['sourcegraph'], hosts: ['ampcode.com', 'sourcegraph.com'] },
  { name: 'Augment', wholeName: ['augment', 'augmentcode'], hosts: ['augmentcode.com'] },
  { name: 'Tabnine', anywhere: ['tabnine'], hosts: ['tabnine.com'] },
  { name: 'Trae', wholeName: ['trae'], hosts: ['trae.ai'] },
  { name: 'Kiro', word: ['kiro'], hosts: amazon },
  { name: 'Amazon Q', wholeName: ['amazonq', 'amazonqdeveloper'], hosts: amazon },
  { name: 'Raycast', anywhere: ['raycast'], hosts: ['raycast.com'] },
  { name: 'Postman', wholeName: ['postman'], hosts: ['postman.com', 'postman.co'] },
  { name: 'Zapier', anywhere: ['zapier'], hosts: ['zapier.com'] },
  { name: 'n8n', word: ['n8n'], hosts: ['n8n.io', 'n8n.cloud'] },
  { name: 'Dify', word: ['dify'], hosts: ['dify.ai'] },
  { name: 'goose', wholeName: ['goose'], hosts: ['goose-docs.ai', 'block.xyz'] },
  { name: 'Zed', wholeName: ['zed', 'zededitor'], hosts: ['zed.dev'] },
  { name: 'Warp', wholeName: ['warp', 'warpterminal'], hosts: ['warp.dev'] },
  { name: 'ToolHive', anywhere: ['toolhive'], hosts: ['toolhive.dev', 'stacklok.com'] },
  { name: 'Factory Droid', anywhere: ['factorydroid'], hosts: ['factory.ai'] },
  { name: 'Smithery', anywhere: ['smithery'], hosts: ['smithery.ai'] },
  { name: 'Docker', word: ['docker'], hosts: ['docker.com'] },
  { name: 'DeepSeek', anywhere: ['deepseek'], hosts: ['deepseek.com'] },
  { name: 'Grok', word: ['grok'], hosts: xai },
  { name: 'xAI', word: ['xai'], hosts: xai },
  { name: 'Meta AI', wholeName: ['metaai'], hosts: meta },
  { name: 'Qwen', word: ['qwen'], hosts: ['qwen.ai', 'qwenlm.ai', 'alibaba.com'] },
  { name: 'Kimi', wholeName: ['kimi'], hosts: ['kimi.com', 'moonshot.ai'] },
  { name: 'Manus', wholeName: ['manus'], hosts: ['manus.im'] },
  { name: 'Hugging Face', anywhere: ['huggingface'], hosts: ['huggingface.co', 'hf.co'] },
  { name: 'Ollama', word: ['ollama'], hosts: ['ollama.com'] },
  { name: 'OpenRouter', anywhere: ['openrouter'], hosts: ['openrouter.ai'] },
  { name: 'Replit', word: ['replit'], hosts: ['replit.com'] },
  // Where people keep their mail, documents, code and money, and what they sign in with.
  { name: 'Gmail', word: ['gmail', 'googlemail'], hosts: google },
  { name: 'Google', anywhere: ['google'], hosts: google },
  { name: 'Office 365', anywhere: ['office365'], word: ['outlook', 'onedrive', 'msoffice'], hosts: microsoft },
  { name: 'Microsoft', anywhere: ['microsoft'], word: ['azure', 'entra'], hosts: microsoft },
  {
    name: 'Apple',
    anywhere: ['appleid'],
    word: ['icloud'],
    wholeName: ['apple', 'appleaccount', 'applepay'],
    hosts: ['apple.com', 'icloud.com'],
  },
  { name: 'AWS', word: ['aws'], anywhere: ['amazonwebservices'], hosts: amazon },
  { name: 'Amazon', word: ['amazon'], hosts: amazon },
  { name: 'Facebook', anywhere: ['facebook', 'whatsapp', 'instagram'], hosts: meta },
  { name: 'Okta', word: ['okta'], hosts: ['okta.com', 'okta-emea.com'] },
  { name: 'Auth0', word: ['auth0'], hosts: ['auth0.com', 'okta.com'] },
  { name: 'Keycloak', anywhere: ['keycloak'], hosts: ['keycloak.org'] },
  {
    name: 'Notion',
    wholeName: ['notion', 'notionai', 'notionmail', 'notioncalendar'],
    hosts: ['notion.so', 'notion.com'],
  },
  { name: 'Slack', wholeName: ['slack'], hosts: ['slack.com'] },
  { name: 'Discord', word: ['discord'], hosts: ['discord.com'] },
  { name: 'Zoom', wholeName: ['zoom'], hosts: ['zoom.us', 'zoom.com'] },
  { name: 'Dropbox', anywhere: ['dropbox'], hosts: ['dropbox.com'] },
  { name: 'Salesforce', anywhere: ['salesforce'], hosts: ['salesforce.com'] },
  { name: 'Atlassian', anywhere: ['atlassian'], word: ['jira'], wholeName: ['confluence'], hosts: ['atlassian.com'] },
  { name: 'GitLab', anywhere: ['gitlab'], hosts: ['gitlab.com'] },
  { name: 'Linear', wholeName: ['linear'], hosts: ['linear.app'] },
  { name: 'Figma', word: ['figma'], hosts: ['figma.com'] },
  { name: 'Cloudflare', anywhere: ['cloudflare'], hosts: ['cloudflare.com'] },
  { name: 'Vercel', word: ['vercel'], hosts: ['vercel.com'] },
  { name: 'PayPal', anywhere: ['paypal'], hosts: ['paypal.com'] },
  { name: 'Stripe', wholeName: ['stripe'], hosts: ['stripe.com'] },
  { name: '1Password', wholeName: ['1password', '1passwordx'], hosts: ['1password.com', '1password.eu'] },
  { name: 'Bitwarden', anywhere: ['bitwarden'], hosts: ['bitwarden.com'] },
  { name: 'LastPass', anywhere: ['lastpass'], hosts: ['lastpass.com'] },
]
