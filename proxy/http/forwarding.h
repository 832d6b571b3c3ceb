// The forwarding rules: which fields of a message an intermediary passes on and which it
// writes itself (RFC 9110 section 7.6, RFC 9112 section 9). Hop-by-hop fields are removed, the
// identity fields are removed before mantlet's own are set, X-Forwarded-* is written.
//
// The rules decide and do not print. Each version of HTTP gives them an `Out`, which has
//
//   void Field(std::string_view name, std::string_view value);
//   void Run(std::string_view lines);  // any number of "Name: value\r\n", to be copied as they are
//   void Begin(std::string_view name);       // a field whose value comes in pieces,
//   void Append(std::string_view piece);
//   std::string_view value() const;          // of which this much has come,
//   void End();                              // and which is complete
//   void Drop();                             // or is not to be written at all
//
// proxy/http1/head_writer.h has the one of HTTP/1, for which a run of fields that pass is one
// copy. Pure; no allocation besides what `Out` does.

#ifndef MANTLET_PROXY_HTTP_FORWARDING_H_
#define MANTLET_PROXY_HTTP_FORWARDING_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/http/listed_options.h"
#include "proxy/http/message.h"
#include "proxy/identity/identity_headers.h"
#include "proxy/identity/strip_set.h"

namespace mantlet::http {

// What a connection adds to each of its requests. All of it outlives the call.
struct RequestForwarding {
  const identity::StripSet& strip;
  const identity::RenderedIdentity& identity;
  std::string_view client_address;  // without port, IPv6 without brackets
  std::string_view default_host;    // Host for an HTTP/1.0 request without; else "localhost"
  // Forward the Upgrade that head.upgrade asks for. Otherwise it is removed.
  bool tunnel_upgrade = false;
  // Leave out the X-Forwarded-For that came; otherwise the client's address goes behind it.
  bool replace_forwarded_for = false;
  // What to ask for instead of head.target; empty: that.
  std::string_view target = {};
  std::string_view scheme = "https";  // of the client's connection, for X-Forwarded-Proto
};

// Returns the authority to ask the upstream for. The name of a Unix socket is no host, and any
// other server answers to "localhost".
std::string_view ForwardedHost(const RequestHead& head, std::string_view default_host);

// Returns whether a request's field is forwarded as it came. Those that mantlet writes are not.
bool PassesRequestField(const HeaderView& field, const RequestHead& head,
                        const identity::StripSet& strip, const ListedOptions& listed);

// Returns whether the TE of a request says that trailers are welcome: TE is of one hop, and
// nothing else that it may say is true of the next one.
bool AsksForTrailers(const HeaderList& headers);

// Returns whether a response has no content whatever its fields say (RFC 9110 section 6.4.1).
bool IsBodyless(const ResponseHead& head, Method request_method);

// Returns whether Vary names a client certificate field: a response that was chosen by one
// cannot be chosen again by a cache that never sees the field (RFC 9440 section 2.4).
bool VariesByCertificate(const HeaderList& headers);

// The trailer fields that may be forwarded: nothing that frames, routes, authenticates or
// identifies (RFC 9110 section 6.5.1). Added to `out`.
void ForwardRequestTrailers(const HeaderList& trailers, const identity::StripSet& strip,
                            HeaderList& out);
void ForwardResponseTrailers(const HeaderList& trailers, HeaderList& out);

// ---- templates

// Writes the fields of a request besides its authority, what TE and Upgrade become, and what
// frames the content.
template <typename Out>
void ForwardRequestFields(const RequestHead& head, const RequestForwarding& how, Out& out);

// Writes the fields of a response besides Upgrade and what frames the content. `with_trailers`:
// trailers can follow the content, so that Trailer means something.
template <typename Out>
void ForwardResponseFields(const ResponseHead& head, bool with_trailers, Out& out);

namespace internal {

// Appends the values of every field with this id to the field that was begun. Returns whether
// there were any.
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
void ForwardForwardedFor(const HeaderList& headers, const RequestForwarding& how, Out& out) {
  out.Begin("X-Forwarded-For");
  const bool any =
      !how.replace_forwarded_for && AppendListItems(headers, HeaderId::kXForwardedFor, out);
  if (!any && how.client_address.empty()) {
    out.Drop();
    return;
  }
  if (any && !how.client_address.empty()) out.Append(", ");
  out.Append(how.client_address);
  out.End();
}

// Returns whether `list` can have an element appended: a list that can be read in two ways
// would make mantlet's element a part of another value.
bool CanBeExtended(std::string_view list);

template <typename Out>
void ForwardClientCert(const HeaderList& headers, const identity::RenderedIdentity& identity,
                       Out& out) {
  using Incoming = identity::RenderedIdentity::IncomingXfcc;
  if (identity.incoming_xfcc == Incoming::kRemove) return;
  out.Begin("x-forwarded-client-cert");
  bool any = AppendListItems(headers, HeaderId::kXForwardedClientCert, out);
  if (identity.incoming_xfcc == Incoming::kAppend) {
    if (any && !CanBeExtended(out.value())) {
      out.Drop();
      out.Begin("x-forwarded-client-cert");
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
void ForwardRequestFields(const RequestHead& head, const RequestForwarding& how, Out& out) {
  const HeaderList& headers = head.headers;
  const ListedOptions listed(headers);
  size_t run = 0;  // the fields that pass, in runs between those that do not
  for (size_t i = 0; i < headers.size(); ++i) {
    if (PassesRequestField(headers[i], head, how.strip, listed)) continue;
    out.Run(headers.Lines(run, i));
    run = i + 1;
  }
  out.Run(headers.Lines(run, headers.size()));
  internal::ForwardForwardedFor(headers, how, out);
  out.Field("X-Forwarded-Proto", how.scheme);
  if (!head.authority.empty()) out.Field("X-Forwarded-Host", head.authority);
  internal::ForwardClientCert(headers, how.identity, out);
  out.Run(how.identity.block);
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
  if (vary_all) out.Field("Vary", "*");
}

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_FORWARDING_H_
