import { describeMcpClient } from './mcp-client.js'

describeMcpClient('fastmcp', 'python', 'fastmcp_client')
