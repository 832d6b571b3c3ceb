#include "config/loader/peer_keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace mantlet::config {
namespace {

struct Meaning {
  const char* words;  // lower case, without '-' and '_', between blanks
  const char* ours;
};

constexpr Meaning kMeanings[] = {
    {"server frontend frontends virtualhost services service entrypoints", "listeners"},
    {"listen bind accept listenaddress bindaddress listenport port socketaddress listenon",
     "listeners[].address"},
    {"proxypass backendaddress target connectto forwardto endpoint endpoints loadassignment dial",
     "upstreams[].address"},
    {"backend backends cluster clusters reverseproxy staticresources origin origins", "upstreams"},
    {"defaultbackend usebackend route routes", "listeners[].upstream"},
    {"sslcertificate cert crt certificate certfile certificatefile certificatechain certchain "
     "tlscert sslcert servercert fullchain",
     "listeners[].tls.certificates[].chain"},
    {"sslcertificatekey keyfile privatekey privatekeyfile certkey tlskey sslkey serverkey",
     "listeners[].tls.certificates[].key"},
    {"pemfile pem", "listeners[].tls.certificates[].bundle"},
    {"keystore pfx p12", "listeners[].tls.certificates[].pkcs12"},
    {"sslpasswordfile passwordfile keystorepassword password passphrase storepass keypass",
     "listeners[].tls.certificates[].passphrase_file"},
    {"sslstaplingfile ocspstaple ocsp ocspresponsefile staplefile",
     "listeners[].tls.certificates[].ocsp_response"},
    {"alpn alpnprotocols nextprotos http2 http2protocoloptions npn", "listeners[].protocols"},
    {"grpcpass proto proxyhttpversion explicithttpconfig h2c", "upstreams[].protocol"},
    {"http2maxconcurrentstreams maxconcurrentstreams h2maxconcurrentstreams "
     "tuneh2maxconcurrentstreams",
     "listeners[].limits.streams"},
    {"keepaliverequests maxkeepaliverequests maxrequestsperconnection",
     "listeners[].limits.requests_per_connection"},
    {"keepalivetime maxconnectionduration maxconnectionage", "listeners[].limits.connection_age"},
    {"commontlscontext tlscontext ssl downstreamtlscontext", "listeners[].tls"},
    {"tlscertificates certificatefiles", "listeners[].tls.certificates"},
    {"sslprotocols sslversion sslminver tlsminversion minversion tlsversion tlsprotos "
     "tlsminimumprotocolversion sslversionmin minprotocol",
     "listeners[].tls.min_version"},
    {"sslciphers ciphers cipherlist ciphersuite tlsciphers", "listeners[].tls.cipher_suites"},
    {"sslecdhcurve curves ecdhcurves curvepreferences ecdhe", "listeners[].tls.groups"},
    {"sslsessioncache sslsessiontickets sessiontickets sessioncache notlstickets",
     "listeners[].tls.session_resumption"},
    {"sslsessiontimeout sessiontimeout", "listeners[].tls.session_lifetime"},
    {"sslclientcertificate ssltrustedcertificate cafile cacert cacerts ca cacertificate trustedca "
     "clientca clientcafile clientverifyca truststore trustpool trustedcacerts capath rootca "
     "validationcontext",
     "listeners[].client_auth.trust_bundle"},
    {"sslverifyclient verify verifyclient clientverify requireclientcertificate requireclientcert "
     "mtls verifychain verifypeer clientcert requestcert",
     "listeners[].client_auth.mode"},
    {"sslverifydepth verifydepth maxverifydepth", "listeners[].client_auth.max_depth"},
    {"sslcrl crlfile crlpath crls", "listeners[].client_auth.crl.files"},
    {"verifycertificatespki pinnedkeys verifycertificatehash pins",
     "listeners[].client_auth.spki_pins"},
    {"allowcn allowou allowdns allowuri allowpolicy matchtypedsubjectaltnames matchsubjectaltnames "
     "acl allow deny",
     "listeners[].policy.rules"},
    {"forwardclientcertdetails", "listeners[].identity_headers.xfcc"},
    {"setcurrentclientcertdetails", "listeners[].identity_headers.xfcc_fields"},
    {"proxysetheader addheader headerup requestheader requestheaders httprequest setheader headers",
     "listeners[].identity_headers.set"},
    {"clientmaxbodysize maxbodysize maxrequestbodysize requestbody",
     "listeners[].limits.body_bytes"},
    {"largeclientheaderbuffers clientheaderbuffersize maxrequestheaderskb maxheaderbytes",
     "listeners[].limits.header_bytes"},
    {"maxconn maxconnections workerconnections limitconn", "listeners[].limits.connections"},
    {"keepalivetimeout timeoutclient idletimeout", "listeners[].timeouts.idle"},
    {"clientheadertimeout timeouthttprequest readheadertimeout readtimeout",
     "listeners[].timeouts.request_head"},
    {"clientbodytimeout", "listeners[].timeouts.body"},
    {"handshaketimeout sslhandshaketimeout transportsocketconnecttimeout",
     "listeners[].timeouts.handshake"},
    {"proxyconnecttimeout timeoutconnect connecttimeout dialtimeout",
     "upstreams[].timeouts.connect"},
    {"proxyreadtimeout timeoutserver responseheadertimeout requesttimeout",
     "upstreams[].timeouts.response_head"},
    {"proxysendtimeout", "upstreams[].timeouts.write"},
    {"keepalive keepaliveidleconns maxidleconns", "upstreams[].pool.idle_connections"},
    {"workerprocesses nbthread nbproc concurrency threads", "workers"},
    {"errorlog loglevel debug verbose logging quiet", "log.level"},
    {"accesslog accesslogs", "log.access"},
    {"logformat", "log.format"},
    {"status prometheus stats metricsaddress healthcheck probes", "metrics.address"},
    {"adminaddress control", "admin.address"},
    {"graceperiod shutdowntimeout draintime hardstopafter workershutdowntimeout", "shutdown.drain"},
    {"servername servernames hostname hosts host domains domain sni",
     "no key is needed: certificates are selected by the names in them"},
    {"insecure insecureskipverify",
     "there is no such key: clients that do not verify are rejected"},
    {"include import", "there is no such key: the configuration is one file"},
    {"user group chroot daemon pid pidfile",
     "there is no such key: the service manager does that, see deploy/README.md"},
};

}  // namespace

std::string KeyMeantBy(const std::string& word) {
  std::string plain;
  for (char c : word) {
    if (c != '-' && c != '_') plain += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  for (const Meaning& meaning : kMeanings) {
    for (absl::string_view known : absl::StrSplit(meaning.words, ' ')) {
      if (known == plain) return meaning.ours;
    }
  }
  return "";
}

std::vector<std::string> AllMeanings() {
  std::vector<std::string> all;
  for (const Meaning& meaning : kMeanings) all.emplace_back(meaning.ours);
  return all;
}

}  // namespace mantlet::config
