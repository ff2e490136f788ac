// golang.org/x/oauth2 with github.com/coreos/go-oidc: a confidential client that signs people in.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gatehouse.test/foreign/internal/steps"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type program struct {
	provider *oidc.Provider
	config   oauth2.Config
	callback *steps.Callback
	token    *oauth2.Token
}

type setUpParams struct {
	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
}

func (p *program) setUp(params setUpParams) (any, error) {
	provider, err := oidc.NewProvider(context.Background(), params.Issuer)
	if err != nil {
		return nil, err
	}
	p.provider = provider
	p.config = oauth2.Config{
		ClientID:     params.ClientID,
		ClientSecret: params.ClientSecret,
		RedirectURL:  params.RedirectURI,
		Endpoint:     provider.Endpoint(),
	}
	p.callback, err = steps.Listen(params.RedirectURI)
	return map[string]any{}, err
}

type scopeParams struct {
	Scope string `json:"scope"`
}

func (p *program) signIn(params scopeParams) (any, error) {
	ctx := context.Background()
	p.config.Scopes = strings.Fields(params.Scope)
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	address := p.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	if err := steps.OpenBrowser(address); err != nil {
		return nil, err
	}
	answer, err := p.callback.Wait()
	if err != nil {
		return nil, err
	}
	if answer.Get("state") != state {
		return nil, errors.New("state did not match")
	}
	if problem := answer.Get("error"); problem != "" {
		return nil, errors.New(problem)
	}
	p.token, err = p.config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, ok := p.token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("no id_token in the token response")
	}
	idToken, err := p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != nonce {
		return nil, errors.New("nonce did not match")
	}
	if err := idToken.VerifyAccessToken(p.token.AccessToken); err != nil && idToken.AccessTokenHash != "" {
		return nil, err
	}
	var claims map[string]any
	if err := idToken.Claims(&claims); err != nil {
		return nil, err
	}
	return map[string]any{"claims": claims, "scope": p.token.Extra("scope"), "accessToken": p.token.AccessToken}, nil
}

func (p *program) userinfo(struct{}) (any, error) {
	info, err := p.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(p.token))
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := info.Claims(&claims); err != nil {
		return nil, err
	}
	return map[string]any{"sub": info.Subject, "email": info.Email, "claims": claims}, nil
}

// refresh cannot name a scope: golang.org/x/oauth2 never sends one with a refresh token.
func (p *program) refresh(struct{}) (any, error) {
	expired := &oauth2.Token{RefreshToken: p.token.RefreshToken, Expiry: time.Now().Add(-time.Minute)}
	token, err := p.config.TokenSource(context.Background(), expired).Token()
	if err != nil {
		return nil, err
	}
	p.token = token
	return map[string]any{"scope": token.Extra("scope"), "accessToken": token.AccessToken}, nil
}

// revoke asks the endpoint that discovery names; the library has no call for it.
func (p *program) revoke(struct{}) (any, error) {
	var metadata struct {
		RevocationEndpoint string `json:"revocation_endpoint"`
	}
	if err := p.provider.Claims(&metadata); err != nil {
		return nil, err
	}
	body := url.Values{"token": {p.token.RefreshToken}}
	request, err := http.NewRequest(http.MethodPost, metadata.RevocationEndpoint, strings.NewReader(body.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return nil, fmt.Errorf("revocation answered %d: %s", response.StatusCode, text)
	}
	return map[string]any{}, nil
}

func main() {
	p := &program{}
	err := steps.Serve(map[string]steps.Step{
		"setUp":    steps.With(p.setUp),
		"signIn":   steps.With(p.signIn),
		"userinfo": steps.With(p.userinfo),
		"refresh":  steps.With(p.refresh),
		"revoke":   steps.With(p.revoke),
	})
	if err != nil {
		log.Fatal(err)
	}
}
