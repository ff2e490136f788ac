package foreign;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.client.endpoint.OAuth2RefreshTokenGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientRefreshTokenTokenResponseClient;
import org.springframework.security.oauth2.client.oidc.userinfo.OidcUserRequest;
import org.springframework.security.oauth2.client.oidc.userinfo.OidcUserService;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.registration.ClientRegistrations;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2RefreshToken;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.client.RestClient;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;
import tools.jackson.databind.json.JsonMapper;

/**
 * Spring Security's OAuth 2.0 login, as Spring Boot configures it: a web application, confidential, that signs people in.
 * Steps of a test are asked for on standard input and answered on standard output, JSON-RPC 2.0 with one message a line.
 */
@SpringBootApplication
public class SpringSecurityClient {
  private static ClientRegistration.Builder client;
  private static String origin;
  private static Set<String> scopes = Set.of("openid");
  private static ClientRegistration registration;
  private static OidcIdToken idToken;
  private static OAuth2AccessToken accessToken;
  private static OAuth2RefreshToken refreshToken;

  @Bean
  ClientRegistrationRepository registrations() {
    return id -> client.scope(scopes).build();
  }

  /** The application's only page. */
  @Bean
  RouterFunction<ServerResponse> home(OAuth2AuthorizedClientService clients) {
    return RouterFunctions.route().GET("/", request -> {
      var signedIn = (OAuth2AuthenticationToken) request.principal().orElseThrow();
      var authorized = clients.loadAuthorizedClient("gatehouse", signedIn.getName());
      registration = authorized.getClientRegistration();
      idToken = ((OidcUser) signedIn.getPrincipal()).getIdToken();
      accessToken = authorized.getAccessToken();
      refreshToken = authorized.getRefreshToken();
      return ServerResponse.ok().contentType(MediaType.TEXT_PLAIN).body("Signed in as " + signedIn.getName());
    }).build();
  }

  private static Map<String, Object> setUp(Map<String, String> params) {
    var redirectUri = URI.create(params.get("redirect_uri"));
    origin = redirectUri.getScheme() + "://" + redirectUri.getAuthority();
    client = ClientRegistrations.fromIssuerLocation(params.get("issuer"))
        .registrationId("gatehouse")
        .clientId(params.get("client_id"))
        .clientSecret(params.get("client_secret"));
    var application = new SpringApplication(SpringSecurityClient.class);
    application.setBannerMode(Banner.Mode.OFF);
    application.setDefaultProperties(Map.of(
        "server.address", redirectUri.getHost(),
        "server.port", redirectUri.getPort(),
        "logging.level.root", "warn"));
    application.run();
    return Map.of();
  }

  private static Map<String, Object> begin(Map<String, String> params) {
    scopes = scopesOf(params);
    return Map.of("url", origin + "/oauth2/authorization/gatehouse");
  }

  private static Map<String, Object> session() {
    return Map.of(
        "claims", Map.of("sub", idToken.getSubject(), "email", String.valueOf(idToken.getEmail())),
        "scope", String.join(" ", accessToken.getScopes()),
        "accessToken", accessToken.getTokenValue());
  }

  private static Map<String, Object> userinfo() {
    var user = new OidcUserService().loadUser(new OidcUserRequest(registration, accessToken, idToken));
    return Map.of("claims", user.getUserInfo().getClaims());
  }

  private static Map<String, Object> refresh(Map<String, String> params) {
    var request = new OAuth2RefreshTokenGrantRequest(registration, accessToken, refreshToken, scopesOf(params));
    var answer = new RestClientRefreshTokenTokenResponseClient().getTokenResponse(request);
    accessToken = answer.getAccessToken();
    refreshToken = answer.getRefreshToken();
    return Map.of("scope", String.join(" ", accessToken.getScopes()), "accessToken", accessToken.getTokenValue());
  }

  private static Map<String, Object> revoke() {
    var endpoint = registration.getProviderDetails().getConfigurationMetadata().get("revocation_endpoint");
    var body = new LinkedMultiValueMap<String, String>();
    body.add("token", refreshToken.getTokenValue());
    RestClient.create().post().uri(endpoint.toString())
        .headers(headers -> headers.setBasicAuth(registration.getClientId(), registration.getClientSecret()))
        .contentType(MediaType.APPLICATION_FORM_URLENCODED)
        .body(body)
        .retrieve()
        .toBodilessEntity();
    return Map.of();
  }

  private static Set<String> scopesOf(Map<String, String> params) {
    return new LinkedHashSet<>(Arrays.asList(params.get("scope").split(" ")));
  }

  private static Map<String, Object> step(String name, Map<String, String> params) {
    return switch (name) {
      case "setUp" -> setUp(params);
      case "begin" -> begin(params);
      case "session" -> session();
      case "userinfo" -> userinfo();
      case "refresh" -> refresh(params);
      case "revoke" -> revoke();
      default -> throw new IllegalArgumentException(name);
    };
  }

  public static void main(String[] args) throws Exception {
    var json = JsonMapper.builder().build();
    var answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // Spring logs to standard output, which carries the protocol alone.
    System.setOut(System.err);
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var tree = json.readTree(line);
      var answer = new LinkedHashMap<String, Object>(Map.of("jsonrpc", "2.0", "id", tree.get("id").asInt()));
      try {
        @SuppressWarnings("unchecked")
        Map<String, String> params = json.convertValue(tree.get("params"), Map.class);
        answer.put("result", step(tree.get("method").asString(), params));
      } catch (Exception error) {
        error.printStackTrace();
        answer.put("error", Map.of("code", -32000, "message", error.toString()));
      }
      answers.println(json.writeValueAsString(answer));
    }
    System.exit(0);
  }
}
