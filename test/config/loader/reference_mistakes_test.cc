// Errors in header names, names, references and addresses.

#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

const Mistake kMistakes[] = {
    {"AHeaderThatIsNoToken", "    tls:\n",
     R"(    identity_headers:
      set:
        X Client: subject
    tls:
)",
     "m.yaml:8:9: set: 'X Client' is not a header name; use letters, digits and '-', e.g. "
     "X-SSL-Client-S-DN"},
    {"AHeaderOfHttpItself", "    tls:\n",
     R"(    identity_headers:
      set: {Content_Length: subject}
    tls:
)",
     "m.yaml:7:13: set: 'Content_Length' belongs to HTTP itself and cannot be set; choose "
     "another name, e.g. X-SSL-Client-S-DN"},
    {"TheHostHeader", "    tls:\n",
     R"(    identity_headers:
      set: {Host: sni}
    tls:
)",
     "m.yaml:7:13: set: 'Host' belongs to HTTP itself and cannot be set; choose another "
     "name, e.g. X-SSL-Client-S-DN"},
    {"AHeaderOfMantletItself", "    tls:\n",
     R"(    identity_headers:
      set: {Client-Cert: cert_der_base64}
    tls:
)",
     "m.yaml:7:13: set: 'Client-Cert' is written by mantlet itself; see xfcc and "
     "client_cert, or choose another name"},
    {"TwoHeadersThatFoldToOne", "    tls:\n",
     R"(    identity_headers:
      set:
        X-Client: subject
        x_client: issuer
    tls:
)",
     "m.yaml:9:9: set: 'x_client' and 'X-Client' are the same header for applications that ignore "
     "letter case and the difference of '-', '_' and '.'; keep one"},
    {"AnUnknownIdentityField", "    tls:\n",
     R"(    identity_headers:
      set: {X-Client: subjet}
    tls:
)",
     "m.yaml:7:23: set: X-Client: 'subjet' is not known here; did you mean 'subject'?"},
    {"AnUnknownXfccField", "    tls:\n",
     R"(    identity_headers:
      xfcc_fields: [by, hsah]
    tls:
)",
     "m.yaml:7:25: xfcc_fields[1]: 'hsah' is not known here; did you mean 'hash'?"},
    {"ANameWithASpace", "name: public", "name: the public",
     "m.yaml:3:11: name: 'the public' is not a name; use letters, digits, '.', '_' and "
     "'-', at most 63, the first a letter or digit"},
    {"TwoListenersOfOneName", "upstreams:\n",
     R"(  - name: public
    address: 127.0.0.1:9443
    upstream: app
    tls: {certificates: [{bundle: b.pem}]}
    client_auth: {mode: none}
upstreams:
)",
     "m.yaml:12:11: two of the listeners are named 'public'; rename this one or the one "
     "in line 3"},
    {"TwoListenersAtOneAddress", "upstreams:\n",
     R"(  - name: other
    address: 127.0.0.1:8443
    upstream: app
    tls: {certificates: [{bundle: b.pem}]}
    client_auth: {mode: none}
upstreams:
)",
     "m.yaml:13:14: address: 127.0.0.1:8443 is used twice; change this one or the one in line 4"},
    {"MetricsAtTheAddressOfAListener", "workers: 2", "metrics: {address: 127.0.0.1:8443}",
     "m.yaml:1:20: address: 127.0.0.1:8443 is used twice; change this one or the one in line 4"},
    {"MetricsAtTheSameAddressInAnotherSpelling", "workers: 2",
     "metrics: {address: '[::ffff:127.0.0.1]:8443'}",
     "m.yaml:1:20: address: [::ffff:127.0.0.1]:8443 is used twice; change this one or the one in "
     "line 4"},
    {"AWildcardOverTheAddressOfAListener", "workers: 2", "metrics: {address: 0.0.0.0:8443}",
     "m.yaml:1:20: address: 0.0.0.0:8443 and 127.0.0.1:8443 cannot be bound together, because one "
     "of them includes all addresses; change this one or the one in line 4"},
    {"AModeThatIsNone", "127.0.0.1:8443", "unix:/run/m.sock\n    socket_mode: rw-rw----",
     "m.yaml:5:18: socket_mode: 'rw-rw----' is not a mode; write three octal digits after a 0, "
     "e.g. "
     "0660"},
    {"AWorldAccessibleAdminSocket", "workers: 2",
     "admin: {address: unix:/run/a.sock, socket_mode: 0666}",
     "m.yaml:1:49: socket_mode: every user of this machine could reload and drain mantlet; write "
     "0600, or 0660 and a socket_group"},
    {"TwoUpstreamsOfOneName", "upstreams:\n",
     R"(upstreams:
  - name: app
    address: unix:/run/app.sock
)",
     "m.yaml:15:11: two of the upstreams are named 'app'; rename this one or the one in "
     "line 13"},
    {"AForwardedPathOfMantlet", "workers: 2",
     "metrics: {address: 127.0.0.1:9900, forward: [{path: /readyz, upstream: app}]}",
     "m.yaml:1:53: path: /readyz is answered already; choose another path; /metrics, /healthz and "
     "/readyz are mantlet's own"},
    {"AForwardedPathTwice", "workers: 2",
     "metrics: {address: 127.0.0.1:9900, forward: [{path: /a, upstream: app}, {path: /a, upstream: "
     "app}]}",
     "m.yaml:1:80: path: /a is answered already; choose another path; /metrics, /healthz and "
     "/readyz are mantlet's own"},
    {"AForwardedPathWithQuery", "workers: 2",
     "metrics: {address: 127.0.0.1:9900, forward: [{path: '/a?b', upstream: app}]}",
     "m.yaml:1:53: path: not the path of a request; write it as in /health: with a leading slash, "
     "without spaces, ? and #"},
    {"AForwardToAnUnknownUpstream", "workers: 2",
     "metrics: {address: 127.0.0.1:9900, forward: [{path: /a, upstream: other}]}",
     "m.yaml:1:67: upstream: no listener uses an upstream 'other'; write the name of an upstream "
     "that a listener uses"},
    {"AHealthCheckWithoutPath", "    address: 127.0.0.1:8080\n",
     "    address: 127.0.0.1:8080\n    health: {interval: 5s}\n",
     "m.yaml:15:13: health: an HTTP check needs a path; add path: /health, or write type: tcp"},
    {"AHealthCheckWithoutInterval", "    address: 127.0.0.1:8080\n",
     "    address: 127.0.0.1:8080\n    health: {path: /h}\n",
     "m.yaml:15:13: health: without an interval nothing is checked; add interval: 5s"},
    {"ATcpCheckWithPath", "    address: 127.0.0.1:8080\n",
     "    address: 127.0.0.1:8080\n    health: {type: tcp, path: /h, interval: 5s}\n",
     "m.yaml:15:31: path: only an HTTP check has a path; remove it, or write type: http"},
    {"AHealthPathThatSplitsTheRequest", "    address: 127.0.0.1:8080\n",
     "    address: 127.0.0.1:8080\n    health: {path: '/h HTTP/1.1', interval: 5s}\n",
     "m.yaml:15:20: path: not the target of a request; write it as in /health?full=1: with a "
     "leading slash, without spaces and #"},
    {"AHealthTimeoutBeyondItsInterval", "    address: 127.0.0.1:8080\n",
     "    address: 127.0.0.1:8080\n    health: {path: /h, interval: 500ms}\n",
     "m.yaml:15:13: timeout: longer than interval; checks of an address must not overlap; lower "
     "it"},
    {"AnUnknownUpstream", "upstream: app", "upstream: ap",
     "m.yaml:5:15: upstream: there is no upstream 'ap'; did you mean 'app'?"},
    {"AnAddressWithoutPort", "127.0.0.1:8443", "127.0.0.1",
     "m.yaml:4:14: address: '127.0.0.1' has no port; write HOST:PORT, [IPV6]:PORT or "
     "unix:/PATH"},
    {"APortAlone", "127.0.0.1:8443", "8443",
     "m.yaml:4:14: address: '8443' has no host; write 0.0.0.0:8443 or 127.0.0.1:8443"},
    {"AnAddressWithoutHost", "127.0.0.1:8443", ":8443",
     "m.yaml:4:14: address: ':8443' has no host; write 0.0.0.0:8443 or [::]:8443 for "
     "every interface"},
    {"APortOutOfRange", "127.0.0.1:8443", "127.0.0.1:65536",
     "m.yaml:4:14: address: '65536' is not a port; write a port from 1 to 65535"},
    {"AServiceNameAsPort", "127.0.0.1:8443", "127.0.0.1:https",
     "m.yaml:4:14: address: 'https' is not a port; write a port from 1 to 65535"},
    {"PortZeroToConnectTo", "127.0.0.1:8080", "127.0.0.1:0",
     "m.yaml:14:14: address: port 0 cannot be connected to; write a port from 1 to 65535"},
    {"AnIpv6AddressWithoutBrackets", "127.0.0.1:8443", "::1:8443",
     "m.yaml:4:14: address: the IPv6 address in '::1:8443' has no brackets; write "
     "[::1]:8443"},
    {"AnIpv6AddressThatIsNone", "127.0.0.1:8443", "\"[::g]:8443\"",
     "m.yaml:4:14: address: '::g' is not an IPv6 address; write [IPV6]:PORT, e.g. "
     "[::1]:8080"},
    {"AnIpv4AddressThatIsNone", "127.0.0.1:8443", "127.0.0.256:8443",
     "m.yaml:4:14: address: '127.0.0.256' is neither an address nor a host name; write "
     "HOST:PORT, [IPV6]:PORT or unix:/PATH"},
    {"AUrlForAnAddress", "127.0.0.1:8080", "http://127.0.0.1:8080",
     "m.yaml:14:14: address: 'http://127.0.0.1:8080' is a URL; write HOST:PORT, "
     "[IPV6]:PORT or unix:/PATH"},
    {"APathForAnAddress", "127.0.0.1:8080", "/run/app.sock",
     "m.yaml:14:14: address: '/run/app.sock' is a path; write unix:/run/app.sock"},
    {"ATooLongSocketPath", "127.0.0.1:8080", "unix:/run/" + std::string(108, 'x'),
     "m.yaml:14:14: address: the socket's path has 113 bytes, the system's limit is 107; "
     "choose a shorter one, e.g. below /run"},
    {"AnAbstractSocket", "127.0.0.1:8080", "unix:@app",
     "m.yaml:14:14: address: abstract sockets (unix:@NAME) are not supported: they have "
     "no permissions; write unix:/PATH"},
    {"ASystemdSocketToConnectTo", "127.0.0.1:8080", "systemd:app",
     "m.yaml:14:14: address: systemd: is supported for listeners only; write HOST:PORT, "
     "[IPV6]:PORT or unix:/PATH"},
    {"ASystemdSocketWithoutName", "127.0.0.1:8443", "'systemd:'",
     "m.yaml:4:14: address: '' is not the name of a socket unit's descriptor; write "
     "systemd:NAME with the unit's FileDescriptorName="},
    {"AnUpstreamOnTheNetwork", "127.0.0.1:8080", "10.0.0.1:8080",
     "m.yaml:14:14: address: 10.0.0.1:8080 is not loopback, and the traffic to it is not "
     "encrypted; use a loopback address or unix:, or add 'allow_plaintext_network: true'"},
    {"AnAdminAddressOnTheNetwork", "workers: 2", "admin: {address: 0.0.0.0:9901}",
     "m.yaml:1:18: address: 0.0.0.0:9901 is not loopback, and every client there could reload and "
     "drain mantlet; write 127.0.0.1:9901 or unix:/PATH"},
    {"AnAccessLogThatIsNoPath", "workers: 2", "log: {access: stderr}",
     "m.yaml:1:15: access: 'stderr' is neither stdout, off nor a path; write stdout, off "
     "or a path with a '/', as ./stderr"},
};

INSTANTIATE_TEST_SUITE_P(ReferenceMistakes, MistakeTest, testing::ValuesIn(kMistakes), NameOf);

}  // namespace
}  // namespace mantlet::config
