// The forwarding rules decide which fields of a message are forwarded and which mantlet writes
// itself (RFC 9110 section 7.6, RFC 9112 section 9). They remove hop-by-hop fields, remove the
// identity fields before they set mantlet's own, and write X-Forwarded-*.
//
// The rules produce no text. Each version of HTTP passes an `Out` that has these methods:
//
//   void Field(std::string_view name, std::string_view value);
//   void Run(std::string_view lines);  // any number of "Name: value\r\n", to be copied as they are
//   void Field(const LiteralName& name, std::string_view value);
//   void Begin(const LiteralName& name);     // a field whose value comes in pieces,
//   void Append(std::string_view piece);
//   std::string_view value() const;          // of which this much has come,
//   void End();                              // and which is complete
//   void Drop();                             // or is not to be written at all
//
// proxy/http1/field_text.h has the `Out` of HTTP/1, which copies a run of forwarded fields at once.
// The rules are pure functions and allocate nothing.

#ifndef MANTLET_PROXY_HTTP_FORWARDING_H_
#define MANTLET_PROXY_HTTP_FORWARDING_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/listed_options.h"
#include "proxy/http/literal_name.h"
#include "proxy/http/message.h"
#include "proxy/identity/identity_headers.h"
#include "proxy/identity/strip_set.h"

namespace mantlet::http {

// RequestForwarding holds what a connection adds to each of its requests. Everything it refers to
// must outlive the call.
struct RequestForwarding {
  const identity::StripSet& strip;
  const identity::RenderedIdentity& identity;
  std::string_view client_address;  // without port, IPv6 without brackets
  std::string_view default_host;  // Host for an HTTP/1.0 request that has none; "localhost" if this
                                  // is no host name
  // Forwards the Upgrade field that head.upgrade comes from. Otherwise that field is removed.
  bool tunnel_upgrade = false;
  // Drops the client's X-Forwarded-For. Otherwise the client's address is appended to it.
  bool replace_forwarded_for = false;
  // The request-target to send; if empty, head.target is sent.
  std::string_view target = {};
  std::string_view scheme = "https";  // of the client's connection, for X-Forwarded-Proto
};

// Returns the Host for the upstream: head.authority; without one, `default_host` if it is a valid
// host (the path of a Unix socket is not); otherwise "localhost".
std::string_view ForwardedHost(const RequestHead& head, std::string_view default_host);

// Returns whether a field of a request is forwarded unchanged. Fields that mantlet writes are not.
bool PassesRequestField(const HeaderView& field, const RequestHead& head,
                        const identity::StripSet& strip, const ListedOptions& listed);

// Returns whether the request's TE field contains "trailers". TE is hop-by-hop, and none of its
// other values applies to the next hop.
bool AsksForTrailers(const HeaderList& headers);

// Returns whether a response has no content regardless of its fields (RFC 9110 section 6.4.1).
bool IsBodyless(const ResponseHead& head, Method request_method);

// Returns the Content-Length of a response without content, which is what another response would
// have (RFC 9110 section 8.6): to HEAD, and with 304. Never with 101 or 204.
std::optional<std::string_view> LengthWithoutContent(const ResponseHead& head);

// Returns whether Vary names a client certificate field. A cache never sees that field and so
// cannot select such a response again (RFC 9440 section 2.4).
bool VariesByCertificate(const HeaderList& headers);

// These add to `out` the trailer fields that may be forwarded. Fields for framing, routing,
// authentication or identity are dropped (RFC 9110 section 6.5.1).
void ForwardRequestTrailers(const HeaderList& trailers, const identity::StripSet& strip,
                            HeaderList& out);
void ForwardResponseTrailers(const HeaderList& trailers, HeaderList& out);

// ---- templates

// Writes all fields of a request except the authority, TE, Upgrade, and those that frame the
// content.
template <typename Out>
void ForwardRequestFields(const RequestHead& head, const RequestForwarding& forwarding, Out& out);

// Writes all fields of a response except Upgrade and those that frame the content. Trailer is
// forwarded only if `with_trailers` is true, that is, if trailers can follow the content.
template <typename Out>
void ForwardResponseFields(const ResponseHead& head, bool with_trailers, Out& out);

namespace internal {

// Appends the values of all fields with this id to the field begun last. Returns whether there were
// any.
template <typename Out>
bool AppendListItems(const HeaderList& headers, HeaderId id, Out& out) {
  bool any = false;
  if (!headers.Has(id)) return any;
  for (const HeaderView field : headers) {
    if (field.id != id || field.value.empty()) continue;
    if (any) out.Append(", ");
    out.Append(field.value);
    any = true;
  }
  return any;
}

template <typename Out>
void ForwardForwardedFor(const HeaderList& headers, const RequestForwarding& forwarding, Out& out) {
  out.Begin(kXForwardedFor);
  const bool any =
      !forwarding.replace_forwarded_for && AppendListItems(headers, HeaderId::kXForwardedFor, out);
  if (!any && forwarding.client_address.empty()) {
    out.Drop();
    return;
  }
  if (any && !forwarding.client_address.empty()) out.Append(", ");
  out.Append(forwarding.client_address);
  out.End();
}

// Returns whether an element can be appended to `list`. In a malformed list, mantlet's element
// could become a part of another value.
bool CanBeExtended(std::string_view list);

template <typename Out>
void ForwardClientCert(const HeaderList& headers, const identity::RenderedIdentity& identity,
                       Out& out) {
  using Incoming = identity::RenderedIdentity::IncomingXfcc;
  if (identity.incoming_xfcc == Incoming::kRemove) return;
  out.Begin(kXForwardedClientCert);
  bool any = AppendListItems(headers, HeaderId::kXForwardedClientCert, out);
  if (identity.incoming_xfcc == Incoming::kAppend) {
    if (any && !CanBeExtended(out.value())) {
      out.Drop();
      out.Begin(kXForwardedClientCert);
      any = false;
    }
    if (any && !identity.xfcc_element.empty()) out.Append(",");
    out.Append(identity.xfcc_element);
    any |= !identity.xfcc_element.empty();
  }
  any ? out.End() : out.Drop();
}

}  // namespace internal

template <typename Out>
void ForwardRequestFields(const RequestHead& head, const RequestForwarding& forwarding, Out& out) {
  const HeaderList& headers = head.headers;
  const ListedOptions listed(headers);
  size_t run = 0;  // start of the current run of forwarded fields
  for (size_t i = 0; i < headers.size(); ++i) {
    if (PassesRequestField(headers[i], head, forwarding.strip, listed)) continue;
    out.Run(headers.Lines(run, i));
    run = i + 1;
  }
  out.Run(headers.Lines(run, headers.size()));
  internal::ForwardForwardedFor(headers, forwarding, out);
  out.Field(kXForwardedProto, forwarding.scheme);
  if (!head.authority.empty()) out.Field(kXForwardedHost, head.authority);
  internal::ForwardClientCert(headers, forwarding.identity, out);
  out.Run(forwarding.identity.block);
}

template <typename Out>
void ForwardResponseFields(const ResponseHead& head, bool with_trailers, Out& out) {
  const ListedOptions listed(head.headers);
  const bool vary_all = VariesByCertificate(head.headers);
  for (const HeaderView field : head.headers) {
    if (IsHopByHop(field.id) || field.id == HeaderId::kContentLength) continue;
    if (field.id == HeaderId::kVary && vary_all) continue;
    if (field.id == HeaderId::kTrailer && !with_trailers) continue;
    if (listed.Contain(field.name)) continue;
    out.Field(field.name, field.value);
  }
  if (vary_all) out.Field(kVary, "*");
}

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_FORWARDING_H_
