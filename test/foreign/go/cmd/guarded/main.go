// An MCP server that accepts access tokens of Gatehouse. The manual quotes this file (docs/guard/go.md).
package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

var (
	issuer   = cmp.Or(os.Getenv("ISSUER_URL"), "http://localhost:3000")
	resource = cmp.Or(os.Getenv("RESOURCE_URL"), "http://localhost:8080/mcp")
	scopes   = []string{"tickets:read"}

	keys   = oidc.NewRemoteKeySet(context.Background(), issuer+"/jwks")
	tokens = oidc.NewVerifier(issuer, keys, &oidc.Config{
		ClientID:             resource, // the audience
		SupportedSigningAlgs: []string{oidc.ES256},
	})
)

// typeOf reads the header's typ, which sets access tokens apart from other tokens of the issuer.
func typeOf(token string) string {
	encoded, _, _ := strings.Cut(token, ".")
	decoded, _ := base64.RawURLEncoding.DecodeString(encoded)
	var header struct {
		Type string `json:"typ"`
	}
	_ = json.Unmarshal(decoded, &header)
	return header.Type
}

func verify(ctx context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	verified, err := tokens.Verify(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", auth.ErrInvalidToken, err)
	}
	var claims struct {
		Scope        string         `json:"scope"`
		Confirmation map[string]any `json:"cnf"`
	}
	// Another kind of token, or one bound to a key (DPoP), whose proof this server does not check.
	if err := verified.Claims(&claims); err != nil || typeOf(token) != "at+jwt" || claims.Confirmation != nil {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{
		Scopes:     strings.Fields(claims.Scope),
		Expiration: verified.Expiry,
		UserID:     verified.Subject,
	}, nil
}

func whoami(_ context.Context, request *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
	caller := request.Extra.TokenInfo.UserID
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: caller}}}, nil, nil
}

func main() {
	at, err := url.Parse(resource)
	if err != nil {
		log.Fatal(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "mine", Version: "1.0.0"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "Who is calling"}, whoami)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)

	metadataPath := "/.well-known/oauth-protected-resource" + at.Path
	guard := auth.RequireBearerToken(verify, &auth.RequireBearerTokenOptions{
		ResourceMetadataURL: at.Scheme + "://" + at.Host + metadataPath,
		Scopes:              scopes,
	})
	http.Handle(metadataPath, auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource:             resource,
		AuthorizationServers: []string{issuer},
		ScopesSupported:      scopes,
	}))
	http.Handle(at.Path, guard(handler))
	log.Fatal(http.ListenAndServe(at.Host, nil))
}
