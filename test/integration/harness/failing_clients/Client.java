// A client of Java's HttpClient: prints the causes of a failure. usage: URL KEYSTORE|- TRUSTSTORE
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.time.Duration;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

class Client {
  private static KeyStore load(String path) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (FileInputStream in = new FileInputStream(path)) {
      store.load(in, "changeit".toCharArray());
    }
    return store;
  }

  public static void main(String[] arguments) throws Exception {
    KeyManager[] keys = null;
    if (!arguments[1].equals("-")) {
      KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
      factory.init(load(arguments[1]), "changeit".toCharArray());
      keys = factory.getKeyManagers();
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(load(arguments[2]));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, trust.getTrustManagers(), null);
    HttpClient client = HttpClient.newBuilder().sslContext(context).build();
    try {
      HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0])).timeout(Duration.ofSeconds(10)).build();
      System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    } catch (java.io.IOException error) {
      Throwable last = error;
      while (last.getCause() != null) last = last.getCause();
      System.out.println(last.getClass().getName() + ": " + last.getMessage());
    }
  }
}
