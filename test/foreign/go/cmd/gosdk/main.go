// The Go SDK of MCP as a client, with its authorization code handler.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"time"

	"gatehouse.test/foreign/internal/steps"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"golang.org/x/oauth2"
)

// renewable is a token source whose token can be made to have expired.
type renewable struct {
	ctx     context.Context
	config  *oauth2.Config
	current *oauth2.Token
	source  oauth2.TokenSource
}

func (r *renewable) Token() (*oauth2.Token, error) {
	token, err := r.source.Token()
	if err == nil {
		r.current = token
	}
	return token, err
}

func (r *renewable) expire() {
	expired := *r.current
	expired.Expiry = time.Now().Add(-time.Minute)
	r.source = r.config.TokenSource(r.ctx, &expired)
}

type program struct {
	session *mcp.ClientSession
	tokens  *renewable
}

type signInParams struct {
	URL         string `json:"url"`
	RedirectURI string `json:"redirect_uri"`
}

func (p *program) signIn(params signInParams) (any, error) {
	ctx := context.Background()
	callback, err := steps.Listen(params.RedirectURI)
	if err != nil {
		return nil, err
	}
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL:         params.RedirectURI,
		RequestRefreshToken: true,
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{
				ClientName:              "MCP Go SDK",
				RedirectURIs:            []string{params.RedirectURI},
				GrantTypes:              []string{"authorization_code", "refresh_token"},
				TokenEndpointAuthMethod: "none",
			},
		},
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			if err := steps.OpenBrowser(args.URL); err != nil {
				return nil, err
			}
			answer, err := callback.Wait()
			if err != nil {
				return nil, err
			}
			if problem := answer.Get("error"); problem != "" {
				return nil, errors.New(problem)
			}
			return &auth.AuthorizationResult{Code: answer.Get("code"), State: answer.Get("state"), Iss: answer.Get("iss")}, nil
		},
		NewTokenSource: func(ctx context.Context, config *oauth2.Config, token *oauth2.Token) (oauth2.TokenSource, error) {
			p.tokens = &renewable{ctx: ctx, config: config, current: token, source: config.TokenSource(ctx, token)}
			return p.tokens, nil
		},
	})
	if err != nil {
		return nil, err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "1.0.0"}, nil)
	transport := &mcp.StreamableClientTransport{
		Endpoint:     params.URL,
		OAuthHandler: handler,
		HTTPClient:   &http.Client{Timeout: time.Minute},
	}
	session, err := client.Connect(ctx, transport, nil)
	if err != nil {
		return nil, err
	}
	p.session = session
	listed, err := session.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, tool := range listed.Tools {
		names = append(names, tool.Name)
	}
	return map[string]any{"tools": names}, nil
}

type callParams struct {
	Name      string         `json:"name"`
	Arguments map[string]any `json:"arguments"`
}

func (p *program) callTool(params callParams) (any, error) {
	result, err := p.session.CallTool(context.Background(), &mcp.CallToolParams{Name: params.Name, Arguments: params.Arguments})
	if err != nil {
		return nil, err
	}
	return map[string]any{"isError": result.IsError, "structuredContent": result.StructuredContent}, nil
}

func (p *program) describeTokens(struct{}) (any, error) {
	token := p.tokens.current
	return map[string]any{
		"clientId":     p.tokens.config.ClientID,
		"accessToken":  token.AccessToken,
		"refreshToken": token.RefreshToken,
		"scope":        token.Extra("scope"),
	}, nil
}

func (p *program) expire(struct{}) (any, error) {
	p.tokens.expire()
	return map[string]any{}, nil
}

func main() {
	p := &program{}
	err := steps.Serve(map[string]steps.Step{
		"signIn":   steps.With(p.signIn),
		"callTool": steps.With(p.callTool),
		"tokens":   steps.With(p.describeTokens),
		"expire":   steps.With(p.expire),
	})
	if err != nil {
		log.Fatal(err)
	}
}
