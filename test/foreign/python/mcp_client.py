"""The MCP Python SDK, used as its documentation shows for servers that demand OAuth."""

import time
import webbrowser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio.to_thread
import httpx2
from callback import CallbackServer
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from steps import run


class InMemoryTokenStorage(TokenStorage):
    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client_info: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client_info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client_info = client_info


class Program:
    async def sign_in(self, url: str, redirect_uri: str) -> dict[str, Any]:
        callback = CallbackServer(redirect_uri)

        async def open_browser(authorization_url: str) -> None:
            webbrowser.open(authorization_url)

        async def receive_callback() -> AuthorizationCodeResult:
            answer = parse_qs(urlsplit(await anyio.to_thread.run_sync(callback.wait)).query)
            first = {name: values[0] for name, values in answer.items()}
            return AuthorizationCodeResult(code=first.get("code", ""), state=first.get("state"), iss=first.get("iss"))

        self.storage = InMemoryTokenStorage()
        self.provider = OAuthClientProvider(
            server_url=url,
            client_metadata=OAuthClientMetadata(
                client_name="MCP Python SDK",
                redirect_uris=[redirect_uri],
                grant_types=["authorization_code", "refresh_token"],
            ),
            storage=self.storage,
            redirect_handler=open_browser,
            callback_handler=receive_callback,
        )
        http_client = httpx2.AsyncClient(auth=self.provider, timeout=60)
        self.client = await Client(streamable_http_client(url, http_client=http_client)).__aenter__()
        tools = await self.client.list_tools()
        return {"tools": [tool.name for tool in tools.tools], "protocolVersion": self.client.protocol_version}

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool(name, arguments)
        return {"isError": bool(result.is_error), "structuredContent": result.structured_content}

    async def tokens(self) -> dict[str, Any]:
        client_info, tokens = self.storage.client_info, self.storage.tokens
        if client_info is None or tokens is None:
            raise RuntimeError("not signed in")
        return {
            "clientId": client_info.client_id,
            "clientSecret": client_info.client_secret,
            "accessToken": tokens.access_token,
            "refreshToken": tokens.refresh_token,
            "scope": tokens.scope,
        }

    async def expire(self) -> dict[str, Any]:
        """Lets the SDK believe that its access token has expired, so that it refreshes before the next request."""
        self.provider.context.token_expiry_time = time.time() - 1
        return {}


program = Program()
run({"signIn": program.sign_in, "callTool": program.call_tool, "tokens": program.tokens, "expire": program.expire})
