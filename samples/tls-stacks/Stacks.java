import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.*;

/** One TLS connection with the JDK: `Stacks client ADDRESS PORT` or `Stacks server PORT KEYSTORE`. */
public class Stacks {
  public static void main(String[] args) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    if (args[0].equals("server")) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(new FileInputStream(args[2]), "throwaway".toCharArray());
      KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
      keys.init(store, "throwaway".toCharArray());
      context.init(keys.getKeyManagers(), null, null);
      var listener = context.getServerSocketFactory().createServerSocket(Integer.parseInt(args[1]));
      for (int i = 0; i < 2; i++)
        try (var socket = listener.accept()) {
          socket.getInputStream().read();
          socket.getOutputStream().write("hello\n".getBytes());
        }
      return;
    }
    TrustManager anybody = new X509ExtendedTrustManager() {
      public void checkClientTrusted(X509Certificate[] c, String a) {}
      public void checkServerTrusted(X509Certificate[] c, String a) {}
      public void checkClientTrusted(X509Certificate[] c, String a, java.net.Socket s) {}
      public void checkServerTrusted(X509Certificate[] c, String a, java.net.Socket s) {}
      public void checkClientTrusted(X509Certificate[] c, String a, SSLEngine e) {}
      public void checkServerTrusted(X509Certificate[] c, String a, SSLEngine e) {}
      public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };
    context.init(null, new TrustManager[] {anybody}, null);
    try (var socket = (SSLSocket) context.getSocketFactory().createSocket(args[1], Integer.parseInt(args[2]))) {
      var parameters = socket.getSSLParameters();
      parameters.setServerNames(java.util.List.of(new SNIHostName("server.example.test")));
      socket.setSSLParameters(parameters);
      socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
      socket.getInputStream().read();
    }
  }
}
