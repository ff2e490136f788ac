"""An MCP server that accepts access tokens of Gatehouse. The manual quotes this file (docs/guard/python.md)."""

import os
from urllib.parse import urlsplit

import anyio.to_thread
import jwt
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

ISSUER = os.environ.get("ISSUER_URL", "http://localhost:3000")
RESOURCE = os.environ.get("RESOURCE_URL", "http://localhost:8080/mcp")

keys = jwt.PyJWKClient(f"{ISSUER}/jwks")


class GatehouseTokens(TokenVerifier):
    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            key = await anyio.to_thread.run_sync(keys.get_signing_key_from_jwt, token)
            verified = jwt.decode_complete(
                token,
                key,
                algorithms=["ES256"],
                issuer=ISSUER,
                audience=RESOURCE,
                options={"require": ["exp", "iat", "sub", "client_id"]},
            )
        except jwt.PyJWKClientConnectionError:
            raise  # The issuer is down: an error of the server, not of the token.
        except (jwt.InvalidTokenError, jwt.PyJWKClientError):
            return None
        claims = verified["payload"]
        # Another kind of token, or one bound to a key (DPoP), whose proof this server does not check.
        if verified["header"].get("typ") != "at+jwt" or "cnf" in claims:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            subject=claims["sub"],
            scopes=claims.get("scope", "").split(),
            expires_at=claims["exp"],
            resource=RESOURCE,
            claims=claims,
        )


server = MCPServer(
    "mine",
    token_verifier=GatehouseTokens(),
    # From strings: a URL object would get a slash at its end, and be another issuer for clients.
    auth=AuthSettings.model_validate(
        {
            "issuer_url": ISSUER,
            "resource_server_url": RESOURCE,
            "required_scopes": ["tickets:read"],
            "validate_token_resource": True,
        }
    ),
)


@server.tool()
def whoami() -> str:
    """Who is calling"""
    caller = get_access_token()
    return caller.subject if caller and caller.subject else "nobody"


if __name__ == "__main__":
    server.run("streamable-http", port=urlsplit(RESOURCE).port or 80)
